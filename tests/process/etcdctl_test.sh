#!/usr/bin/env bash
# Debian's etcdctl against the leader and a follower: every command that synod-kv promises.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

ctl() { kv_ctl "$at" "$@"; }
revision() { ctl get any-key -w json | sed -E 's/.*"revision":([0-9]+).*/\1/'; }
# Of the first line of that name. Reads to the end, as etcdctl fails if nobody reads what it writes.
field() { awk -v name="\"$1\"" '$1 == name && !found {print $3; found = 1}'; }
first_line() { sed -n 1p; }

test_reads_and_writes() {
  expect "put" OK "$(ctl put fruit/apple red)"
  ctl put fruit/pear green >/dev/null
  ctl put fruit/apple "dark red" >/dev/null
  expect "put --prev-kv" $'OK\nfruit/pear\ngreen' "$(ctl put --prev-kv fruit/pear yellow)"
  expect "get" $'fruit/apple\ndark red' "$(ctl get fruit/apple)"
  expect "get --prefix" $'fruit/apple\ndark red\nfruit/pear\nyellow' "$(ctl get --prefix fruit/)"
  expect "get a range" $'fruit/apple\ndark red' "$(ctl get fruit/a fruit/b)"
  expect "get --from-key --limit" fruit/apple \
    "$(ctl get --from-key --keys-only --limit=1 fruit | first_line)"
  expect "get --order" $'yellow\ndark red' \
    "$(ctl get --prefix --order=DESCEND --print-value-only fruit/)"
  expect "get --sort-by" $'dark red\nyellow' \
    "$(ctl get --prefix --order=ASCEND --sort-by=VALUE --print-value-only fruit/)"
  expect "the count of a limited get" 2 \
    "$(ctl get --prefix --limit=1 -w fields fruit/ | field Count)"
  expect "get of nothing" "" "$(ctl get fruit/none)"
  expect "version" 2 "$(ctl get fruit/apple -w fields | field Version)"
  expect "a serializable get" "fruit/apple" \
    "$(kv_ctl "$leader" get --consistency=s --keys-only fruit/apple | first_line)"
  local long
  long="$(head -c 100000 /dev/zero | tr '\0' x)"
  ctl put long "$long" >/dev/null
  expect "a long value" "$long" "$(ctl get --print-value-only long)"
}

test_history() {
  ctl put history first >/dev/null
  local first
  first="$(revision)"
  ctl put history second >/dev/null
  expect "get --rev" first "$(ctl get --print-value-only --rev="$first" history)"
  expect "del" 1 "$(ctl del history)"
  expect "del of nothing" 0 "$(ctl del history)"
  expect "get --rev of a deleted key" first "$(ctl get --print-value-only --rev="$first" history)"
  local now
  now="$(revision)"
  expect "compaction" "compacted revision $now" "$(ctl compaction --physical "$now")"
  expect_error "required revision has been compacted" kv_ctl "$at" get --rev="$first" history
  expect_error "required revision has been compacted" kv_ctl "$at" compaction "$now"
  expect_error "required revision is a future revision" kv_ctl "$at" get --rev=$((now + 100)) x
  expect_error "required revision is a future revision" kv_ctl "$at" compaction $((now + 100))
  expect "del --prefix" 2 "$(ctl del --prefix fruit/)"
  ctl put last words >/dev/null
  expect "del --prev-kv" $'1\nlast\nwords' "$(ctl del --prev-kv last)"
}

test_transactions() {
  ctl put account 10 >/dev/null
  expect "txn that succeeds" $'SUCCESS\n\nOK\n\naccount\n9' "$(ctl txn <<'TXN'
value("account") = "10"
version("absent") = "0"

put account 9
get account

put account 0

TXN
)"
  expect "txn that fails" $'FAILURE\n\naccount\n9' "$(ctl txn <<'TXN'
mod("account") < "2"

put account 8

get account

TXN
)"
  expect_error "duplicate key given in txn request" kv_ctl "$at" txn <<'TXN'

put twice 1
put twice 2


TXN
}

test_errors() {
  expect_error "key is not provided" kv_ctl "$at" put "" value
  expect_error "key not found" kv_ctl "$at" put --ignore-value absent
  expect_error "requested lease not found" kv_ctl "$at" put --lease=1234 key value
  expect_error "has no watches: it tells nobody of changes" kv_ctl "$at" watch key
  expect_error "has no leases" kv_ctl "$at" lease grant 10
  expect_error "has no users" kv_ctl "$at" --user=root:secret get key
  expect_error "no users and no roles" kv_ctl "$at" auth enable
  head -c 1600000 /dev/zero | tr '\0' x >"$kv_dir/too-large"
  expect_error "request is too large" kv_ctl "$at" put large <"$kv_dir/too-large"
}

test_cluster_commands() {
  expect "member list" \
    "$(for id in 1 2 3; do
      echo "$id, started, kv$id, http://$(kv_peer_address $id), http://$(kv_endpoint $id), false"
    done)" \
    "$(ctl member list)"
  kv_ctl "$(kv_endpoints)" endpoint health >/dev/null 2>&1 || kv_fail "a member is not healthy"
  expect "leaders in endpoint status" 1 \
    "$(kv_ctl "$(kv_endpoints)" endpoint status | grep -c ', true, false, ')"
  kv_hashes >/dev/null || kv_fail "the hashes differ"
}

test_move_leader() {
  local target=$((leader % 3 + 1))
  expect_error "no leader endpoint given" kv_ctl "$target" move-leader "$target"
  expect_error "bad leader transferee" kv_ctl "$(kv_endpoints)" move-leader 99
  expect "move-leader" "Leadership transferred from $leader to $target" \
    "$(kv_ctl "$(kv_endpoints)" move-leader "$target")"
  expect "the leader" "$target" "$(kv_await_leader)"
  # A member that has not heard of it yet still sends writes on.
  for id in 1 2 3; do
    kv_wait 30 "member $id to accept writes" kv_ctl "$id" put moved yes
  done
}

kv_new_cluster 3
leader="$(kv_await_leader)"
for at in "$leader" $((leader % 3 + 1)); do
  test_reads_and_writes
  test_history
  test_transactions
  test_errors
  test_cluster_commands
done
test_move_leader
for id in 1 2 3; do
  kv_stop "$id"
  expect "the exit code of member $id after SIGTERM" 0 "$kv_exit"
done
echo "etcdctl works against the leader and a follower"
