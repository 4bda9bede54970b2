#!/usr/bin/env bash
# members_test.sh <folder of the binaries> [log]: Debian's etcdctl changes the members of a cluster
# under load. One joins as a learner and is promoted, the leader is removed, disks are lost and
# replaced. No acknowledged write may be missing, and in the end all members hold the same.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"
kv_log="${2:-rocksdb}"

# url <id>: the peer URL under which a member is added.
url() { echo "http://$1@$(kv_peer_address "$1")"; }
# disk_url <id>: the same with the incarnation of its disk, as the newcomer itself says.
disk_url() { grep -o "http://$1:[0-9a-f]*@$(kv_peer_address "$1")" "$kv_dir/$1.log" | tail -n 1; }
# The members, each with "true" if it is a learner.
members() { kv_ctl "$1" member list | awk -F', ' '{printf "%s %s\n", $1, $6}'; }
# Whether member $2 knows where member $1 serves clients.
knows_clients_of() { kv_ctl "$2" member list | grep "^$1, .*http://$(kv_endpoint "$1"), "; }
# Some member that does not lead, and is none of those given.
follower() {
  local id leader
  leader="$(kv_await_leader)"
  for ((id = 1; id <= kv_size; ++id)); do
    if [[ "$id" != "$leader" && " $* " != *" $id "* ]]; then
      echo "$id"
      return
    fi
  done
}
lose_disk() {
  kv_kill "$1"
  rm -r "${kv_dir:?}/$1"
  kv_start_newcomer "$1" || kv_fail "member $1 does not start on its new disk"
}

# As if it were as good as the one before: it is not, and what is to be done instead is said.
test_a_disk_is_bootstrapped_again() {
  local victim
  victim="$(follower)"
  kv_stop "$victim"
  mv "$kv_dir/$victim" "$kv_dir/$victim.kept"
  kv_bootstrap "$victim"
  expect_error "If it is lost, remove $kv_dir/$victim and start this member by serve --join" \
    timeout 60 "$kv_bin/synod-kv" serve --id="$victim" --cluster="$(kv_cluster)" \
    --data-dir="$kv_dir/$victim" --log="$kv_log"
  rm -r "${kv_dir:?}/$victim"
  mv "$kv_dir/$victim.kept" "$kv_dir/$victim"
  kv_start "$victim" || kv_fail "member $victim does not start on its right disk"
}

test_a_learner_joins() {
  local at
  at="$(follower)"
  expect_error "the new member did not answer" \
    kv_ctl "$at" member add kv4 --peer-urls="$(url 4)"
  # One change at a time: behind this one the other is certainly over.
  kv_wait 30 "an update of a member" \
    kv_ctl "$at" member update 1 --peer-urls="http://$(kv_peer_address 1)"
  kv_size=4
  kv_start_newcomer 4 || kv_fail "the newcomer does not start"
  grep -q "member add NAME --peer-urls=$(url 4)" "$kv_dir/4.log" ||
    kv_fail "the newcomer does not say how it is made a member"
  expect_error "has not been added to the cluster yet" kv_ctl 4 put key value
  expect_error "has not been added to the cluster yet" kv_ctl 4 get --consistency=s key
  expect_error "has not been added to the cluster yet" kv_ctl 4 member list

  expect_error "Peer URLs already exists" \
    kv_ctl "$at" member add kv4 --peer-urls="http://4@$(kv_peer_address 1)"
  kv_ctl "$at" member add kv4 --learner --peer-urls="$(url 4)" >"$kv_dir/added" ||
    kv_fail "a learner cannot be added"
  grep -q "^Member *4 added" "$kv_dir/added" || kv_fail "no member 4 was added"
  expect_error "member ID already exist" kv_ctl "$at" member add kv4 --peer-urls="$(url 4)"
  kv_load_more 300
  expect "the members" $'1 false\n2 false\n3 false\n4 true' "$(members "$at")"
  kv_wait 30 "member 3 to know where member 4 serves clients" knows_clients_of 4 3

  expect_error "can only promote a learner member" kv_ctl "$at" member promote 1
  expect_error "member not found" kv_ctl "$at" member promote 9
  kv_wait 60 "member 4 to catch up and be promoted" kv_ctl "$at" member promote 4
  kv_wait 30 "member 4 to know of it" kv_ctl 4 put key value
  expect "the members" $'1 false\n2 false\n3 false\n4 false' "$(members 4)"
}

