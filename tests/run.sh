#!/usr/bin/env bash
# The one test command. From a fresh Debian 12 it installs what it needs, builds everything and runs
# every test there is; the second time it only builds what changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
usage: tests/run.sh [--ci | --fast | --mutations | --mutations-fast | -h]

Without a flag: the release build and all of its tests (unit, conformance, transcripts, simulated
clusters, processes, the installed package, style and clang-tidy), everything again under
AddressSanitizer and UndefinedBehaviorSanitizer, the core, the runtime, the memory store and the
transports under ThreadSanitizer, a build by clang, and a check of the simulator by mutations.

  --ci              what a push is checked by: the same without clang-tidy, which takes the longest
  --fast            the release build and its tests only, without clang-tidy
  --mutations       only the mutation table: takes one rule at a time out of the library and shows
                    which rule of the simulator is broken by it, and after how many seeds; fails if
                    none is. Five unrelated starts for each rule: some minutes
  --mutations-fast  the same from one seed each, which has shown it before: seconds
  -h, --help        this text
TEXT
}

mode=all
case "${1:-}" in
  "") ;;
  --ci) mode=ci ;;
  --fast) mode=fast ;;
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

src/cmake/install-packages.sh

case $mode in
  mutations) check_by_mutations; exit ;;
  mutations-fast) check_by_mutations --fast; exit ;;
esac

say "Building: release"
build release
if [[ $mode != fast ]]; then
  for sanitizer in asan tsan; do
    say "Building: $sanitizer"
    build "$sanitizer"
    say "Testing: $sanitizer"
    run_tests "$sanitizer"
  done
  say "Building: clang"
  build clang
  check_by_mutations --fast
fi
# Last, so that the run ends with this summary.
say "Testing: release"
tests/sim/fresh_seeds.sh
if [[ $mode == all ]]; then
  run_tests release
else
  run_tests release --label-exclude '^tidy$'
fi
