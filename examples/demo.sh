#!/usr/bin/env bash
# Three synod-kv servers on this machine lose their leader under load, and lose nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: examples/demo.sh [--protocol raft|multipaxos] [--switch] [--keep | --stop]

Builds synod-kv, runs three of them on loopback, kills the leader with SIGKILL under load, restarts
it, and checks that no acknowledged write is missing, no refused one was executed and none was
executed twice. Exits with an error otherwise.

  --protocol P   how the members decide (default raft)
  --switch       with multipaxos, and two acceptors in the network besides, emulated switches that
                 run acceptor.p4: one of them loses its power, and is replaced
  --keep         leaves the cluster running afterwards and prints where it listens
  --stop         ends every cluster that --keep has left running

SYNOD_BIN=FOLDER takes synod-kv, synod-kv-load and synod-switch from there, and builds nothing.
TEXT
}

# A kept cluster is a folder with a file `kept`, which lists its processes. A number in it may belong
# to somebody else by now.
is_server() { [[ "$(cat "/proc/$1/comm" 2>/dev/null)" == synod-@(kv|switch) ]]; }

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
  cmake --build --preset release --target synod-kv synod-kv-load synod-switch
}

bad_usage() {
  echo "examples/demo.sh: $1" >&2
  usage >&2
  exit 2
}

# Ends all that runs, also what was started so lately that nobody has noted its number.
end_jobs() {
  local pid pids
  trap '' HUP TERM
  if [[ -f "$kv_dir/kept" ]]; then return; fi
  mapfile -t pids < <(jobs -p)
  for pid in "${pids[@]}"; do kill -s KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}

keep=no
stop=no
protocol=""
switches=0
while (($# > 0)); do
  case "$1" in
    --protocol)
      (($# > 1)) || bad_usage "--protocol needs a value"
      shift
      protocol="$1"
      ;;
    --protocol=*) protocol="${1#*=}" ;;
    --switch) switches=2 ;;
    --keep) keep=yes ;;
    --stop) stop=yes ;;
    -h | --help)
      usage
      exit
      ;;
    *) bad_usage "unknown argument: $1" ;;
  esac
  shift
done
if [[ -z $protocol ]]; then
  protocol=raft
  ((switches == 0)) || protocol=multipaxos
fi
[[ $protocol == raft || $protocol == multipaxos ]] || bad_usage "unknown protocol: $protocol"
((switches == 0)) || [[ $protocol == multipaxos ]] || bad_usage "--switch needs multipaxos"
[[ $keep == no || $stop == no ]] || bad_usage "--keep and --stop are one or the other"
if [[ $stop == yes ]]; then
  stop_kept
  exit
fi

kv_bin="${SYNOD_BIN:-}"
if [[ -z "$kv_bin" ]]; then
  build
  kv_bin="$PWD/build/bin"
fi
programs=(synod-kv synod-kv-load)
((switches == 0)) || programs+=(synod-switch)
for program in "${programs[@]}"; do
  if [[ ! -f "$kv_bin/$program" || ! -x "$kv_bin/$program" ]]; then
    echo "examples/demo.sh: there is no program $program in $kv_bin, which SYNOD_BIN names;" \
      "without SYNOD_BIN it is built" >&2
    exit 2
  fi
done
# shellcheck source=examples/kv/cluster.sh
source examples/kv/cluster.sh

demo() {
  trap end_jobs EXIT
  trap '' INT
  trap exit HUP TERM
  echo
  echo "Starting three servers that run $protocol; their data is in $kv_dir."
  kv_bootstrap_flags=(--protocol="$protocol")
  kv_switches="$switches"
  kv_new_cluster 3
  leader="$(kv_await_leader)"
  echo "  members listen to clients at $(kv_endpoints); member $leader leads"
  if ((switches > 0)); then
    echo "  two switches are voters besides, at $(kv_acceptors)"
  fi

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
  if ((switches > 0)); then
    echo "  cutting the power of switch 1: all its promises are gone"
    kv_switch_kill 1
    kv_load_more 3000
    kv_switch_start 1
    kv_switch_replace 1 4 || kv_fail "switch 1 cannot be enabled again"
    echo "  it is back, under a new incarnation that a change of the members has named"
    kv_load_more 3000
    echo "  killing member $new_leader, the leader: a quorum needs a switch now"
    kv_kill "$new_leader"
    kv_load_more 3000
    kv_start "$new_leader" || kv_fail "member $new_leader does not start again"
  fi
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
  echo "  not executed / fate unknown   $(kv_load_result refused) / $(kv_load_result unknown)" \
    "(unknown: calls under way at the kill, one a client)"
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
    # At one stroke: a signal finds the whole list, or none.
    printf '%s\n' "${kv_pids[@]}" "${kv_switch_pids[@]}" >"$kv_dir/kept.new"
    mv "$kv_dir/kept.new" "$kv_dir/kept"
    echo "The cluster keeps running. Try: etcdctl --endpoints=$(kv_endpoints) get greeting"
    echo "End it with: examples/demo.sh --stop"
  fi
}

# Bash may lose a SIGINT that arrives while it runs a program, or begin to spin over it: this shell
# only waits, and tells the demo, which ignores it.
interrupt() {
  trap '' HUP INT TERM # However often one presses Ctrl-C.
  kill -s TERM "${!:-}" 2>/dev/null || true
  while kill -0 "${!:-}" 2>/dev/null; do wait "$!" || true; done
  if [[ ! -f "$kv_dir/kept" ]]; then
    rm -rf "$kv_dir"
    echo "The demo was interrupted. Its servers and its data are gone." >&2
  fi
  exit "$1"
}
kv_dir="$(mktemp -d "${TMPDIR:-/tmp}/synod-demo.XXXXXX")"
trap 'interrupt 129' HUP
trap 'interrupt 130' INT
trap 'interrupt 143' TERM
demo &
if ! wait "$!"; then
  echo "The demo failed. The servers' output is in $kv_dir." >&2
  exit 1
fi
if [[ $keep == no ]]; then rm -rf "$kv_dir"; fi
