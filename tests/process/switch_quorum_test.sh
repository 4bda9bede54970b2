#!/usr/bin/env bash
# Three members and two switches, of all of whom four elect and two commit: a leader and one other
# member go on without the switches and the third.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

kv_switches=2
kv_bootstrap_flags=(--protocol=multipaxos --quorum=flexible:q1=4,q2=2)
kv_new_cluster 3
leader="$(kv_await_leader)"
third=$(((leader + 1) % 3 + 1))
kv_switch_kill 1
kv_switch_kill 2
kv_kill "$third"
kv_load_start "$kv_dir/record"
kv_load_more 300
kv_load_stop
expect "who leads" "$leader" "$(kv_await_leader)"

kv_start "$third" || kv_fail "member $third does not start again"
hashes="$(kv_hashes)" || kv_fail "the hashes differ:"$'\n'"$hashes"
"$kv_bin/synod-kv-load" verify --endpoints="$(kv_endpoint "$third")" \
  --record="$kv_load_record" >"$kv_dir/verdict" || kv_fail "acknowledged writes are missing"
echo "two of five committed, without the switches"
