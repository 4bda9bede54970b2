#!/usr/bin/env bash
# A member whose disk refuses a write ends, says what to do, and has everything once it may write
# again.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

# No file of a process may have more than so many KiB; a write beyond fails as one does that the disk
# refuses, since SIGXFSZ is ignored.
limit=1024

head -c 100000 /dev/zero | tr '\0' x >"$kv_dir/value"
value="$(cat "$kv_dir/value")"
write() { kv_ctl 1 put --command-timeout=30s "$1" <"$kv_dir/value" >/dev/null 2>&1; }

for kv_log in rocksdb wal; do
  kv_new_cluster 1
  kv_stop 1
  (
    trap '' XFSZ
    ulimit -f "$limit"
    exec "$kv_bin/synod-kv" serve --id=1 --cluster="$(kv_cluster)" --data-dir="$kv_dir/1" \
      --log="$kv_log" >>"$kv_dir/1.log" 2>&1
  ) &
  kv_pids[1]=$!
  kv_wait 60 "the member" kv_answers 1
  kv_await_leader >/dev/null
  written=0
  while ((written < 50)) && write "key$written"; do written=$((written + 1)); done
  ((written > 0 && written < 50)) || kv_fail "$written writes succeeded"
  kv_end CONT "${kv_pids[1]}"
  kv_pids[1]=""
  expect "the exit code of a member whose write failed" 1 "$kv_exit"
  grep -q "^synod-kv: the log store failed.*File too large.*Replace the disk or free the space, and start again" \
    "$kv_dir/1.log" || kv_fail "the member does not say what to do"

  kv_start 1 || kv_fail "the member does not start again"
  kv_await_leader >/dev/null
  for ((i = 0; i < written; ++i)); do
    [[ "$(kv_ctl 1 get --print-value-only "key$i")" == "$value" ]] || kv_fail "key$i is lost"
  done
  kv_stop 1
  rm -rf "$kv_dir/1" "$kv_dir/1.log"
done
echo "a failed write ends a member, which says what to do and loses nothing"
