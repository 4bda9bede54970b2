#!/usr/bin/env python3
"""Each mark and each knob of include/synod/base/probe.h has a name of its own; a mark has one place, and
a knob one at least."""

import collections
import re
import sources

HEADER = "include/synod/base/probe.h"
LIBRARY = ("include", "src", "storage", "transports")


def listed(header, array):
    body = re.search(array + r"\[\] = \{(.*?)\n\};", header, re.DOTALL).group(1)
    return re.findall(r'^ *"(.*?)",', body, re.MULTILINE)


def main():
    header = sources.read(HEADER)
    used = collections.Counter()
    for path in sources.files(folders=LIBRARY):
        used.update(re.findall(r'\b(Reached|Buggify)\("(.*?)"\)', sources.read(path)))
    problems = []
    for array, function in (("kMarks", "Reached"), ("kKnobs", "Buggify")):
        names = collections.Counter(listed(header, array))
        problems += [f"{HEADER}: {name} is listed {count} times"
                     for name, count in names.items() if count > 1]
        most = 1 if function == "Reached" else 2  # The protocols leave the same things open.
        problems += [f"{HEADER}: {name} stands in {used[function, name]} places"
                     for name in names if not 1 <= used[function, name] <= most]
    sources.finish("probes", problems)


main()
