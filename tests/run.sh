#!/usr/bin/env bash
# The one test command. From a fresh Debian 12 it installs what it needs, builds everything and runs
# every test there is; the second time it only builds what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
usage: tests/run.sh [--ci | --fast | --nightly | --mutations | --mutations-fast | -h]

Without a flag: the release build and all of its tests (unit, conformance, transcripts, simulated
clusters, processes, the installed package, style and clang-tidy), everything again under
AddressSanitizer and UndefinedBehaviorSanitizer, the core, the runtime, the memory store and the
transports under ThreadSanitizer, both compiled by clang, and a check of the simulator by mutations.

  --ci              what a push is checked by: the same without clang-tidy, which takes the longest,
                    with unit tests in the AddressSanitizer build alone, those of threads under
                    ThreadSanitizer too, and with a release build of files compiled together, in
                    build-ci
  --fast            the release build and its tests only, without clang-tidy
  --nightly         what takes too long for each push: the mutation table, 20,000 seeds of the day, 600
                    on RocksDB and 2,000 with more damage than is tolerated, of each protocol, chaos
                    in storms of a minute, five times, and clang-tidy. Each part says what came of
                    it, and those behind it run whatever that is; fails if one does. Some hours
  --mutations       only the mutation table: takes one rule at a time out of the library and shows
                    which rule of the simulator is broken by it, and after how many seeds; fails if
                    none is. Five unrelated starts for each rule, which takes long
  --mutations-fast  the same from one seed each, which has shown it before: seconds, until a change
                    makes it one of many
  -h, --help        this text
TEXT
}

mode=all
case "${1:-}" in
  "") ;;
  --ci) mode=ci ;;
  --fast) mode=fast ;;
  --nightly) mode=nightly ;;
  --mutations) mode=mutations ;;
  --mutations-fast) mode=mutations-fast ;;
  -h | --help) usage; exit 0 ;;
  *) echo "tests/run.sh: unknown argument: $1" >&2; usage >&2; exit 2 ;;
esac
if [[ $# -gt 1 ]]; then
  echo "tests/run.sh: takes one argument at most" >&2
  exit 2
fi

say() { printf '\n== %s (%dm%02ds)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }
build() {
  cmake --preset "$1" --log-level=NOTICE
  cmake --build --preset "$1" "${@:2}"
}
run_tests() { ctest --preset "$1" -j "$(nproc)" "${@:2}"; }

check_by_mutations() {
  say "Building: the simulator, with mutations"
  build mutations
  say "Testing the tests, by mutations"
  tests/mutations.py build-mutations "$@"
}

# Each part is run, whatever became of those before it.
check_nightly() {
  local failed=() ruinous protocol
  local sim  # With others each day.
  part() {
    say "$1"
    "${@:2}" || failed+=("$1")
  }
  ruinous="stays_recoverable=false faults.wipe=3s faults.corrupt=3s faults.lose_write=2s"
  ruinous+=" faults.misdirect=2s"
  say "Building: release"
  build release
  for protocol in raft multipaxos; do
    sim=(build/bin/synod-sim --keep-going --protocol "$protocol" --seed "$(date +%Y%m%d)000000")
    part "Nightly: fresh seeds of $protocol" "${sim[@]}" --seeds 20000
    part "Nightly: seeds of $protocol beyond the atlas" "${sim[@]}" --seeds 2000 --options "$ruinous"
    part "Nightly: seeds of $protocol on RocksDB" "${sim[@]}" --seeds 600 --store rocksdb
  done
  part "Nightly: chaos" env SYNOD_CHAOS_SECONDS=60 build/tests/bin/chaos_test --gtest_repeat=5
  part "Nightly: mutations" tests/run.sh --mutations
  part "Nightly: clang-tidy" run_tests release --label-regex '^tidy$'
  if [[ ${#failed[@]} -gt 0 ]]; then
    say "Failed"
    printf '  %s\n' "${failed[@]}"
    return 1
  fi
  say "All is well"
}

release=release
tsan_target=() tsan_tests=()  # The presets' own.
if [[ $mode == ci ]]; then
  release=ci
  tsan_target=(--target tests_tsan)
  tsan_tests=(--label-regex '^tsan$')
fi

src/cmake/install-packages.sh

case $mode in
  mutations) check_by_mutations; exit ;;
  mutations-fast) check_by_mutations --fast; exit ;;
  nightly) check_nightly; exit ;;
esac

say "Building: $release"
build "$release"
# With what they came to printed, which says what was tried.
fresh_seeds='^sim/[a-z]*/fresh_seeds$'
say "Testing: fresh seeds"
run_tests "$release" --tests-regex "$fresh_seeds" --verbose
say "Testing: $release"
if [[ $mode == all ]]; then
  run_tests "$release" --exclude-regex "$fresh_seeds"
else
  run_tests "$release" --exclude-regex "$fresh_seeds" --label-exclude '^tidy$'
fi
if [[ $mode == fast ]]; then exit; fi

check_by_mutations --fast
say "Building: tsan"
build tsan "${tsan_target[@]}"
say "Testing: tsan"
run_tests tsan "${tsan_tests[@]}"
say "Building: asan"
build asan
# Last, so that the run ends with this summary.
say "Testing: asan"
run_tests asan
