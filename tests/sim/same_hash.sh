#!/usr/bin/env bash
# Two processes that run the same seeds run the same: nothing that differs between processes, such as
# where memory lies and how hashes are salted, reaches a run.
set -euo pipefail

synod_sim=$1
hash_of() { "$synod_sim" --seeds "$@" | sed -n "s/.* hash \\([0-9a-f]*\\),.*/\\1/p"; }
first=$(hash_of "${@:2}")
second=$(hash_of "${@:2}")
echo "first process: $first, second process: $second"
[[ -n $first && $first == "$second" ]]
