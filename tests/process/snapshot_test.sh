#!/usr/bin/env bash
# A member that was away while the others compacted their logs comes back through a snapshot, and a
# cluster that was stopped comes back with all it had.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

# More than the entries that are kept behind a snapshot for members that are a little late.
kv_new_cluster 3 --snapshot-entries=3000
away=$(($(kv_await_leader) % 3 + 1))
kv_kill "$away"
kv_load_start "$kv_dir/record"
kv_load_more 16000
kv_load_stop
kv_start "$away" || kv_fail "member $away does not start"
hashes="$(kv_hashes)" || kv_fail "the hashes differ:"$'\n'"$hashes"
grep -q "installs a snapshot at" "$kv_dir/$away.log" || kv_fail "member $away did not need a snapshot"

for id in 1 2 3; do kv_stop "$id"; done
for id in 1 2 3; do
  kv_start "$id" || kv_fail "member $id does not start again"
done
kv_await_leader >/dev/null
"$kv_bin/synod-kv-load" verify --endpoints="$(kv_endpoint "$away")" --record="$kv_load_record" \
  >"$kv_dir/verdict" || kv_fail "acknowledged writes are missing"
expect "the hashes after the restart" "$hashes" "$(kv_hashes)"
echo "a member caught up through a snapshot, and the cluster survived a full restart"
