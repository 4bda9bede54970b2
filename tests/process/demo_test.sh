#!/usr/bin/env bash
# demo.sh runs to its end, says that nothing was lost, and leaves with --keep a cluster that serves
# until --stop; and what its verification finds is its exit code.
# shellcheck source=tests/process/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh" "$@"

demo="$(dirname "${BASH_SOURCE[0]}")/../../examples/demo.sh"
export TMPDIR="$kv_dir" SYNOD_BIN="$kv_bin"
servers() { grep -lz "^--data-dir=$kv_dir/synod-demo" /proc/[0-9]*/cmdline 2>/dev/null; }
says() { grep -q -- "$1" "$kv_dir/demo.log" || kv_fail "the demo does not say '$1'"; }
says_not() { if grep -q -- "$1" "$kv_dir/demo.log"; then kv_fail "the demo says '$1'"; fi; }

"$demo" --keep >"$kv_dir/demo.log" 2>&1 || kv_fail "the demo failed"
# Should a check below fail, they are ended as members of this test.
kv_size=3
mapfile -t -O 1 kv_pids < <(cat "$kv_dir"/synod-demo.*/kept)
says "^Nothing was lost\.$"
says "^  acknowledged and missing      0 "
says "^  not executed, but there       0$"
says "^  executed more than once       0$"
endpoints="$(sed -n 's/^The cluster keeps running\. Try: etcdctl --endpoints=\([^ ]*\) get greeting$/\1/p' \
  "$kv_dir/demo.log")"
[[ -n "$endpoints" ]] || kv_fail "the demo does not say where the cluster listens"
expect "what the kept cluster serves" "hello from etcdctl" \
  "$(kv_ctl "$endpoints" get --print-value-only greeting)"
expect "how many servers run" 3 "$(servers | wc -l)"

"$demo" --stop >"$kv_dir/stop.log" 2>&1 || kv_fail "--stop failed"
if servers; then kv_fail "--stop left servers"; fi
if compgen -G "$kv_dir/synod-demo.*"; then kv_fail "--stop left a folder"; fi

# A verification that finds something.
mkdir "$kv_dir/bin"
ln -s "$kv_bin/synod-kv" "$kv_dir/bin/synod-kv"
cat >"$kv_dir/bin/synod-kv-load" <<TEXT
#!/usr/bin/env bash
[[ "\$1" == verify ]] || exec "$kv_bin/synod-kv-load" "\$@"
"$kv_bin/synod-kv-load" "\$@" | sed 's/^missing 0$/missing 1/'
exit 1
TEXT
chmod +x "$kv_dir/bin/synod-kv-load"
code=0
SYNOD_BIN="$kv_dir/bin" "$demo" --keep >"$kv_dir/demo.log" 2>&1 || code=$?
expect "the exit code of a demo that finds a loss" 1 "$code"
says "^  acknowledged and missing      1 "
says "^Something was lost"
says_not "^Nothing was lost"
if servers; then kv_fail "a demo that found a loss left servers"; fi
echo "demo.sh loses nothing, says so, and fails otherwise"
