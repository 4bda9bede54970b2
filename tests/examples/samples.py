#!/usr/bin/env python3
"""samples.py <page> <program>: what the page shows of the program's output is what it prints, where "…"
stands for anything within a line, and alone on a line for any number of lines."""

import pathlib
import re
import subprocess
import sys

ANY_LINES = r"(?:.*\n)*?"


def pattern_of(line):
    if line.strip() == "…":
        return ANY_LINES
    return ".*".join(re.escape(part) for part in line.split("…")) + r"\n"


def main():
    page, program = sys.argv[1:]
    name = pathlib.Path(program).name
    samples = re.findall(rf"```\n\$ \S*/{re.escape(name)}(.*)\n([^`]*)```",
                         pathlib.Path(page).read_text(encoding="utf-8"))
    wrong = 0 if samples else 1
    for arguments, shown in samples:
        run = subprocess.run([program, *arguments.split()], capture_output=True, text=True,
                             check=False)
        # Of the counts at the end no more need be shown than are of interest.
        pattern = "".join(pattern_of(line) for line in shown.splitlines()) + ANY_LINES
        if not re.fullmatch(pattern, run.stdout):
            print(f"{page} shows of {name}{arguments}:\n{shown}\nbut it prints:\n{run.stdout}")
            wrong += 1
    print(f"{len(samples)} samples of {name}, {wrong} of them wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
