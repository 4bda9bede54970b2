#!/usr/bin/env bash
# Five members of whom four elect and two commit: with a leader and one other writes go on, without
# four nobody is elected, and what was acknowledged meanwhile is there once there are four again.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

kv_size=5
kv_choose_ports
expect_error "{1 2 3} may elect and {4 5} may commit" "$kv_bin/synod-kv" bootstrap --id=1 \
  --cluster="$(kv_cluster)" --cluster-id=1 --data-dir="$kv_dir/refused" \
  --quorum=flexible:q1=3,q2=2
expect "what a refused bootstrap leaves" "" "$(ls "$kv_dir")"

kv_bootstrap_flags=(--quorum=flexible:q1=4,q2=2)
kv_new_cluster 5
leader="$(kv_await_leader)"
other=$((leader % 5 + 1))
gone=()
for id in 1 2 3 4 5; do
  [[ "$id" == "$leader" || "$id" == "$other" ]] || gone+=("$id")
done
for id in "${gone[@]}"; do kv_kill "$id"; done
kv_load_start "$kv_dir/record"
kv_load_more 300
kv_load_stop

kv_kill "$leader"
kv_start "$leader" || kv_fail "member $leader does not start again"
kv_start "${gone[0]}" || kv_fail "member ${gone[0]} does not start again"
expect_error "no leader" kv_ctl "$other" put key value --command-timeout=3s
kv_start "${gone[1]}" || kv_fail "member ${gone[1]} does not start again"
kv_start "${gone[2]}" || kv_fail "member ${gone[2]} does not start again"
kv_await_leader >/dev/null
hashes="$(kv_hashes)" || kv_fail "the hashes differ:"$'\n'"$hashes"
"$kv_bin/synod-kv-load" verify --endpoints="$(kv_endpoint "${gone[2]}")" \
  --record="$kv_load_record" >"$kv_dir/verdict" || kv_fail "acknowledged writes are missing"
echo "two of five committed, and four elected who knew of it"
