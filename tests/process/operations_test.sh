#!/usr/bin/env bash
# The commands that docs/operations.md begins with, as they stand there but for folders and ports.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

page="$(dirname "${BASH_SOURCE[0]}")/../../docs/operations.md"
awk '/^```sh$/ {taken = 1; next} /^```$/ && taken {exit} taken' "$page" >"$kv_dir/commands"
kv_size=3
kv_choose_ports
replace=(-e "s|\$PWD/build/bin|$kv_bin|; s|/tmp/kv|$kv_dir/kv|g")
ports=(7001 2379 7002 2389 7003 2399)
for i in "${!ports[@]}"; do
  grep -q "127.0.0.1:${ports[i]}" "$kv_dir/commands" || kv_fail "port ${ports[i]} is not named there"
  replace+=(-e "s|127.0.0.1:${ports[i]}|127.0.0.1:$((kv_first_port + i))|g")
done
# Where etcdctl is told of none it asks member 1 there, by its own default.
replace+=(-e "s|^etcdctl put|etcdctl --endpoints=127.0.0.1:$((kv_first_port + 1)) put|")
export ETCDCTL_API=3
sed "${replace[@]}" "$kv_dir/commands" >"$kv_dir/commands_here"
grep -q "$kv_dir/kv" "$kv_dir/commands_here" || kv_fail "nothing is kept in a folder there"

# In a shell that is interactive to them: what it has left in the background is its own.
set -m
trap 'kill $(jobs -p) 2>/dev/null; wait; cleanup' EXIT
# shellcheck source=/dev/null
source "$kv_dir/commands_here" >"$kv_dir/output" || kv_fail "a command failed: $(cat "$kv_dir/output")"
expect "how many writes succeed" 1 "$(grep -c '^OK$' "$kv_dir/output")"
expect "how many members it shows" 3 "$(grep -c '^127.0.0.1:' "$kv_dir/output")"
expect "what was put" hello "$(kv_ctl "127.0.0.1:$((kv_first_port + 1))" get --print-value-only greeting)"
echo "the commands of operations.md do what it says"
