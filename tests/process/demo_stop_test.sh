#!/usr/bin/env bash
# demo.sh --stop ends a kept cluster, even a server that does not mind SIGTERM; a demo that is
# interrupted leaves nothing that would have to be stopped; and what it is told to do is checked.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

demo="$(dirname "${BASH_SOURCE[0]}")/../../examples/demo.sh"
export TMPDIR="$kv_dir" SYNOD_BIN="$kv_bin"

# Wrong arguments are named.
expect_error "unknown argument: --kepe" "$demo" --kepe
expect_error "--keep and --stop are one or the other" "$demo" --keep --stop

# A folder without the programs, before anything is begun.
SYNOD_BIN=$kv_dir expect_error "there is no program synod-kv in $kv_dir, which SYNOD_BIN names" "$demo"
if compgen -G "$kv_dir/synod-demo.*"; then kv_fail "a refused demo left a folder"; fi

# Interrupted while it starts its servers, and while it writes: by SIGTERM, and like a terminal does,
# which sends SIGINT to all that run. What a shell starts in the background would ignore that.
demo_has() { compgen -G "$kv_dir/synod-demo.*/$1"; }
servers() { grep -lz "^--data-dir=$kv_dir/synod-demo" /proc/[0-9]*/cmdline 2>/dev/null; }
for signal in TERM INT; do
  for file in 2.log record; do
    env --default-signal=INT setsid "$demo" --keep >"$kv_dir/demo.log" 2>&1 &
    demo_pid=$!
    kv_wait 60 "the demo to write $file" demo_has "$file"
    case $signal in
      TERM) kill -s TERM "$demo_pid" ;;
      INT) kill -s INT -- "-$demo_pid" "-$demo_pid" ;;
    esac
    code=0
    wait "$demo_pid" || code=$?
    expect "the exit code after SIG$signal at $file" $((128 + $(kill -l "$signal"))) "$code"
    if demo_has ""; then kv_fail "SIG$signal at $file left a folder: $(cat "$kv_dir/demo.log")"; fi
    grep -q "The demo was interrupted" "$kv_dir/demo.log" || kv_fail "SIG$signal at $file is not told"
    if servers; then kv_fail "SIG$signal at $file left servers: $(cat "$kv_dir/demo.log")"; fi
  done
done

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

timeout 60 "$demo" --stop >"$kv_dir/output" || kv_fail "--stop failed"
grep -q "Stopped the cluster in $folder" "$kv_dir/output" || kv_fail "--stop did not say so"
if kv_running 1; then kv_fail "the server is still running"; fi
[[ ! -e "$folder" ]] || kv_fail "$folder is still there"
echo "demo.sh --stop ends whatever runs, and an interrupted demo leaves nothing"
