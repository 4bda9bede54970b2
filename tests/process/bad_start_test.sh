#!/usr/bin/env bash
# Whatever is wrong at the start of synod-kv, it says so in one clear line and exits with an error.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

# start_fails <exit code> <part of the message> <arguments...>
start_fails() {
  local code="$1" part="$2" actual=0
  shift 2
  timeout 30 "$kv_bin/synod-kv" "$@" >"$kv_dir/output" 2>&1 || actual=$?
  expect "the exit code of synod-kv $*" "$code" "$actual"
  grep -q -- "$part" "$kv_dir/output" ||
    kv_fail "expected '$part' from synod-kv $*"$'\n'"got: $(cat "$kv_dir/output")"
}

kv_size=3
kv_choose_ports
cluster="$(kv_cluster)"
member() { echo "--id=$1 --cluster=$cluster --data-dir=$kv_dir/$2"; }

# Wrong flags.
start_fails 2 "say what to do"
start_fails 2 "no flag --port" serve --port=1
start_fails 2 "must be a positive number" serve --id=x
start_fails 2 "is not a member" serve --id=1 --cluster=nonsense
# shellcheck disable=SC2046
start_fails 2 "no member 4" serve $(member 4 a)
[[ "$("$kv_bin/synod-kv" --help)" == *"--election-timeout=TIME"* ]] || kv_fail "--help lacks a flag"

# Without bootstrap, where nothing is made in place of a disk that is not mounted; and with it twice.
mkdir "$kv_dir/unmounted"
# shellcheck disable=SC2046
{
  start_fails 1 "has not been bootstrapped. Before its first start run synod-kv bootstrap" serve $(member 1 a)
  start_fails 1 "--data-dir, --log=wal and a --cluster-id" serve --log=wal $(member 1 a)
  [[ ! -e "$kv_dir/a" ]] || kv_fail "a refused start has made $kv_dir/a"
  start_fails 1 "has not been bootstrapped" serve $(member 1 unmounted)
  start_fails 1 "has not been bootstrapped" serve --log=wal $(member 1 unmounted)
  expect "the empty directory" "" "$(ls "$kv_dir/unmounted")"
  "$kv_bin/synod-kv" bootstrap $(member 1 a) --cluster-id=5 >"$kv_dir/output"
  expect "what bootstrap says" "synod-kv: $kv_dir/a is now the data directory of member 1 of the cluster 5. Bootstrap the others likewise, and start this one by serve, with the same --id, --cluster and --data-dir" \
    "$(cat "$kv_dir/output")"
  start_fails 1 "$kv_dir/a was bootstrapped before, as the member 1 of the cluster 5" bootstrap $(member 1 a) --cluster-id=5
  start_fails 1 "only as long as the cluster has never had a leader" bootstrap $(member 1 a) --cluster-id=5
}

# As a newcomer, which is for a cluster that exists.
# shellcheck disable=SC2046
{
  start_fails 2 "cluster-id is missing" serve --join $(member 1 new)
  start_fails 2 "no member 4, which --id names" serve --join --cluster-id=5 $(member 4 new)
  start_fails 2 "join takes no value" serve --join=1 --cluster-id=5 $(member 1 new)
  [[ ! -e "$kv_dir/new" ]] || kv_fail "a refused start has made $kv_dir/new"
  start_fails 1 "$kv_dir/a belongs to the member 1, not to 2" serve --join --cluster-id=5 $(member 2 a)
  start_fails 1 "belongs to the cluster 5, not to 6" serve --join --cluster-id=6 $(member 1 a)
}

# Another member's, another cluster's and a foreign data directory.
mkdir "$kv_dir/foreign"
echo "not yours" >"$kv_dir/foreign/file"
# shellcheck disable=SC2046
{
  start_fails 1 "$kv_dir/a belongs to the member 1, not to 2" serve $(member 2 a)
  start_fails 1 "belongs to the cluster 5, not to 6" serve $(member 1 a) --cluster-id=6
  start_fails 1 "is a 'synod rocksdb log store', not a 'synod wal'" serve --log=wal $(member 1 a)
  start_fails 1 "$kv_dir/a was bootstrapped without --log=wal: leave it out" serve --log=wal $(member 1 a)
  "$kv_bin/synod-kv" bootstrap --log=wal $(member 1 wal) --cluster-id=5 >"$kv_dir/output"
  grep -q "and --data-dir, and --log=wal" "$kv_dir/output" || kv_fail "bootstrap does not say --log=wal"
  start_fails 1 "$kv_dir/wal was bootstrapped with --log=wal: give it here" serve $(member 1 wal)
  start_fails 1 "no file FORMAT" serve $(member 1 foreign)
  start_fails 1 "no file FORMAT" bootstrap $(member 1 foreign) --cluster-id=5
}
expect "the foreign directory" "file" "$(ls "$kv_dir/foreign")"

