#!/usr/bin/env python3
"""House rules that a pattern can check: determinism of the cores, ownership, errors, tests."""

import re
import sources

ENGINE = r"include/synod/(base|core|engine|raft|paxos)/"
# What else runs in simulations, where equal seeds give equal runs.
SIMULATED = r"(src/[^/]+\.(h|cc)|src/sim/.*|storage/(wal|files)/.*)$"
LIBRARY = r"(include|src|storage|transports)/"
TESTS = r"tests/"
UNDER_TSAN = r"(include|src|storage/(memory|wal)|transports/(local|tcp))/"

# Where, what, why not, and where nevertheless, with the reason.
RULES = [
    # The same inputs give the same outputs, byte for byte.
    (ENGINE, r"(steady|system|high_resolution)_clock|absl::Now|\b(clock_)?gettime\b|\btime\(",
     "a core never asks a clock: time is an input", {}),
    (ENGINE, r"std::(thread|jthread|mutex|condition_variable|async|future|promise)\b|thread_local",
     "a core has one thread",
     {"include/synod/base/probe.h": "null but on the thread of a simulation"}),
    (ENGINE, r"std::atomic\b",
     "a core has one thread",
     {"include/synod/base/payload.h": "payloads are shared with other threads"}),
    (ENGINE, r"random_device|mt19937|\bs?rand\(|absl::(BitGen|Uniform)",
     "a core's randomness is an input: base/rng.h", {}),
    (ENGINE, r"unordered_(multi)?(map|set)|(flat|node)_hash_(map|set)",
     "hash order differs between runs and must not reach an output", {}),
    (ENGINE, r"std::(multi)?(map|set)<[^,<>]*\*",
     "the order of addresses differs between runs and must not reach an output", {}),
    (ENGINE, r"std::(cout|cerr|clog|[io]?fstream)|\bf?printf\(|\bf?open\(",
     "a core does no I/O",
     {"include/synod/base/assert.h": "says what broke before the process ends"}),
    (ENGINE, r"\bgetenv\b",
     "a core does not look at its surroundings",
     {"include/synod/base/mutation.h": "only in builds for mutation tests"}),

    # An equal seed gives an equal run: what is not so stays behind a port, on the real machine.
    (SIMULATED, r"(steady|system|high_resolution)_clock|absl::Now|\b(clock_)?gettime\b|\btime\(",
     "simulations have a clock of their own: EventLoop::Now, Machine::Clock",
     {"src/event_loop.cc": "the real loop",
      "src/logger.cc": "the default logger, which no simulation has",
      "src/sim/main.cc": "how long all runs took"}),
    (SIMULATED, r"std::(thread|jthread|condition_variable|async|future|promise)\b|thread_local",
     "simulations have one thread: EventLoop, Executor",
     {"src/event_loop.h": "the real loop",
      "src/event_loop.cc": "the real loop",
      "src/machine.cc": "the real machine",
      "src/thread_executor.cc": "the real executor",
      "src/replica.cc": "callers outside of the loop wait for their answers",
      "src/replica_requests.cc": "a caller's thread, while it is refused",
      "src/sim/story.cc": "tests may simulate in threads"}),
    (SIMULATED, r"random_device|mt19937|\bs?rand\(|absl::(BitGen|Uniform)",
     "simulations draw from their seed: Machine::DrawSeed, World::Dice",
     {"src/entropy.h": "a real machine's, and a new disk's incarnation, which simulations draw"}),
    (SIMULATED, r"\bunordered_(multi)?(map|set)\b|(flat|node)_hash_(map|set)",
     "hash order differs between runs and must not reach what others see",
     {"src/event_loop.h": "the real loop; looked up by id",
      "src/host_impl.h": "looked up by group; one group in a simulation",
      "src/sim/raft_judge.h": "looked up by index and term",
      "src/sim/states.h": "looked up by index",
      "src/sim/simulation.cc": "looked up by command and by index"}),
    (SIMULATED, r"std::(multi)?(map|set)<[^,<>]*\*",
     "the order of addresses differs between runs and must not reach what others see",
     {"src/sim/faulty_disk.cc": "looked up by address"}),
    (SIMULATED, r"\bgetenv\b",
     "a simulation does not look at its surroundings", {}),

    # Ownership and errors.
    (LIBRARY, r"std::(shared|weak)_ptr|make_shared|enable_shared_from_this",
     "unique_ptr owns and a reference borrows; only payloads are shared",
     {"transports/tcp/resolver.h": "a lookup cannot be ended and may outlive who asked for it",
      "transports/tcp/resolver.cc": "likewise",
      "storage/rocksdb/database_env.cc": "RocksDB shares its file systems",
      "src/sim/faulty_disk.h": "a file lives on in each tree, and for who has it open",
      "src/sim/faulty_disk.cc": "likewise",
      "src/sim/shadow_log.h": "a configuration is in the logs of many disks"}),
    (LIBRARY, r"\b(throw|catch)\b|\btry\s*\{",
     "errors are absl::Status",
     {"transports/tcp/resolver.cc": "std::thread throws when there is none to be had",
      "src/machine.cc": "likewise",
      "src/thread_executor.cc": "likewise",
      "src/entropy.h": "std::random_device throws when it has nothing to give"}),
    (LIBRARY, r"(?<!_)\bassert\(|\bCHECK\(",
     "SYNOD_ASSERT is on in release builds too", {}),
    (LIBRARY, r"\b(exit|quick_exit|_exit|abort)\(",
     "a library does not end its process",
     {"include/synod/base/assert.h": "a replica with a bug must not go on",
      "include/synod/base/payload.h": "out of memory",
      "src/sim/isolated_run.cc": "a child that was forked for one run"}),
    (UNDER_TSAN, r"absl::(Mutex|CondVar|Notification|BlockingCounter)\b",
     "Debian's Abseil is not instrumented: ThreadSanitizer sees only std::mutex", {}),

    # Tests.
    (TESTS, r"\bsleep_for\b|\bsleep_until\b|\bu?sleep\(",
     "a test waits for a condition, never for luck",
     {"tests/conformance/transport/test_node.h": "polls a condition",
      "tests/unit/kv/test_member.h": "polls a condition",
      "tests/unit/node/test_cluster.cc": "polls a condition"}),
    (TESTS, r"DISABLED_|GTEST_SKIP",
     "a test that does not run proves nothing",
     {"tests/unit/switch/xdp_under_test.h": "not every kernel allows it, nor to everybody"}),
]


def main():
    problems = []
    for path in sources.files():
        text = None
        for where, what, why, exceptions in RULES:
            if not re.match(where, str(path)) or str(path) in exceptions:
                continue
            text = sources.code(path) if text is None else text
            for match in re.finditer(what, text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{path}:{line}: {match.group().strip()}: {why}")
    sources.finish("rules", problems)


main()
