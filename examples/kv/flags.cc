#include "kv/flags.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <set>
#include <system_error>

#include <synod/core/configuration.h>
#include <synod/core/quorum_text.h>
#include <synod/switch/acceptor_address.h>

#include "absl/time/time.h"

#include "kv/peer_url.h"

namespace synod_kv {

namespace {

constexpr std::string_view kIntroduction =
    R"(synod-kv is a replicated key-value server that speaks etcd's v3 protocol.

  synod-kv bootstrap --id=N --cluster=… --cluster-id=N --data-dir=…
      Prepares the data directory of one member, once in its life, before its first start.
  synod-kv serve --id=N --cluster=… --data-dir=…
      Runs the member until SIGTERM or SIGINT. On SIGUSR1 it writes all its counters to
      standard error, refused requests by reason among them.
  synod-kv serve --join --id=N --cluster=… --cluster-id=N --data-dir=…
      Runs a member that a cluster which exists is to take in: it waits for etcdctl member add.
      Its data directory needs no bootstrap.
  synod-kv --version
      Prints the version.

)";

struct Flag {
  std::string_view name;
  std::string_view value;  // What stands for its value in the help; empty: it has none.
  std::string_view help;
  absl::Status (*parse)(std::string_view text, Flags* flags);
};

absl::Status Wrong(std::initializer_list<std::string_view> parts) {
  std::string message;
  for (std::string_view part : parts) message.append(part);
  return absl::InvalidArgumentError(message);
}

absl::Status ParseInteger(std::string_view text, uint64_t* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  if (error != std::errc() || stop != end || *value == 0) {
    return absl::InvalidArgumentError("must be a positive number");
  }
  return absl::OkStatus();
}

absl::Status ParseDuration(std::string_view text, synod::Duration* value) {
  absl::Duration parsed;
  if (!absl::ParseDuration(absl::string_view(text.data(), text.size()), &parsed) ||
      parsed <= absl::ZeroDuration() || parsed > absl::Hours(1)) {
    return absl::InvalidArgumentError("must be a time of at most 1h such as 50ms or 1.5s");
  }
  *value = absl::ToChronoNanoseconds(parsed);
  return absl::OkStatus();
}

const Flag kFlags[] = {
    {"id", "N", "Which member of the cluster this is.",
     [](std::string_view text, Flags* flags) {
       uint64_t id = 0;
       absl::Status status = ParseInteger(text, &id);
       flags->id = id;
       return status;
     }},
    {"join", "",
     "This member is new, or its disk is, and the cluster exists. If the data directory\n"
     "is empty, it is prepared for a member that promised nothing and waits to be made\n"
     "one by etcdctl member add; else it is started as it is. --cluster names the\n"
     "members that there are and this one. Needs --cluster-id.",
     [](std::string_view, Flags* flags) {
       flags->joins = true;
       return absl::OkStatus();
     }},
    {"cluster", "1=HOST:PORT/HOST:PORT,2=…",
     "All members, this one included: of each its id, the address where it listens\n"
     "to the other members, and the address where it listens to clients. The same\n"
     "on every member, as long as the members do not change; afterwards a member that\n"
     "joined need not be in the others'. IPv6 addresses go in brackets.",
     [](std::string_view text, Flags* flags) {
       absl::StatusOr<std::vector<ClusterMember>> cluster = ParseCluster(text);
       if (!cluster.ok()) return cluster.status();
       flags->cluster = *std::move(cluster);
       return absl::OkStatus();
     }},
    {"cluster-id", "N",
     "A number of your choice that no other cluster has; members of different\n"
     "clusters refuse each other. The same on every member. bootstrap needs it;\n"
     "serve compares it, if it is given, with the data directory's.",
     [](std::string_view text, Flags* flags) {
       uint64_t id = 0;
       absl::Status status = ParseInteger(text, &id);
       flags->cluster_id = synod::ClusterId(id);
       return status;
     }},
    {"protocol", "raft|multipaxos",
     "How the members decide, for as long as the cluster exists (default raft): bootstrap\n"
     "writes it down, the same on every member, and --join needs it too.",
     [](std::string_view text, Flags* flags) {
       for (const auto protocol : {synod::Protocol::kRaft, synod::Protocol::kMultiPaxos}) {
         if (synod::Describe(protocol) != text) continue;
         flags->protocol = protocol;
         return absl::OkStatus();
       }
       return absl::InvalidArgumentError("must be raft or multipaxos");
     }},
    {"quorum", "RULE",
     "Which members decide, for as long as the cluster exists: bootstrap writes it down,\n"
     "the same on every member. majority (default); flexible:q1=N,q2=N: any q1 of the\n"
     "members elect a leader and any q2 commit, so that with five members q1=4,q2=2\n"
     "waits for one other alone, and bears the loss of one; weighted:q1=N,q2=N,1=W,2=W,…:\n"
     "those who weigh so much together; grid:columns=N, of multipaxos alone: the members\n"
     "in rows of N, of which one elects, and a column commits. Quorums that might\n"
     "miss each other are refused.",
     [](std::string_view text, Flags* flags) {
       absl::StatusOr<synod::QuorumRule> rule = synod::ParseQuorumRule(text);
       if (!rule.ok()) return rule.status();
       flags->quorums = *std::move(rule);
       return absl::OkStatus();
     }},
    {"acceptors", "switch://HOST:PORT[/CONTROL],…",
     "Voters besides the members, of a cluster that runs multipaxos, that are nothing but\n"
     "acceptors in the network: synod-switch serve, or a switch. Of each the IPv4 address\n"
     "to which requests are sent and, if synod-switch controls it, its control port. Their\n"
     "ids come behind the members', in this order. bootstrap enables those that are not\n"
     "yet, and writes down which they are; the same on every member. serve knows them from\n"
     "the data directory, and compares.",
     [](std::string_view text, Flags* flags) {
       while (true) {
         const size_t comma = text.find(',');
         const std::string_view one = text.substr(0, comma);
         const auto address = synod::slots::ParseAcceptorAddress(one);
         if (!address.ok()) return address.status();
         flags->acceptors.emplace_back(one);
         if (comma == text.npos) return absl::OkStatus();
         text.remove_prefix(comma + 1);
       }
     }},
    {"data-dir", "PATH",
     "Where the member keeps its log and its snapshots. Each member has its own;\n"
     "one process at a time may use it.",
     [](std::string_view text, Flags* flags) {
       flags->data_dir = text;
       return text.empty() ? absl::InvalidArgumentError("must not be empty") : absl::OkStatus();
     }},
    {"log", "rocksdb|wal|memory",
     "How the log is kept (default rocksdb). wal is Synod's own write-ahead log; a\n"
     "data directory is of the kind with which it was bootstrapped. memory keeps\n"
     "nothing: such a member needs no data directory and no bootstrap but\n"
     "--cluster-id, and once it has stopped it cannot come back.",
     [](std::string_view text, Flags* flags) {
       if (text == "rocksdb") {
         flags->log = Flags::Log::kRocksDb;
       } else if (text == "wal") {
         flags->log = Flags::Log::kWal;
       } else if (text == "memory") {
         flags->log = Flags::Log::kMemory;
       } else {
         return absl::InvalidArgumentError("must be rocksdb, wal or memory");
       }
       return absl::OkStatus();
     }},
    {"heartbeat-interval", "TIME",
     "How often a leader shows that it is alive (default 50ms). No less than the round\n"
     "trip between members.",
     [](std::string_view text, Flags* flags) {
       return ParseDuration(text, &flags->heartbeat_interval);
     }},
    {"election-timeout", "TIME",
     "After how long without a sign of the leader a member wants to replace it: a\n"
     "time drawn between this and twice this (default 500ms). At least three times\n"
     "the heartbeat interval, and ten times as a rule.",
     [](std::string_view text, Flags* flags) {
       return ParseDuration(text, &flags->election_timeout);
     }},
    {"snapshot-entries", "N",
     "After how many log entries a snapshot is taken and the log shortened\n"
     "(default 100000).",
     [](std::string_view text, Flags* flags) {
       return ParseInteger(text, &flags->snapshot_entries);
     }},
    {"snapshot-bytes", "N",
     "Likewise after how many bytes of them, whichever comes first (default 67108864,\n"
     "64 MiB). Each snapshot writes the whole store: let it be about as large as the\n"
     "store is, so that no more is written for snapshots than for the log. So much of\n"
     "the log is in memory besides the store, up to 1 GiB.",
     [](std::string_view text, Flags* flags) {
       return ParseInteger(text, &flags->snapshot_bytes);
     }},
    {"trailing-entries", "N",
     "How many log entries are kept behind a snapshot (default 10000): a member that\n"
     "lags by more comes back through a snapshot.",
     [](std::string_view text, Flags* flags) {
       return ParseInteger(text, &flags->trailing_entries);
     }},
    {"quota-bytes", "N",
     "How large the store may become before puts are refused, about (default 2147483648,\n"
     "2 GiB). All of it is in memory, old versions included: compaction makes room.",
     [](std::string_view text, Flags* flags) { return ParseInteger(text, &flags->quota_bytes); }},
};

// The flag that the first of the arguments begins, and its value, which is behind a '=' or the next
// argument; takes them off.
absl::Status ParseFlag(std::span<const std::string_view>* arguments,
                       std::vector<std::string_view>* seen, Flags* flags) {
  const std::string_view argument = arguments->front();
  *arguments = arguments->subspan(1);
  const size_t equals = argument.find('=');
  const std::string_view name = argument.substr(2, equals == argument.npos ? equals : equals - 2);
  const auto* flag = std::find_if(std::begin(kFlags), std::end(kFlags),
                                  [name](const Flag& f) { return f.name == name; });
  if (flag == std::end(kFlags)) return Wrong({"there is no flag --", name});
  if (flag->value.empty() && equals != argument.npos) {
    return Wrong({"--", name, " takes no value"});
  }
  std::string_view value;
  if (equals != argument.npos) {
    value = argument.substr(equals + 1);
  } else if (!flag->value.empty()) {
    if (arguments->empty() || arguments->front().starts_with("--")) {
      return Wrong({"--", name, " needs a value: --", name, "=", flag->value});
    }
    value = arguments->front();
    *arguments = arguments->subspan(1);
  }
  if (std::find(seen->begin(), seen->end(), name) != seen->end()) {
    return Wrong({"--", name, " is given twice"});
  }
  seen->push_back(name);
  absl::Status status = flag->parse(value, flags);
  if (status.ok()) return status;
  return Wrong({"--", name, ": ", {status.message().data(), status.message().size()}});
}

absl::Status CheckAcceptors(const Flags& flags, bool makes_group) {
  if (flags.acceptors.empty()) return absl::OkStatus();
  if (flags.joins) {
    return absl::InvalidArgumentError(
        "--acceptors is for bootstrap: a member that joins learns them from the others");
  }
  if (makes_group && flags.protocol != synod::Protocol::kMultiPaxos) {
    return absl::InvalidArgumentError("--acceptors needs --protocol=multipaxos");
  }
  std::set<std::string> endpoints;
  for (const std::string& acceptor : flags.acceptors) {
    if (!endpoints.insert(EndpointOf(acceptor)).second) {
      return absl::InvalidArgumentError("--acceptors names one twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTogether(const Flags& flags) {
  if (flags.id.IsZero()) return absl::InvalidArgumentError("--id is missing");
  if (flags.cluster.empty()) return absl::InvalidArgumentError("--cluster is missing");
  const auto is_self = [&](const ClusterMember& member) { return member.id == flags.id; };
  if (std::none_of(flags.cluster.begin(), flags.cluster.end(), is_self)) {
    return Wrong(
        {"--cluster has no member ", std::to_string(flags.id.value()), ", which --id names"});
  }
  const bool in_memory = flags.log == Flags::Log::kMemory;
  const bool bootstraps = flags.verb == Flags::Verb::kBootstrap;
  if (in_memory && bootstraps) {
    return absl::InvalidArgumentError("--log=memory keeps nothing that could be bootstrapped");
  }
  if (in_memory && !flags.data_dir.empty()) {
    return absl::InvalidArgumentError("--log=memory uses no --data-dir");
  }
  if (!in_memory && flags.data_dir.empty()) {
    return absl::InvalidArgumentError("--data-dir is missing");
  }
  if (flags.joins && bootstraps) {
    return absl::InvalidArgumentError("--join is for serve, which prepares what it needs");
  }
  if (flags.joins && flags.cluster.size() == 1) {
    return absl::InvalidArgumentError(
        "--cluster must also name the members that there are: --join is for a cluster that exists");
  }
  const bool makes_group = bootstraps || (in_memory && !flags.joins);
  if (!makes_group && flags.quorums != synod::QuorumRule()) {
    return absl::InvalidArgumentError(
        "--quorum is for bootstrap: a member that starts knows it from its data directory, and one "
        "that joins from the others");
  }
  if (!makes_group && !flags.joins && flags.protocol != synod::Protocol::kRaft) {
    return absl::InvalidArgumentError(
        "--protocol is for bootstrap: a member that starts knows it from its data directory");
  }
  if (absl::Status status = CheckAcceptors(flags, makes_group); !status.ok()) return status;
  std::vector<synod::NodeId> voters = flags.AcceptorIds();
  for (const ClusterMember& member : flags.cluster) voters.push_back(member.id);
  std::sort(voters.begin(), voters.end());
  if (absl::Status status =
          synod::CheckQuorums(flags.quorums, voters, synod::ElectionsMustMeet(flags.protocol));
      !status.ok()) {
    return Wrong({"--quorum: ", {status.message().data(), status.message().size()}});
  }
  if ((bootstraps || in_memory || flags.joins) && !flags.cluster_id) {
    return absl::InvalidArgumentError("--cluster-id is missing");
  }
  if (flags.election_timeout < 3 * flags.heartbeat_interval) {
    return absl::InvalidArgumentError(
        "--election-timeout must be at least three times --heartbeat-interval");
  }
  return absl::OkStatus();
}

}  // namespace

const ClusterMember& Flags::Self() const {
  return *std::find_if(cluster.begin(), cluster.end(),
                       [this](const ClusterMember& member) { return member.id == id; });
}

std::vector<synod::NodeId> Flags::AcceptorIds() const {
  synod::NodeId last;
  for (const ClusterMember& member : cluster) last = std::max(last, member.id);
  std::vector<synod::NodeId> ids;
  for (size_t i = 1; i <= acceptors.size(); ++i) ids.emplace_back(last.value() + i);
  return ids;
}

absl::StatusOr<Flags> ParseFlags(std::span<const std::string_view> arguments) {
  Flags flags;
  if (arguments.empty()) {
    return absl::InvalidArgumentError("say what to do: bootstrap or serve");
  }
  for (std::string_view argument : arguments) {
    if (argument == "--help" || argument == "-h" || argument == "help") return flags;
    if (argument == "--version" || argument == "version") {
      flags.verb = Flags::Verb::kVersion;
      return flags;
    }
  }
  if (arguments[0] == "serve") {
    flags.verb = Flags::Verb::kServe;
  } else if (arguments[0] == "bootstrap") {
    flags.verb = Flags::Verb::kBootstrap;
  } else {
    return Wrong({"'", arguments[0], "' is neither bootstrap nor serve"});
  }
  std::vector<std::string_view> seen;
  for (auto left = arguments.subspan(1); !left.empty();) {
    if (!left.front().starts_with("--")) {
      return Wrong({"'", left.front(), "' is not a flag"});
    }
    absl::Status status = ParseFlag(&left, &seen, &flags);
    if (!status.ok()) return status;
  }
  absl::Status status = CheckTogether(flags);
  if (!status.ok()) return status;
  return flags;
}

std::string VersionText() { return "synod-kv " SYNOD_KV_VERSION "\n"; }

std::string HelpText() {
  std::string text(kIntroduction);
  for (const Flag& flag : kFlags) {
    text.append("  --").append(flag.name);
    if (!flag.value.empty()) text.append("=").append(flag.value);
    text.append("\n      ");
    for (char c : flag.help) {
      text += c;
      if (c == '\n') text += "      ";
    }
    text += "\n";
  }
  return text;
}

}  // namespace synod_kv