# Damaged ones: whatever is lost, the operator is told what to do.
damage() { dd if=/dev/zero of="$1" bs=1 seek="$2" count=16 conv=notrunc status=none; }
# shellcheck disable=SC2046
for log in rocksdb wal; do
  "$kv_bin/synod-kv" bootstrap --log=$log $(member 1 "damaged-$log") --cluster-id=5 >"$kv_dir/output"
done
damage "$(ls "$kv_dir"/damaged-rocksdb/db/MANIFEST-*)" 20
damage "$(find "$kv_dir/damaged-wal" -name '*.wal' | sort | tail -n 1)" 16
# shellcheck disable=SC2046
for log in rocksdb wal; do
  start_fails 1 "the log store $kv_dir/damaged-$log is damaged" serve --log=$log $(member 1 "damaged-$log")
  start_fails 1 "Leave $kv_dir/damaged-$log as it is.*start this member by serve --join" \
    serve --log=$log $(member 1 "damaged-$log")
done

# A data directory that a newer version has written: neither read nor changed.
# shellcheck disable=SC2046
{
  "$kv_bin/synod-kv" bootstrap $(member 1 newer) --cluster-id=5 >/dev/null
  echo "synod rocksdb log store, format 99" >"$kv_dir/newer/FORMAT"
  before="$(cd "$kv_dir/newer" && find . -type f -exec cksum {} + | sort)"
  start_fails 1 "was written by a newer version (format 99" serve $(member 1 newer)
  start_fails 1 "Start the newer version" bootstrap $(member 1 newer) --cluster-id=5
  expect "the newer directory" "$before" \
    "$(cd "$kv_dir/newer" && find . -type f -exec cksum {} + | sort)"
}

# Other members than it was bootstrapped with.
start_fails 1 "bootstrapped with: 1, 2, 3" serve --id=1 --data-dir="$kv_dir/a" \
  --cluster="1=$(kv_peer_address 1)/$(kv_endpoint 1)"
if grep -q "started" "$kv_dir/output"; then kv_fail "it was started with the wrong members"; fi

# Addresses where it cannot listen.
start_fails 1 "cannot serve clients: cannot resolve 'no-such-host.invalid'" serve --id=1 \
  --data-dir="$kv_dir/a" --cluster="${cluster/$(kv_endpoint 1)/no-such-host.invalid:1}"
start_fails 1 "cannot listen on 192.0.2.1:1: it is no address of this machine" serve --id=1 \
  --data-dir="$kv_dir/a" --cluster="${cluster/$(kv_peer_address 1)/192.0.2.1:1}"

# A data directory in use, and ports in use.
# shellcheck disable=SC2046
{
  "$kv_bin/synod-kv" serve $(member 1 a) >"$kv_dir/1.log" 2>&1 &
  kv_pids[1]=$!
  kv_wait 30 "member 1" kv_answers 1
  start_fails 1 "another process" serve $(member 1 a)
  "$kv_bin/synod-kv" bootstrap $(member 1 b) --cluster-id=5 >/dev/null
  start_fails 1 "$(kv_peer_address 1)" serve $(member 1 b)
  start_fails 1 "cannot serve clients: cannot listen on $(kv_endpoint 1): another process" serve --id=1 --data-dir="$kv_dir/b" \
    --cluster="${cluster/$(kv_peer_address 1)/127.0.0.2:$kv_first_port}"
}

# None of this disturbed the member that runs, and without the others it has no leader.
kv_answers 1 >/dev/null || kv_fail "member 1 no longer answers"
expect_error "no leader" kv_ctl 1 put key value
expect_error "no leader" kv_ctl 1 get --consistency=s key
kv_stop 1
expect "its exit code after SIGTERM" 0 "$kv_exit"
echo "every bad start was refused clearly"
