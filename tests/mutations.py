#!/usr/bin/env python3
"""The mutation table: each protocol rule that include/synod/base/mutation.h can take out must be
missed by a test of the core."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def mutations():
    """[(number, name, where the rule is stated)], 0 (none) first."""
    header = (ROOT / "include/synod/base/mutation.h").read_text(encoding="utf-8")
    found = re.findall(r"^ *k(\w+) = (\d+),(?: *// (.*))?$", header, re.MULTILINE)
    return sorted((int(number), name, source) for name, number, source in found)


def failing_tests(build, mutation):
    """The names of the tests that fail, at least one of them if any does; and ctest's output."""
    command = ["ctest", "--test-dir", str(build), "-L", "^core$", "-j", str(os.cpu_count()),
               "--no-tests=error"]
    if mutation != 0:
        command.append("--stop-on-failure")
    run = subprocess.run(command, env=os.environ | {"SYNOD_MUTATION": str(mutation)},
                         capture_output=True, text=True, check=False)
    output = run.stdout + run.stderr
    names = re.findall(r"^\s*\d+ - (\S+) \(", output, re.MULTILINE)
    if (run.returncode != 0) != bool(names):
        sys.exit(f"{output}\nctest failed, but no test did")
    return names, output


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tests/mutations.py BUILD_DIRECTORY (of the preset `mutations`)")
    build = pathlib.Path(sys.argv[1]).resolve()

    table = mutations()
    names, output = failing_tests(build, 0)
    if names:
        sys.exit(f"{output}\nThe tests fail without a mutation, and so prove nothing.")

    survivors = 0
    print(f"{'rule taken out':<24} {'stated in':<22} noticed by")
    for number, name, source in table[1:]:
        names, _ = failing_tests(build, number)
        survivors += not names
        print(f"{number} {name:<22} {source:<22} {names[0] if names else 'NO TEST'}", flush=True)
    print(f"\n{len(table) - 1 - survivors} of {len(table) - 1} mutations are noticed")
    sys.exit(1 if survivors else 0)


main()
