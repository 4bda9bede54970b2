#!/usr/bin/env bash
# The checks that other tests rely on find what is wrong.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

# Stand-ins for a cluster of three.
kv_size=3
kv_all_applied() { true; }
kv_stop_all() { true; }
kv_ctl() {
  [[ "$2 $3" == "endpoint hashkv" ]] && answer_hash "$1"
}

answer_hash() { echo "127.0.0.1:$1, 4711"; }
expect "equal hashes" $'1 4711\n2 4711\n3 4711' "$(kv_hashes)"

differing_hash() { echo "127.0.0.1:$1, 471$1"; }
failing_hash() { return 1; }
empty_hash() { true; }
no_number() { echo "127.0.0.1:$1, null"; }
for answer in differing_hash failing_hash empty_hash no_number; do
  answer_hash() { "$answer" "$1"; }
  if (kv_hashes) >/dev/null 2>&1; then kv_fail "kv_hashes accepts $answer"; fi
done

# However much comes behind the line that says who leads.
kv_status() {
  echo "1 true 9"
  seq -f "%g false 9" 100000
}
expect "the leader" 1 "$(kv_leader)"
expect "the awaited leader" 1 "$(kv_await_leader)"
kv_status() { echo "1 false 9"; }
if kv_leader; then kv_fail "kv_leader finds a leader where there is none"; fi

# A process that does not mind the signal is not waited for without end, and that is said.
(
  trap '' TERM
  exec sleep 600
) &
kv_pids[1]=$!
kv_ignores_term() { grep -q "^SigIgn:.*[4-7c-f]...$" "/proc/${kv_pids[1]}/status"; }
kv_wait 10 "the stand-in" kv_ignores_term
kv_patience=1 kv_stop 1 2>"$kv_dir/said"
expect "the exit code of what had to be killed" 137 "$kv_exit"
grep -q "has not ended 1 s after SIGTERM: killing it" "$kv_dir/said" ||
  kv_fail "nobody said that it was killed"
(exit 3) &
kv_pids[1]=$!
kv_has_ended() { ! kv_running 1; }
kv_wait 10 "the process to end" kv_has_ended
kv_stop 1
expect "the exit code of what had ended before" 3 "$kv_exit"
echo "the scripts' checks hold"
