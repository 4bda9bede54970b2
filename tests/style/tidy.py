#!/usr/bin/env python3
"""Runs clang-tidy over the project's sources, and remembers which were found clean.

A source is checked again when what the compiler would see of it has changed, or a comment, which may
be a NOLINT, or what is checked. The cores are headers: they are seen through the sources of the
runtime, which include them. The simulator's headers are seen through their tests.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

import sources

CHECKED = re.compile(r"(src|storage|transports|examples|bench|tests/unit/sim)/")


def preprocess(command):
    """What the compiler sees of a source, without producing an object."""
    words = shlex.split(command["command"])
    names = [pathlib.Path(word).name for word in words]
    if "ccache" in names:
        words = words[names.index("ccache") + 1:]
    output = words.index("-o")
    words = words[:output] + words[output + 2:] + ["-E", "-C"]
    return subprocess.run(words, cwd=command["directory"], capture_output=True, check=False)


def check(command, build):
    """(source, whether it was checked now, what is wrong with it)"""
    path = pathlib.Path(command["file"]).relative_to(sources.ROOT)
    text = preprocess(command)
    if text.returncode != 0:
        return path, False, f"{path}: is the build complete?\n" + text.stderr.decode()
    digest = hashlib.sha256(text.stdout)
    digest.update(sources.read(".clang-tidy").encode())
    clean = build / "tests/style/clean" / digest.hexdigest()
    if clean.exists():
        return path, False, ""
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), str(path)], cwd=sources.ROOT,
                         capture_output=True, text=True, check=False)
    if run.returncode == 0:
        clean.parent.mkdir(parents=True, exist_ok=True)
        clean.touch()
        return path, True, ""
    return path, True, run.stdout or run.stderr


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: tests/style/tidy.py BUILD_DIRECTORY")
    build = pathlib.Path(sys.argv[1]).resolve()
    commands = []
    for command in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = pathlib.Path(command["file"])
        if path.is_relative_to(sources.ROOT) and not path.is_relative_to(build):
            if CHECKED.match(str(path.relative_to(sources.ROOT))):
                commands.append(command)

    problems = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, now, problem in pool.map(lambda command: check(command, build), commands):
            if now:
                print(f"checked {path}", flush=True)
            if problem:
                problems.append(problem)
    sources.finish(f"tidy: {len(commands)} sources", problems)


main()
