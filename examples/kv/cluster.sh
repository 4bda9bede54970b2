# shellcheck shell=bash
# Functions that run a cluster of synod-kv processes on this machine, for the demo and the tests. To
# be sourced; the caller sets kv_bin (the folder of the binaries) and kv_dir (a folder of its own),
# and may set kv_log (how the members keep their logs), kv_spare (for how many members that join
# later there are to be ports), kv_switches (how many acceptors there are besides the members, run by
# synod-switch) and kv_patience (for how many seconds to wait for a process to end).

# The members that exist, and of each its process (empty: not running).
kv_size=0
kv_pids=()
kv_flags=()
kv_bootstrap_flags=()
kv_first_port=0
kv_log="${kv_log:-rocksdb}"
kv_spare="${kv_spare:-0}"
kv_switches="${kv_switches:-0}"
kv_switch_pids=()
kv_patience="${kv_patience:-60}"

kv_fail() {
  echo "$*" >&2
  exit 1
}

# kv_wait <seconds> <what> <command...>: runs the command again and again until it succeeds.
kv_wait() {
  local deadline=$((SECONDS + $1)) what="$2"
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      kv_fail "gave up waiting for $what: $*"
    fi
    sleep 0.05
  done
}

kv_peer_address() { echo "127.0.0.1:$((kv_first_port + 2 * $1 - 2))"; }
kv_endpoint() { echo "127.0.0.1:$((kv_first_port + 2 * $1 - 1))"; }
# Of the acceptors, which are counted from 1: where requests are sent, and its control plane.
kv_switch_port() { echo $((kv_first_port + 2 * (kv_size + kv_spare + $1) - 2)); }
kv_switch_control_port() { echo $(($(kv_switch_port "$1") + 1)); }
kv_switch_address() { echo "switch://127.0.0.1:$(kv_switch_port "$1")/$(kv_switch_control_port "$1")"; }
# kv_switch_url <switch> [<id:incarnation>]: as etcdctl takes it.
kv_switch_url() {
  echo "http://${2:+$2@}127.0.0.1:$(kv_switch_port "$1")?acceptor=$(kv_switch_control_port "$1")"
}
kv_running() { [[ -n "${kv_pids[$1]:-}" ]] && kill -0 "${kv_pids[$1]}" 2>/dev/null; }

