#!/usr/bin/env python3
"""The README shows an example that is compiled and run, and the project that builds it; every link
leads somewhere, and the format on disk that a store's README describes is the one that it writes."""

import re
import sources

SHOWN = {"cpp": "examples/counter/counter.cc", "cmake": "tests/package/readme/CMakeLists.txt"}


def formats():
    for header in sources.files((".h",), ("storage",)):
        version = re.search(r"\bkFormatVersion = (\d+);", sources.read(header))
        if not version:
            continue
        page = header.parent / "README.md"
        described = re.findall(r"^## Disk format \(version (\d+)\)|^<path>/FORMAT .*format (\d+)\\n",
                               sources.read(page), re.MULTILINE)
        said = [one or other for one, other in described]
        if len(said) < 2 or set(said) != {version.group(1)}:
            yield f"{page}: describes version {' and '.join(said)}, {header} is {version.group(1)}"


def main():
    problems = []
    for language, shown in SHOWN.items():
        blocks = re.findall(rf"```{language}\n(.*?)```", sources.read("README.md"), re.DOTALL)
        if sources.read(shown) not in blocks:
            problems.append(f"README.md: no code block equals {shown}")

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
    problems += formats()
    sources.finish("docs", problems)


main()
