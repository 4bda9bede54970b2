#!/usr/bin/env bash
# counter_test.sh <the counter>: the README's example does what the README says.
set -euo pipefail
output="$(timeout 60 "$1")"
# One line from the proposal, then what each of the three replicas reads: the same, and usually 1.
# (An increment whose fate is unknown is repeated, and may count twice.)
value="$(sed -nE '1s/^replicated at index [0-9]+: ([1-9][0-9]*)$/\1/p' <<<"$output")"
if [[ -z "$value" || "$(sed 1d <<<"$output")" != "$value"$'\n'"$value"$'\n'"$value" ]]; then
  printf 'unexpected output:\n%s\n' "$output" >&2
  exit 1
fi