# No change has said where the members are that were there from the beginning.
test_the_newcomer_needs_their_addresses() {
  kv_stop 4
  expect_error "--cluster must also list these members" "$kv_bin/synod-kv" serve --id=4 \
    --cluster="4=$(kv_peer_address 4)/$(kv_endpoint 4)" --data-dir="$kv_dir/4" --log="$kv_log"
  kv_start 4 || kv_fail "member 4 does not start again"
}

test_the_leader_is_removed() {
  removed="$(kv_await_leader)"
  kv_ctl "$removed" member remove "$removed" >/dev/null || kv_fail "the leader cannot be removed"
  kv_wait 30 "the removed leader to say so" grep -q "was removed from the cluster" \
    "$kv_dir/$removed.log"
  local leader
  leader="$(kv_await_leader)"
  expect_error "this member was removed from the cluster" kv_ctl "$removed" put key value
  expect_error "this member was removed from the cluster" kv_ctl "$removed" get key
  kv_ctl "$removed" endpoint status >/dev/null || kv_fail "a removed member has no status"
  expect "the list of the removed member" 3 "$(members "$removed" | wc -l)"
  expect_error "member not found" kv_ctl "$leader" member remove "$removed"
  kv_load_more 300
}

# In one request, which names the disk. The one that was removed is still none.
test_a_disk_is_replaced() {
  lost="$(follower "$removed")"
  lose_disk "$lost"
  expect_error "member ID already exist" \
    kv_ctl "$(kv_await_leader)" member add kv --peer-urls="$(url "$lost")"
  expect_error "has another incarnation than the URL" \
    kv_ctl "$(kv_await_leader)" member add kv --peer-urls="http://$lost:abc@$(kv_peer_address "$lost")"
  kv_ctl "$(kv_await_leader)" member add kv --peer-urls="$(disk_url "$lost")" >/dev/null ||
    kv_fail "the disk of member $lost cannot be replaced"
  kv_wait 30 "member $lost to serve again" kv_ctl "$lost" put key value
  kv_load_more 300
}

# In two requests, neither of which names the disk, while the member runs on it.
test_another_disk_is_replaced() {
  local other
  other="$(follower "$removed" "$lost")"
  lose_disk "$other"
  kv_ctl "$(kv_await_leader)" member remove "$other" >/dev/null ||
    kv_fail "member $other cannot be removed"
  kv_ctl "$(kv_await_leader)" member add kv --peer-urls="$(url "$other")" >/dev/null ||
    kv_fail "member $other cannot be added on its new disk"
  kv_wait 30 "member $other to serve again" kv_ctl "$other" put key value
  kv_load_more 300
}

# Gone for a while, and back on another disk.
test_a_removed_member_returns() {
  kv_stop "$removed"
  rm -r "${kv_dir:?}/$removed"
  kv_start_newcomer "$removed" || kv_fail "member $removed does not start on its new disk"
  kv_ctl "$(kv_await_leader)" member add kv --learner --peer-urls="$(url "$removed")" >/dev/null ||
    kv_fail "member $removed cannot be added again"
  kv_wait 60 "member $removed to be promoted" kv_ctl "$(kv_await_leader)" member promote "$removed"
  kv_load_more 300
}

test_members_restart() {
  local id
  for ((id = 1; id <= kv_size; ++id)); do
    kv_stop "$id"
    # --join is for empty directories, and does no harm where there is something.
    kv_start_newcomer "$id" || kv_fail "member $id does not start again"
    kv_load_more 100
  done
}

