#!/usr/bin/env python3
"""A file has at most 800 lines and a function at most 70: what is longer has two subjects."""

import re
import sources

FILE_LINES = 800
FUNCTION_LINES = 70

# What may be longer for now, and how long it is. Lower these when the code gets shorter; never
# raise one.
LONGER = {}

# Braces behind these open a scope, in which functions are defined.
SCOPE = re.compile(r"\b(namespace|class|struct|union|extern)\b[^()=]*$")
# A function: a parameter list, perhaps followed by qualifiers, a return type or initialisers.
FUNCTION = re.compile(r"\)[^;{}]*$", re.DOTALL)


def functions(text):
    """(name, first line, last line) of each function that is defined at namespace or class scope."""
    scopes = []  # Of each open brace: True for a scope, a (name, line) for a function, None else.
    statement = 0  # Where the current one begins.
    for match in re.finditer(r"[{};]|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*|\b(?:public|private|protected):",
                             text, re.MULTILINE):
        token = match.group()
        inside_function = any(scope is not True for scope in scopes)
        if token == "{":
            head = text[statement:match.start()].strip()
            if inside_function:
                scopes.append(None)
            elif SCOPE.search(head):
                scopes.append(True)
            elif FUNCTION.search(head):
                line = text.count("\n", 0, match.start() - len(text[statement:match.start()].lstrip()))
                scopes.append((head.split("\n")[-1], line + 1))
            else:
                scopes.append(None)
            if inside_function:
                continue
        elif token == "}" and scopes:
            scope = scopes.pop()
            if isinstance(scope, tuple):
                yield scope[0], scope[1], text.count("\n", 0, match.start()) + 1
            if any(open_scope is not True for open_scope in scopes):
                continue
            if scope is None:
                continue  # An initialiser: its statement goes on.
        statement = match.end()


def main():
    problems = []
    for path in sources.files(sources.CPP + (".py", ".sh", ".proto")):
        lines = sources.read(path).count("\n")
        if lines > LONGER.get(str(path), FILE_LINES):
            problems.append(f"{path}: {lines} lines")
        if path.suffix not in sources.CPP:
            continue
        for name, first, last in functions(sources.code(path)):
            if last - first + 1 > LONGER.get(f"{path}: {name}", FUNCTION_LINES):
                problems.append(f"{path}:{first}: {last - first + 1} lines: {name}")
    sources.finish("size", problems)


if __name__ == "__main__":
    main()
