#!/usr/bin/env bash
# Three members and two switches: bootstrap makes voters of the switches and refuses what cannot be;
# and demo.sh --switch loses nothing while a leader is killed and a switch loses its power.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

kv_size=3
kv_switches=2
kv_choose_ports
bootstrap() {
  "$kv_bin/synod-kv" bootstrap --id=1 --cluster="$(kv_cluster)" --cluster-id=4711 \
    --data-dir="$kv_dir/1" "$@"
}
expect_error "--acceptors needs --protocol=multipaxos" bootstrap --acceptors="$(kv_acceptors)"
expect_error "is no address of an acceptor" bootstrap --protocol=multipaxos --acceptors=localhost
expect_error "no acceptor answers at" \
  bootstrap --protocol=multipaxos --acceptors="$(kv_switch_address 1)"

kv_switch_start 1
expect_error "enable it, for group 1, or give its control port" bootstrap --protocol=multipaxos \
  --acceptors="switch://127.0.0.1:$(kv_switch_port 1)"
kv_switch_control 1 enable 2 77 >/dev/null
expect_error "is another group's" bootstrap --protocol=multipaxos \
  --acceptors="$(kv_switch_address 1)"
kv_switch_kill 1
# All three members find the same.
kv_switches=2
kv_bootstrap_flags=(--protocol=multipaxos)
kv_new_cluster 3
expect "what the members are" 5 "$(kv_ctl 1 member list | wc -l)"
kv_ctl 1 member list | grep -q "$(kv_switch_url 2)" || kv_fail "no switch is listed"
expect_error "an acceptor is added as a voter" kv_ctl "$(kv_await_leader)" member add x --learner \
  --peer-urls="$(kv_switch_url 1 4:5)"
expect_error "member ID already exist" kv_ctl "$(kv_await_leader)" member add x \
  --peer-urls="$(kv_switch_url 1 1:5)"
kv_ctl 1 put key value >/dev/null
kv_stop_all
kv_switch_kill 1
kv_switch_kill 2

demo="$(dirname "${BASH_SOURCE[0]}")/../../examples/demo.sh"
TMPDIR="$kv_dir" SYNOD_BIN="$kv_bin" "$demo" --switch >"$kv_dir/demo.log" 2>&1 ||
  kv_fail "the demo failed"
grep -q "^Nothing was lost\.$" "$kv_dir/demo.log" || kv_fail "the demo does not say so"
grep -q "^  it is back, under a new incarnation" "$kv_dir/demo.log" ||
  kv_fail "the demo replaces no switch"
echo "a leader and a switch were lost, and nothing else"
