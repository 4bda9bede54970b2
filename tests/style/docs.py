#!/usr/bin/env python3
"""The README shows an example that is compiled and run, and every link leads somewhere."""

import re
import sources

EXAMPLE = "examples/counter/counter.cc"


def main():
    problems = []
    blocks = re.findall(r"```cpp\n(.*?)```", sources.read("README.md"), re.DOTALL)
    if sources.read(EXAMPLE) not in blocks:
        problems.append(f"README.md: no code block equals {EXAMPLE}")

    pages = [path.relative_to(sources.ROOT) for path in sources.ROOT.glob("*.md")]
    pages += sources.files((".md",), sources.FOLDERS + ("docs",))
    for page in pages:
        text = re.sub(r"```.*?```", "", sources.read(page), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if "://" in link or link.startswith("mailto:"):
                continue
            if not (sources.ROOT / page.parent / link).exists():
                problems.append(f"{page}: {link} does not exist")
        for name in re.findall(r"`((?:include|src|storage|transports|examples|bench|tests|docs)/"
                               r"[\w./-]+\.(?:h|cc|ipp|md|sh|py|proto|txt|cmake))`", text):
            if not (sources.ROOT / name).exists():
                problems.append(f"{page}: {name} does not exist")
    sources.finish("docs", problems)


main()
