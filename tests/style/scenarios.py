#!/usr/bin/env python3
"""The table of scenarios has each of them once, in order, and names tests that exist; and no test
of a scenario is missing from it."""

import pathlib
import re
import sources

TABLE = pathlib.Path("tests/scenarios/README.md")
CHAPTERS = (("E", 13), ("R", 14), ("D", 7), ("M", 11), ("S", 8), ("F", 8), ("X", 7))


def tests():
    """The file of each test, by its name: suite and case."""
    found = {}
    for path in sources.files((".cc", ".h"), ("tests",)):
        for suite, case in re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", sources.read(path),
                                      re.MULTILINE):
            found[f"{suite}.{case}"] = path
    return found


def main():
    problems = []
    existing = tests()
    named = set()
    ids = []
    for line in sources.read(TABLE).splitlines():
        row = re.match(r"\| ([A-Z]\d+) \| (.+) \| (.+) \|$", line)
        if row is None:
            continue
        ids.append(row[1])
        names = re.findall(r"`(\w+\.\w+)`", row[3])
        named.update(names)
        problems += [f"{TABLE}: {row[1]}: {name} does not exist"
                     for name in names if name not in existing]
        if not names and not re.search(r"not yet built: needs \w+", row[3]):
            problems.append(f"{TABLE}: {row[1]}: neither a test nor what it needs")
    expected = [f"{chapter}{number}" for chapter, count in CHAPTERS
                for number in range(1, count + 1)]
    if ids != expected:
        problems.append(f"{TABLE}: has {' '.join(ids)}; each of {' '.join(expected)} belongs there")
    problems += [f"{path}: {name} is not in {TABLE}" for name, path in existing.items()
                 if path.parent == TABLE.parent and name not in named]
    sources.finish("scenarios", problems)


main()
