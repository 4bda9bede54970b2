#!/usr/bin/env bash
# kill_rounds.sh <folder of the binaries> [rounds] [log] [protocol]: under load, a random member is
# killed with SIGKILL and started again, round after round. No acknowledged write may be missing, no
# refused one may be there, none may have been executed twice, and all members must hold the same data.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"
rounds="${2:-20}"
kv_log="${3:-rocksdb}"
kv_bootstrap_flags=(--protocol="${4:-raft}")

# Few entries between snapshots, so that members also come back through snapshots.
kv_new_cluster 3 --snapshot-entries=2000
kv_load_start "$kv_dir/record" --clients=8
leaders_killed=0
for ((round = 1; round <= rounds; ++round)); do
  kv_load_more 300
  victim=$((RANDOM % 3 + 1))
  if [[ "$(kv_leader || true)" == "$victim" ]]; then
    leaders_killed=$((leaders_killed + 1))
  fi
  kv_kill "$victim"
  # Writes must go on without it, now and then for so long that it has to catch up.
  kv_load_more $((RANDOM % 4 == 0 ? 3000 : 200))
  kv_start "$victim" || kv_fail "member $victim does not start after round $round"
done
kv_load_more 300
kv_load_stop

hashes="$(kv_hashes)" || kv_fail "the hashes differ:"$'\n'"$hashes"
for id in 1 2 3; do
  "$kv_bin/synod-kv-load" verify --endpoints="$(kv_endpoint "$id")" --record="$kv_load_record" \
    >"$kv_dir/verdict" || kv_fail "writes are not as they were said to be at member $id:"$'\n'"$(cat "$kv_dir/verdict")"
done
echo "$rounds rounds, $leaders_killed of them against the leader:" \
  "$(kv_load_result acknowledged) acknowledged writes, 0 missing, equal hashes," \
  "$(kv_load_result refused) refused ones, 0 of them executed, none executed twice;" \
  "longest pause $(kv_load_result longest_pause_ms) ms"
