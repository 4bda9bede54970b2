#!/usr/bin/env python3
"""Every source file is as clang-format would write it."""

import subprocess
import sources


def main():
    paths = [str(path) for path in sources.files()]
    result = subprocess.run(["clang-format", "--dry-run", "--Werror", *paths], cwd=sources.ROOT,
                            capture_output=True, text=True, check=False)
    problems = [line for line in result.stderr.splitlines() if "error:" in line]
    if result.returncode != 0 and not problems:
        problems = [result.stderr]
    sources.finish("format (clang-format -i repairs it)", problems)


main()
