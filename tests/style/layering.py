#!/usr/bin/env python3
"""Checks docs/architecture.md: what the top level holds, and which part may include which."""

import re
import sources

# Besides dotfiles and build directories.
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md",
             "bench", "docs", "examples", "include", "src", "storage", "tests", "tla", "transports"}

# Part: what it may include besides itself. Parts are folders of include/synod, and of the root.
MAY_INCLUDE = {
    "base": set(),
    "core": {"base"},
    # What every protocol's core is made of.
    "engine": {"base", "core"},
    "raft": {"base", "core", "engine"},
    "paxos": {"base", "core", "engine"},
    "port": {"base", "core"},
    "node": {"base", "core", "port"},
    # Runs the runtime, private parts and all, on the write-ahead log.
    "sim": {"base", "core", "engine", "raft", "paxos", "port", "node", "src", "plugin"},
    "umbrella": {"node", "port"},
    # What the durable log stores share.
    "files": {"base", "core", "port"},
    "plugin": {"base", "core", "port", "files"},
    "src": {"base", "core", "engine", "raft", "paxos", "port", "node"},
    # These see what an outside user sees: any public header of the library and its plugins.
    "example": {"base", "core", "port", "node", "sim", "umbrella", "plugin"},
    "bench": {"support", "base", "core", "engine", "raft", "paxos", "port", "node", "sim", "umbrella", "plugin"},
    # What tests and measurements stand on.
    "support": {"base", "core", "port", "node", "sim", "files", "plugin", "src"},
    # Unit tests mirror private files too.
    "tests": {"support", "base", "core", "engine", "raft", "paxos", "port", "node", "sim", "umbrella", "files", "plugin",
              "src", "example"},
}

# The cores stand on the standard library and Abseil alone, and do no I/O.
ENGINE = {"base", "core", "engine", "raft", "paxos"}
STANDARD_HEADER = re.compile(r"[a-z_0-9]+")


def part_of(path):
    """The part that a file belongs to; for a plugin and an example, and which one."""
    folders = path.parts
    if folders[:2] == ("include", "synod"):
        return (folders[2] if len(folders) > 3 else "umbrella", None)
    if folders[:2] == ("src", "sim"):
        return ("sim", None)
    if folders[:2] == ("storage", "files"):
        return ("files", None)
    if folders[0] in ("storage", "transports"):
        return ("plugin", folders[1])
    if folders[:2] == ("tests", "support"):
        return ("support", None)
    if folders[0] == "examples":
        return ("example", folders[1])
    return (folders[0], None)


def main():
    known = {}  # As it is written in an #include: the file.
    for path in sources.files():
        if "include" in path.parts:
            known["/".join(path.parts[path.parts.index("include") + 1:])] = path
        known[str(path)] = path

    problems = []
    for path in sources.ROOT.iterdir():
        if not (path.name in TOP_LEVEL or path.name.startswith(".")
                or (path / "CMakeCache.txt").exists()):
            problems.append(f"{path.name}: not of the top level")
    for path in sources.files():
        part, name = part_of(path)
        for line, text in enumerate(sources.read(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', text)
            if match is None:
                continue
            included = match.group(2)
            target = known.get(included)
            where = f"{path}:{line}: {part} may not include {included}"
            if target is None and (sources.ROOT / path.parent / included).exists():
                continue  # A neighbour.
            if target is None:
                if part in ENGINE and not (STANDARD_HEADER.fullmatch(included)
                                           or included.startswith("absl/")):
                    problems.append(f"{where}: neither the standard library's nor Abseil's")
                continue
            to_part, to_name = part_of(target)
            if (to_part, to_name) == (part, name):
                continue
            if to_part not in MAY_INCLUDE[part]:
                problems.append(f"{where}: it belongs to {to_part} {to_name or ''}".rstrip())
    sources.finish("layering", problems)


main()
