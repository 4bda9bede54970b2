#!/usr/bin/env python3
"""The mutation table: each rule that include/synod/base/mutation.h can take out must be missed by the
simulator, which runs seed after seed until a rule of its own is broken.

Only what an oracle outside of the core sees counts as a kill. Seeds in which the process dies first,
of an assertion inside or of what it took from a disk, or in which nobody but a node itself notices
anything, are counted apart, and the search goes on. What a store alone has noticed is marked.

A rule is taken out of each protocol that has it: of that below whose folder it stands, or of both.
The nodes of a run keep their log in the store wal; for a rule of the RocksDB store, in that as well."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HEADER = "include/synod/base/mutation.h"
# What stands in none of these folders is a rule of all protocols.
PROTOCOLS = {"raft": ["include/synod/raft"],
             "multipaxos": ["include/synod/paxos", "transports/switch"]}
STORES = {"rocksdb": "storage/rocksdb"}  # Beside wal.
TRANSCRIPTS = ROOT / "tests/sim/regressions"
# Unrelated to each other, and to what anybody looked at while writing an oracle.
STARTS = [1_000_003, 20_000_033, 300_000_007, 4_000_000_007, 50_000_000_021]
# A seed for each mutation that killed it once: where --fast, and it alone, begins. A change to the
# swarm makes them as good as any other; `--record` looks for new ones.
RECORDED = ROOT / "tests/mutation_seeds.txt"
CLEAN_SEEDS = 20
# The rules that go by the core's own word: it was sent what it takes for invalid, or has stopped.
INSIDE = {"no message is invalid", "nobody gives up"}
# And by the store's: it refuses a disk, of which the judge knows only that nobody has damaged it.
STORES_WORD = {"recovery"}


class Mutation:
    """One rule, taken out of one protocol, on one store."""

    def __init__(self, number, name, source, protocol, store):
        self.number, self.name, self.source = number, name, source
        self.protocol, self.store = protocol, store

    def key(self):
        """What its recorded seed is found by."""
        return self.name, self.protocol, self.store

    def __str__(self):
        return " ".join(self.key())


class Search:
    """What a run of seeds from one start has shown."""

    def __init__(self, seeds, rule, inside):
        self.seeds, self.rule, self.inside = seeds, rule, inside  # No rule: it survived.


def protocols_of(section, users):
    """Those in whose own folders the rule stands; all, if it stands elsewhere."""
    if section.endswith("which Raft alone has."):
        return ["raft"]
    owners = [[protocol for protocol, folders in PROTOCOLS.items()
               if any(ROOT / folder in path.parents for folder in folders)] for path in users]
    is_elsewhere = not all(owners)
    return [protocol for protocol in PROTOCOLS
            if is_elsewhere or any(protocol in owner for owner in owners)]


def stores_of(users):
    return ["wal"] + [store for store, folder in STORES.items()
                      if any(ROOT / folder in path.parents for path in users)]


def mutations():
    users = {}
    for folder in ("include", "src", "storage", "transports"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".h", ".cc", ".ipp"):
                for name in re.findall(r"Mutation::k(\w+)", path.read_text(encoding="utf-8")):
                    users.setdefault(name, []).append(path)
    table, section = [], ""
    for line in (ROOT / HEADER).read_text(encoding="utf-8").splitlines():
        section = line if line.startswith("  // ") else section
        found = re.match(r" *k(\w+) = (\d+),(?: *// (.*))?$", line)
        if found and found[2] != "0":
            where = users.get(found[1], [])
            table += [Mutation(int(found[2]), found[1], found[3], protocol, store)
                      for protocol in protocols_of(section, where) for store in stores_of(where)]
    return table


def run_seed(simulator, protocol, store, mutation, seed):
    return run(simulator, mutation, "--protocol", protocol, "--store", store, "--seed", str(seed),
               "--seeds", "1")


def run(simulator, mutation, *arguments):
    """("", ""), or what kind of end it came to and by which rule."""
    try:
        ended = subprocess.run([simulator, *arguments],
                             env=os.environ | {"SYNOD_MUTATION": str(mutation)},
                             capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return "inside", "it did not end"
    if ended.returncode == 0:
        return "", ""
    broken = re.search(r"^FAILED .*\n  rule: (.*)$", ended.stdout, re.MULTILINE)
    if ended.returncode == 1 and broken:
        return "inside" if broken.group(1) in INSIDE else "oracle", broken.group(1)
    asserted = re.search(r"invariant broken: (.*) \[", ended.stderr)
    if ended.returncode < 0:
        return "inside", asserted.group(1) if asserted else "it died"
    sys.exit(f"{' '.join(arguments)} of mutation {mutation} ended with {ended.returncode}\n"
             f"{ended.stdout}{ended.stderr}")


def search(simulator, mutation, start, limit):
    inside = 0
    for seed in range(start, start + limit):
        kind, rule = run_seed(simulator, mutation.protocol, mutation.store, mutation.number, seed)
        if kind == "oracle":
            # Only the mutation may be what breaks it.
            kind, without = run_seed(simulator, mutation.protocol, mutation.store, 0, seed)
            if kind:
                sys.exit(f"seed {seed} of {mutation.protocol} on {mutation.store} fails without a "
                         f"mutation ({without})")
            return Search(seed - start + 1, rule, inside)
        inside += kind == "inside"
    return Search(limit, "", inside)


def check_transcripts(simulator, table):
    """Each transcript that says under which mutation it breaks which rule still does."""
    numbers = {m.name: m.number for m in mutations()}
    asked_for = {m.name for m in table}
    stale = []
    for path in sorted(TRANSCRIPTS.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        claim = re.search(r'^# Breaks "(.*)" under the mutation (\w+)\.$', text, re.MULTILINE)
        if "under the mutation" in text and not claim or claim and claim.group(2) not in numbers:
            sys.exit(f"{path.name} names no mutation that there is, or not as "
                     '\'# Breaks "rule" under the mutation Name.\'')
        if not claim or claim.group(2) not in asked_for:
            continue
        found = run(simulator, numbers[claim.group(2)], "--transcript", str(path))
        print(f"{path.name}: {found[1] or 'ok'}")
        if found != ("oracle", claim.group(1)):
            stale.append(path.name)
    return stale


def recorded():
    seeds = {}
    for line in RECORDED.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            *key, seed = line.split()
            seeds[tuple(key)] = int(seed)
    return seeds


def starts_of(table, arguments):
    """[(mutation, start, limit)]"""
    if not arguments.fast:
        return [(m, start, arguments.limit) for m in table for start in STARTS]
    seeds = recorded()
    return [(m, seeds[m.key()], arguments.limit) for m in table]


def print_row(mutation, searches):
    killed = [s for s in searches if s.rule]
    median = statistics.median(s.seeds if s.rule else float("inf") for s in searches)
    rules = sorted({s.rule + "*" * (s.rule in STORES_WORD) for s in killed})
    inside = sum(s.inside for s in searches)
    verdict = ", ".join(rules) if len(killed) == len(searches) else "SURVIVES"
    print(f"{mutation.number:>2} {mutation.name:<30} {mutation.protocol:<10} "
          f"{mutation.store:<8} "
          f"{mutation.source:<15.15} {median:>6} "
          f"{inside:>6}  {verdict}", flush=True)
    return len(killed) == len(searches)


def print_stale(searches):
    """Recorded seeds that no longer kill their mutation: another was found, after so many more."""
    seeds = recorded()
    late = [f"{m} {start} (+{s.seeds - 1})" for m, start, s in searches
            if m.key() in seeds and s.seeds > 1]
    if late:
        print(f"stale recorded seeds, renew them with --record: {', '.join(late)}")


def record(table, searches):
    """A seed for each of these; those of others stay, as long as there are such mutations."""
    seeds = recorded()
    for mutation in table:
        best = min((s.seeds, start) for m, start, s in searches if m is mutation and s.rule)
        seeds[mutation.key()] = best[1] + best[0] - 1
    lines = ["# For tests/mutations.py --fast: a seed that kills each mutation. Written by --record."]
    lines += [f"{m} {seeds[m.key()]}" for m in mutations() if m.key() in seeds]
    RECORDED.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="directory of the preset `mutations`")
    parser.add_argument("--fast", action="store_true", help="each from its recorded seed on")
    parser.add_argument("--record", action="store_true", help="record seeds for --fast")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of mutations")
    parser.add_argument("--limit", type=int, default=5000, help="seeds from each start")
    parser.add_argument("--protocol", choices=PROTOCOLS, help="of one alone")
    arguments = parser.parse_args()
    simulator = arguments.build.resolve() / "bin/synod-sim"
    table = [m for m in mutations() if (not arguments.only or m.number in arguments.only) and
             arguments.protocol in (None, m.protocol)]
    unknown = [str(m) for m in table if m.key() not in recorded()]
    if arguments.fast and unknown:
        sys.exit(f"no seed is recorded of {', '.join(unknown)}: run with --record, without --fast")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for protocol in PROTOCOLS:
            clean = pool.map(lambda s, p=protocol: run_seed(simulator, p, "wal", 0, s),
                             range(1, CLEAN_SEEDS + 1))
            for seed, (kind, rule) in enumerate(clean, 1):
                if kind:
                    sys.exit(f"seed {seed} of {protocol} fails without a mutation ({rule}), so that "
                             "nothing is proved")
        jobs = starts_of(table, arguments)
        results = pool.map(lambda job: search(simulator, *job), jobs)
        print(f"{'rule taken out':<33} {'of':<10} {'on':<8} {'stated in':<15} {'median':>6} "
              f"{'inside':>6}  missed by")
        survivors, searches = [], []
        per_mutation = len(jobs) // max(len(table), 1)
        for mutation in table:
            own = [next(results) for _ in range(per_mutation)]
            searches += [(mutation, job[1], s) for job, s in
                         zip([j for j in jobs if j[0] is mutation], own)]
            if not print_row(mutation, own):
                survivors.append(str(mutation))
    print("* by the store's own word")
    print(f"\n{len(table) - len(survivors)} of {len(table)} mutations are killed")
    if arguments.fast:
        print_stale(searches)
    if arguments.record and not survivors:
        record(table, searches)
    stale = check_transcripts(simulator, table)
    if stale:
        sys.exit(f"these transcripts no longer break their rule: {', '.join(stale)}")
    sys.exit(f"not killed: {', '.join(survivors)}" if survivors else 0)


if __name__ == "__main__":
    main()