# The client addresses of all members, or of those given.
kv_endpoints() {
  local id list=""
  if (($# == 0)); then
    # shellcheck disable=SC2046
    set -- $(seq "$kv_size")
  fi
  for id in "$@"; do
    list+="${list:+,}$(kv_endpoint "$id")"
  done
  echo "$list"
}

# etcdctl against one member, or a list of endpoints.
kv_ctl() {
  local where="$1"
  shift
  [[ "$where" == *:* ]] || where="$(kv_endpoint "$where")"
  ETCDCTL_API=3 etcdctl --endpoints="$where" "$@"
}

kv_cluster() {
  local id list=""
  for ((id = 1; id <= kv_size; ++id)); do
    list+="${list:+,}$id=$(kv_peer_address "$id")/$(kv_endpoint "$id")"
  done
  echo "$list"
}

kv_port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A row of ports that nobody listens at, below the range from which the kernel serves connections.
kv_choose_ports() {
  local port tries
  for ((tries = 0; tries < 100; ++tries)); do
    kv_first_port=$((10000 + RANDOM % 20000))
    for ((port = kv_first_port; port < kv_first_port + 2 * (kv_size + kv_spare + kv_switches); ++port)); do
      kv_port_is_free "$port" || continue 2
    done
    return
  done
  kv_fail "found no free ports"
}

# kv_bootstrap <ids...>: all at once, as on machines of their own. Each is a job of this shell itself,
# so that whoever ends its jobs ends all that runs.
kv_bootstrap() {
  local id
  local -a running
  for id in "$@"; do
    "$kv_bin/synod-kv" bootstrap --id="$id" --cluster="$(kv_cluster)" --cluster-id=4711 \
      --data-dir="$kv_dir/$id" --log="$kv_log" "${kv_bootstrap_flags[@]}" >>"$kv_dir/$id.log" 2>&1 &
    running[id]=$!
  done
  for id in "$@"; do
    wait "${running[id]}" || kv_fail "cannot bootstrap member $id; see $kv_dir/$id.log"
  done
}

# Asks etcdctl only once somebody listens: it would not try a second time for a whole second.
kv_answers() {
  ! kv_port_is_free $((kv_first_port + 2 * $1 - 1)) &&
    kv_ctl "$1" endpoint status --command-timeout=1s --dial-timeout=1s
}

# kv_start <id> [more flags]: starts a member and returns once it answers, or fails if it ends
# before.
kv_start() {
  "$kv_bin/synod-kv" serve --id="$1" --cluster="$(kv_cluster)" --data-dir="$kv_dir/$1" \
    --log="$kv_log" "${kv_flags[@]}" "${@:2}" >>"$kv_dir/$1.log" 2>&1 &
  kv_pids[$1]=$!
  local deadline=$((SECONDS + 60))
  until kv_answers "$1" >/dev/null 2>&1; do
    if ! kv_running "$1"; then
      return 1
    fi
    if ((SECONDS >= deadline)); then
      kv_fail "member $1 does not answer; see $kv_dir/$1.log"
    fi
    sleep 0.02
  done
}

# The same for a newcomer, whose data directory is empty.
kv_start_newcomer() { kv_start "$1" --join --cluster-id=4711; }

# kv_end <signal> <process>: sends it and waits for the process to end; its exit code is in kv_exit.
# One that has not ended after kv_patience seconds is killed, so that its exit code is 137.
kv_end() {
  local deadline=$((SECONDS + kv_patience))
  kv_exit=0
  # Bash would tell the reader of each process that was killed.
  {
    kill -s "$1" "$2" || true
    while kill -0 "$2"; do
      if ((SECONDS >= deadline)); then
        echo "process $2 has not ended $kv_patience s after SIG$1: killing it" >&3
        kill -s KILL "$2" || true
        break
      fi
      sleep 0.02
    done
    wait "$2" || kv_exit=$?
  } 3>&2 2>/dev/null
}
# kv_signal <signal> <id>: the same for a member.
kv_signal() {
  kv_end "$1" "${kv_pids[$2]}"
  kv_pids[$2]=""
}
kv_kill() { kv_signal KILL "$1"; }
kv_stop() { kv_signal TERM "$1"; }

# kv_counter <id> <name>: a counter of that member's; 0 if it has none of that name. It writes them
# into its log on SIGUSR1, all at once.
kv_counter() {
  local lists
  lists="$(kv_counter_lists "$1")"
  kill -s USR1 "${kv_pids[$1]}"
  kv_wait 30 "the counters of member $1" kv_counter_lists_exceed "$1" "$lists"
  awk -v line="synod-kv: counter $2 " 'index($0, line) == 1 {value = $NF} END {print value + 0}' \
    "$kv_dir/$1.log"
}
kv_counter_lists() { grep -c "^synod-kv: these were all counters" "$kv_dir/$1.log" || true; }
kv_counter_lists_exceed() { (($(kv_counter_lists "$1") > $2)); }

# kv_switch_control <switch> <command...>: asks its control plane.
kv_switch_control() {
  "$kv_bin/synod-switch" control "127.0.0.1:$(kv_switch_control_port "$1")" "${@:2}"
}
# As after power-on: it has no state, and is no voter.
kv_switch_start() {
  "$kv_bin/synod-switch" serve --listen="127.0.0.1:$(kv_switch_port "$1")" \
    --control="127.0.0.1:$(kv_switch_control_port "$1")" >>"$kv_dir/switch$1.log" 2>&1 &
  kv_switch_pids[$1]=$!
  kv_wait 30 "switch $1" kv_switch_control "$1" state
}
# Its power is cut.
kv_switch_kill() {
  kv_end KILL "${kv_switch_pids[$1]}"
  kv_switch_pids[$1]=""
}
# kv_switch_replace <switch> <id>: makes it a voter again, as another one than it was: its promises
# are gone, so it is enabled under an incarnation of which there are none, and the members are
# changed to have that under its id.
kv_switch_replace() {
  local enabled incarnation
  enabled="$(kv_switch_control "$1" enable 1 random)" || return 1
  incarnation="$(grep -o '0x[0-9a-f]*' <<<"$enabled")"
  kv_wait 120 "switch $1 to be replaced" \
    kv_switch_is_member "$1" "$2:${incarnation#0x}"
}
kv_switch_is_member() {
  local answer
  answer="$(kv_ctl "$(kv_leader)" member add "switch$1" --peer-urls="$(kv_switch_url "$1" "$2")" 2>&1)" ||
    [[ "$answer" == *"member ID already exist"* ]]
}
kv_switch_kill_all() {
  local i
  for ((i = 1; i <= kv_switches; ++i)); do
    if [[ -n "${kv_switch_pids[$i]:-}" ]]; then kv_switch_kill "$i"; fi
  done
}
# For --acceptors.
kv_acceptors() {
  local i list=""
  for ((i = 1; i <= kv_switches; ++i)); do list+="${list:+,}$(kv_switch_address "$i")"; done
  echo "$list"
}

kv_stop_all() {
  local id
  for ((id = 1; id <= kv_size; ++id)); do
    if kv_running "$id"; then kv_kill "$id"; fi
  done
}

# kv_new_cluster <size> [flags of synod-kv serve]: bootstraps and starts it, and waits for a leader.
kv_new_cluster() {
  kv_size="$1"
  shift
  kv_flags=("$@")
  local id tries
  kv_choose_ports
  if ((kv_switches > 0)); then
    for ((id = 1; id <= kv_switches; ++id)); do kv_switch_start "$id"; done
    kv_bootstrap_flags+=(--acceptors="$(kv_acceptors)")
  fi
  # shellcheck disable=SC2046
  kv_bootstrap $(seq "$kv_size" -1 1)
  # Somebody may have taken a port since.
  for ((tries = 0; tries < 5; ++tries)); do
    for ((id = 1; id <= kv_size; ++id)); do
      kv_start "$id" || break
    done
    if ((id > kv_size)); then
      kv_await_leader >/dev/null
      return
    fi
    kv_stop_all
    # The acceptors are where they are.
    ((kv_switches > 0)) || kv_choose_ports
  done
  kv_fail "the members do not start; see $kv_dir/$id.log"
}

# One line a member that answers: id, whether it leads, the index it has applied.
kv_status() {
  local id
  for ((id = 1; id <= kv_size; ++id)); do
    if kv_running "$id"; then
      { kv_ctl "$id" endpoint status 2>/dev/null || true; } |
        awk -F', ' -v id="$id" '{print id, $5, $9}'
    fi
  done
}

# The id of the member that leads, as it says itself. Reads all there is before it ends: whoever
# writes into a pipe that nobody reads any more fails.
kv_leader() { kv_status | awk '$2 == "true" && !found {print $1; found = 1} END {exit !found}'; }

# The same as soon as there is one: between two leaders there is none for a moment.
kv_await_leader() {
  local deadline=$((SECONDS + 60)) id
  until id="$(kv_leader)"; do
    if ((SECONDS >= deadline)); then
      kv_fail "gave up waiting for a leader"
    fi
    sleep 0.05
  done
  echo "$id"
}

kv_all_applied() {
  [[ "$(kv_status | wc -l)" == "$kv_size" ]] &&
    [[ "$(kv_status | awk '{print $3}' | sort -u | wc -l)" == 1 ]]
}

# Waits until all members have applied the same, and prints "id hash" of each; fails if they differ,
# or if one gives none.
kv_hashes() {
  kv_wait 60 "all members to catch up" kv_all_applied
  local id answer hash hashes=""
  for ((id = 1; id <= kv_size; ++id)); do
    answer="$(kv_ctl "$id" endpoint hashkv)" || return 1
    hash="$(awk -F', ' '{print $2}' <<<"$answer")"
    if [[ ! "$hash" =~ ^[0-9]+$ ]]; then
      echo "member $id gives no hash but '$answer'" >&2
      return 1
    fi
    hashes+="$id $hash"$'\n'
  done
  printf '%s' "$hashes"
  [[ "$(printf '%s' "$hashes" | awk '{print $2}' | sort -u | wc -l)" == 1 ]]
}

# kv_load_start <record> [flags of synod-kv-load run]; the results are in <record>.result in the end.
kv_load_start() {
  kv_load_record="$1"
  shift
  : >"$kv_load_record"
  "$kv_bin/synod-kv-load" run --endpoints="$(kv_endpoints)" --record="$kv_load_record" \
    --seconds=3600 "$@" >"$kv_load_record.result" &
  kv_load_pid=$!
}
kv_load_stop() {
  kv_end TERM "$kv_load_pid"
  kv_load_pid=""
  return "$kv_exit"
}
kv_load_count() { wc -l <"$kv_load_record"; }
kv_load_exceeds() { (($(kv_load_count) > $1)); }
# Waits for so many more acknowledged writes.
kv_load_more() {
  kv_wait 120 "$1 more acknowledged writes" kv_load_exceeds $(($(kv_load_count) + $1))
}
kv_load_result() { awk -v name="$1" '$1 == name {print $2}' "$kv_load_record.result"; }
