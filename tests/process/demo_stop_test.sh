#!/usr/bin/env bash
# demo.sh --stop ends a kept cluster, even a server that does not mind SIGTERM.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

folder="$kv_dir/synod-demo.test"
mkdir "$folder"
# Stands in for a server: has its name, and inherits that SIGTERM is ignored.
cp "$(command -v sleep)" "$kv_dir/synod-kv"
(
  trap '' TERM
  exec "$kv_dir/synod-kv" 600
) &
kv_pids[1]=$!
kv_named_server() { [[ "$(cat "/proc/${kv_pids[1]}/comm")" == synod-kv ]]; }
kv_wait 10 "the stand-in" kv_named_server
echo "${kv_pids[1]}" >"$folder/kept"

TMPDIR="$kv_dir" timeout 60 "$(dirname "${BASH_SOURCE[0]}")/../../examples/demo.sh" --stop \
  >"$kv_dir/output" || kv_fail "--stop failed"
grep -q "Stopped the cluster in $folder" "$kv_dir/output" || kv_fail "--stop did not say so"
if kv_running 1; then kv_fail "the server is still running"; fi
[[ ! -e "$folder" ]] || kv_fail "$folder is still there"
echo "demo.sh --stop ends whatever runs"
