#!/usr/bin/env bash
# Requests and answers of every size that etcd's clients may send and take, through the leader and a
# follower; and what is refused shows in the counters.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

kv_new_cluster 3
leader="$(kv_await_leader)"
follower=$((leader % 3 + 1))

# Close to etcd's limit for a request.
head -c 1500000 /dev/zero | tr '\0' x >"$kv_dir/value"
for at in "$leader" "$follower"; do
  for i in 1 2 3 4; do
    expect "a large put" OK "$(kv_ctl "$at" put "large/$i" <"$kv_dir/value")"
  done
  size="$(kv_ctl "$at" get --prefix --print-value-only large/ | wc -c)"
  expect "the size of a large get" $((4 * 1500001)) "$size"
  # Larger than what a gRPC client takes by default.
  kv_ctl "$at" del --prefix --prev-kv large/ >"$kv_dir/deleted" ||
    kv_fail "a delete with a large answer failed at member $at"
  expect "what a delete with a large answer returned" 4 "$(sed -n 1p "$kv_dir/deleted")"
  (($(wc -c <"$kv_dir/deleted") > 6000000)) || kv_fail "the answer of the delete is incomplete"
  expect "what it left" "" "$(kv_ctl "$at" get --prefix --keys-only large/)"
done
(($(kv_counter "$follower" kv.writes_forwarded) >= 5)) ||
  kv_fail "the follower did not count what it sent on"

# Ten mistakes at once are ten in the counters, and a line or two in the log.
for ((i = 0; i < 10; ++i)); do
  expect_error "key not found" kv_ctl "$leader" put --ignore-value absent
done
expect "the counted refusals" 10 \
  "$(kv_counter "$leader" "kv.refused[etcdserver: key not found]")"
grep -q "answered a request from .* with: etcdserver: key not found" "$kv_dir/$leader.log" ||
  kv_fail "no refusal was logged"
expect "a counter of the library's" 1 "$(($(kv_counter "$leader" engine.leaderships) > 0))"
expect "calls that are still under way" 0 "$(kv_counter "$leader" kv.calls_under_way)"
kv_stop "$leader"
expect "the exit code after SIGUSR1 and SIGTERM" 0 "$kv_exit"
echo "answers of all sizes arrive, and refusals are counted and logged"
