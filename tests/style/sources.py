"""The project's own files, as the checks in this folder see them."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "src", "storage", "transports", "examples", "bench", "tests")
CPP = (".h", ".c", ".cc", ".ipp")


def files(suffixes=CPP, folders=FOLDERS):
    """Paths relative to the root, sorted."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes:
                yield path.relative_to(ROOT)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


_SKIPPED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>\w*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def code(path):
    """The text without comments and without what literals hold; every line keeps its number."""

    def blank(match):
        text = match.group()
        if text[0] == "/":
            return "\n" * text.count("\n")
        if text[0] == "'" and match.start() > 0 and match.string[match.start() - 1].isalnum():
            return text  # A digit separator, as in 100'000.
        return '""' + "\n" * text.count("\n")

    return _SKIPPED.sub(blank, read(path))


def finish(check, problems):
    """Prints what is wrong and ends with the status that ctest looks at."""
    for problem in problems:
        print(problem)
    print(f"{check}: {len(problems)} problem(s)")
    sys.exit(1 if problems else 0)