# It is in none of the others' --cluster, and they know where to send writes all the same.
test_the_newcomer_leads() {
  kv_wait 30 "member 4 to lead" move_leader_to 4
  kv_load_more 300
}
move_leader_to() {
  [[ "$(kv_await_leader)" == "$1" ]] || kv_ctl "$(kv_endpoints)" move-leader "$1"
}

# Its command line knows nothing of member 4, which was added later and leads.
test_a_leader_is_not_in_the_list() {
  local other list
  kv_wait 30 "member 4 to lead" move_leader_to 4
  other="$(follower)"
  list="$(kv_cluster)"
  kv_kill "$other"
  rm -r "${kv_dir:?}/$other"
  "$kv_bin/synod-kv" serve --join --id="$other" --cluster="${list%,4=*}" --cluster-id=4711 \
    --data-dir="$kv_dir/$other" --log="$kv_log" >>"$kv_dir/$other.log" 2>&1 &
  kv_pids[$other]=$!
  kv_wait 30 "member $other to say what its --cluster lacks" grep -q \
    "with this at the end of its --cluster: ,4=$(kv_peer_address 4)/$(kv_endpoint 4)\$" \
    "$kv_dir/$other.log"
  # And that is enough.
  kv_stop "$other"
  kv_start_newcomer "$other" || kv_fail "member $other does not start with the whole list"
  kv_ctl "$(kv_await_leader)" member add kv --peer-urls="$(disk_url "$other")" >/dev/null ||
    kv_fail "the disk of member $other cannot be replaced"
  kv_wait 30 "member $other to serve again" kv_ctl "$other" put key value
}

# To where nobody was before, and back. Member 3 is asked, whoever leads: the functions of cluster.sh
# would not find a leader there.
test_a_member_moves() {
  local there
  there="$(kv_cluster | sed "s|4=[^,]*|4=$(kv_peer_address 5)/$(kv_endpoint 5)|")"
  kv_ctl 3 member update 4 --peer-urls="http://$(kv_peer_address 5)" \
    >/dev/null || kv_fail "member 4 cannot be moved"
  kv_stop 4
  "$kv_bin/synod-kv" serve --id=4 --cluster="$there" --data-dir="$kv_dir/4" --log="$kv_log" \
    >>"$kv_dir/4.log" 2>&1 &
  kv_pids[4]=$!
  kv_wait 30 "member 4 at its new place" kv_ctl "$(kv_endpoint 5)" put key value
  kv_wait 30 "the others to know where it serves clients" lists_endpoint 5
  kv_ctl 3 member update 4 --peer-urls="http://$(kv_peer_address 4)" \
    >/dev/null || kv_fail "member 4 cannot be moved back"
  kv_stop 4
  kv_start 4 || kv_fail "member 4 does not start again"
  kv_wait 30 "the others to know where it serves clients again" lists_endpoint 4
}
lists_endpoint() { kv_ctl 3 member list | grep "http://$(kv_endpoint "$1"), "; }

kv_spare=2
kv_new_cluster 3 --snapshot-entries=2000
kv_load_start "$kv_dir/record" --clients=8
kv_load_more 3000
test_a_disk_is_bootstrapped_again
test_a_learner_joins
test_the_newcomer_needs_their_addresses
test_the_newcomer_leads
test_a_leader_is_not_in_the_list
test_the_leader_is_removed
test_a_disk_is_replaced
test_another_disk_is_replaced
test_a_removed_member_returns
test_a_member_moves
test_members_restart
kv_load_stop

hashes="$(kv_hashes)" || kv_fail "the hashes differ:"$'\n'"$hashes"
for ((id = 1; id <= kv_size; ++id)); do
  "$kv_bin/synod-kv-load" verify --endpoints="$(kv_endpoint "$id")" --record="$kv_load_record" \
    >"$kv_dir/verdict" ||
    kv_fail "writes are not as they were said to be at member $id:"$'\n'"$(cat "$kv_dir/verdict")"
done
echo "members were added, promoted, removed and replaced:" \
  "$(kv_load_result acknowledged) acknowledged writes, 0 missing, equal hashes;" \
  "longest pause $(kv_load_result longest_pause_ms) ms"
