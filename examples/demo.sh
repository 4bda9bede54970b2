#!/usr/bin/env bash
# Three synod-kv servers on this machine lose their leader under load, and lose nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: examples/demo.sh [--keep | --stop]

Builds synod-kv, runs three of them on loopback, kills the leader with SIGKILL under load, restarts
it, and checks that no acknowledged write is missing, no refused one was executed and none was
executed twice. Exits with an error otherwise.

  --keep   leaves the cluster running afterwards and prints where it listens
  --stop   ends every cluster that --keep has left running
TEXT
}

# A kept cluster is a folder with a file `kept`, which lists its processes. A number in it may belong
# to somebody else by now.
is_server() { [[ "$(cat "/proc/$1/comm" 2>/dev/null)" == synod-kv ]]; }

# Ends the processes: first politely, and after five seconds in any case.
end_servers() {
  local pid deadline=$((SECONDS + 5))
  for pid in "$@"; do
    if is_server "$pid"; then kill "$pid" || true; fi
  done
  for pid in "$@"; do
    while is_server "$pid"; do
      if ((SECONDS >= deadline)); then kill -s KILL "$pid" || true; fi
      sleep 0.05
    done
  done
}

stop_kept() {
  local folder pids found=no
  for folder in "${TMPDIR:-/tmp}"/synod-demo.*; do
    [[ -f "$folder/kept" && -O "$folder" ]] || continue
    found=yes
    mapfile -t pids <"$folder/kept"
    end_servers "${pids[@]}"
    rm -rf "$folder"
    echo "Stopped the cluster in $folder."
  done
  [[ $found == yes ]] || echo "No cluster was kept running."
}

build() {
  ./src/cmake/install-packages.sh
  cmake --preset release --log-level=NOTICE >/dev/null
  cmake --build --preset release --target synod-kv synod-kv-load
}

cleanup() {
  local code=$?
  [[ -z "${kv_load_pid:-}" ]] || kill "$kv_load_pid" 2>/dev/null || true
  if [[ $keep == yes && $code == 0 ]]; then
    return
  fi
  kv_stop_all
  if [[ $code == 0 ]]; then
    rm -rf "$kv_dir"
  else
    echo "The demo failed. The servers' output is in $kv_dir." >&2
  fi
}

keep=no
case "${1:-}" in
  "") ;;
  --keep) keep=yes ;;
  --stop)
    stop_kept
    exit
    ;;
  -h | --help)
    usage
    exit
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

build

kv_bin="$PWD/build/bin"
kv_dir="$(mktemp -d "${TMPDIR:-/tmp}/synod-demo.XXXXXX")"
# shellcheck source=examples/kv/cluster.sh
source examples/kv/cluster.sh
trap cleanup EXIT

echo
echo "Starting three servers; their data is in $kv_dir."
kv_new_cluster 3
leader="$(kv_await_leader)"
echo "  members listen to clients at $(kv_endpoints); member $leader leads"

kv_ctl 1 put greeting "hello from etcdctl" >/dev/null
for id in 1 2 3; do
  [[ "$(kv_ctl "$id" get --print-value-only greeting)" == "hello from etcdctl" ]] ||
    kv_fail "member $id does not return what etcdctl wrote"
done
echo "  etcdctl has written through member 1 and read it back from all three"

echo "Writing through all members, 16 clients at once."
kv_load_start "$kv_dir/record"
kv_load_more 3000
echo "  killing member $leader, the leader, with SIGKILL"
kv_kill "$leader"
kv_load_more 3000
new_leader="$(kv_await_leader)"
echo "  member $new_leader leads now and writes go on; restarting member $leader"
kv_start "$leader" || kv_fail "member $leader does not start again"
kv_load_more 3000
kv_load_stop

echo "Checking."
lost=no
found() { awk -v name="$1" '$1 == name {print $2}' <<<"$verdict"; }
verdict="$("$kv_bin/synod-kv-load" verify --endpoints="$(kv_endpoint "$leader")" \
  --record="$kv_load_record")" || lost=yes
hashes="$(kv_hashes)" || lost=yes

echo
echo "  acknowledged writes           $(kv_load_result acknowledged)" \
  "($(kv_load_result per_second) a second)"
echo "  not executed / fate unknown   $(kv_load_result refused) / $(kv_load_result unknown)"
echo "  writes stood still for        $(kv_load_result longest_pause_ms) ms at the longest"
echo "  acknowledged and missing      $(found missing)" \
  "(read from member $leader, which was killed)"
echo "  not executed, but there       $(found refused_but_executed)"
echo "  executed more than once       $(found twice)"
echo "  hash of each member's data    $(awk '{printf "%s%s", sep, $2; sep = "  "}' <<<"$hashes")"
echo

if [[ $lost == yes ]]; then
  kv_fail "Something was lost, or is not as it was said to be."
fi
echo "Nothing was lost."
if [[ $keep == yes ]]; then
  printf '%s\n' "${kv_pids[@]}" >"$kv_dir/kept"
  disown -a
  echo "The cluster keeps running. Try: etcdctl --endpoints=$(kv_endpoints) get greeting"
  echo "End it with: examples/demo.sh --stop"
fi
