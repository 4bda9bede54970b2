# shellcheck shell=bash
# What the process tests share: a folder that goes when they pass, and checks. To be sourced with
# the folder of the binaries as $1.
set -euo pipefail

kv_bin="$(cd "${1:?the folder of the binaries is missing}" && pwd)"
kv_dir="$(mktemp -d "${TMPDIR:-/tmp}/synod-process-test.XXXXXX")"
# shellcheck source=examples/kv/cluster.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../examples/kv/cluster.sh"

cleanup() {
  local code=$?
  [[ -z "${kv_load_pid:-}" ]] || kill "$kv_load_pid" 2>/dev/null || true
  kv_stop_all
  kv_switch_kill_all
  if [[ $code == 0 ]]; then
    rm -rf "$kv_dir"
  else
    tail -n 30 "$kv_dir"/*.log >&2 || true
    echo "FAILED; the output of all processes is in $kv_dir" >&2
  fi
}
trap cleanup EXIT

# expect <what it is about> <expected> <actual>
expect() {
  [[ "$2" == "$3" ]] || kv_fail "$1: expected"$'\n'"$2"$'\n'"got"$'\n'"$3"
}

# expect_error <part of the message> <command...>: the command fails and says so.
expect_error() {
  local part="$1" output
  shift
  if output="$("$@" 2>&1)"; then
    kv_fail "succeeded, though it should have said '$part': $*"
  fi
  [[ "$output" == *"$part"* ]] || kv_fail "expected '$part' from: $*"$'\n'"got: $output"
}
