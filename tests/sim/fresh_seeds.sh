#!/usr/bin/env bash
# Runs seeds that depend on the commit alone, so that each commit tries others and its failures can
# be tried again. What has no commit (a released archive) takes the day. Without arguments it only
# says which.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
commit=$(git rev-parse HEAD 2>/dev/null || date +%Y%m%d)
first=$((16#${commit:0:12}))
echo "fresh seeds: from $first on, of commit $commit"
if [[ $# -gt 0 ]]; then
  synod_sim=$1
  count=$2
  exec "$synod_sim" --keep-going --seed "$first" --seeds "$count" "${@:3}"
fi
