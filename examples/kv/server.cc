#include "kv/server.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <string>
#include <utility>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <synod/memory.h>
#include <synod/rocksdb.h>
#include <synod/switch/acceptors.h>
#include <synod/tcp.h>
#include <synod/wal.h>

#include "kv/acceptors.h"
#include "kv/command.h"
#include "kv/kv_state_machine.h"
#include "kv/loaded_store.h"
#include "kv/member_transport.h"
#include "kv/peer_url.h"
#include "kv/request_check.h"
#include "kv/request_intake.h"

namespace synod_kv {

namespace {

constexpr synod::GroupId kGroup = 1;

absl::StatusOr<synod::BootstrapOptions> BootstrapOptionsOf(const Flags& flags) {
  synod::BootstrapOptions options{
      .cluster = *flags.cluster_id, .node = flags.id, .group = kGroup, .members = {}};
  options.joins = flags.joins;
  options.protocol = flags.protocol;
  if (flags.joins) return options;  // It learns of them, and of how they decide.
  options.quorums = flags.quorums;
  for (const ClusterMember& member : flags.cluster) options.members.push_back(member.id);
  absl::StatusOr<std::vector<synod::MemberRecord>> acceptors = FindAcceptors(flags, kGroup);
  if (!acceptors.ok()) return acceptors.status();
  options.acceptors = *std::move(acceptors);
  return options;
}

absl::Status BootstrapStore(synod::LogStore& log, const Flags& flags) {
  const absl::StatusOr<synod::BootstrapOptions> options = BootstrapOptionsOf(flags);
  return options.ok() ? synod::Bootstrap(log, *options) : options.status();
}

// What a data directory holds. Only the bootstrap makes one, and the start of a newcomer, who has
// promised nothing: where another start finds none, a disk may be missing, and nothing is to be
// written in its place.
absl::StatusOr<std::unique_ptr<synod::LogStore>> OpenDirectory(const Flags& flags) {
  const bool creates = flags.verb == Flags::Verb::kBootstrap || flags.joins;
  if (flags.log == Flags::Log::kWal) {
    return synod::wal::Open(flags.data_dir,
                            {.create_if_missing = creates, .logger = synod::StderrLogger()});
  }
  return synod::rocksdb::Open(flags.data_dir,
                              {.create_if_missing = creates, .logger = synod::StderrLogger()});
}

absl::Status NotBootstrappedError(const Flags& flags) {
  const bool is_wal = flags.log == Flags::Log::kWal;
  return absl::FailedPreconditionError(
      flags.data_dir +
      " has not been bootstrapped. Before its first start run synod-kv bootstrap, with the same "
      "--id, --cluster and --data-dir, " +
      (is_wal ? "--log=wal " : "") +
      "and a --cluster-id. If this member has run before, its disk was lost or is not mounted, and "
      "it must not be bootstrapped again: the others go on without it, until it comes back by "
      "serve --join and is made a member again");
}

absl::StatusOr<std::unique_ptr<synod::LogStore>> OpenLog(const Flags& flags) {
  if (flags.log != Flags::Log::kMemory) {
    auto log = OpenDirectory(flags);
    if (absl::IsNotFound(log.status())) return NotBootstrappedError(flags);
    if (!log.ok() || !flags.joins) return log;
    if (!absl::IsNotFound((*log)->Identity().status())) return log;
    absl::Status status = BootstrapStore(**log, flags);
    if (!status.ok()) return status;
    return log;
  }
  std::unique_ptr<synod::LogStore> log = synod::memory::Create();
  absl::Status status = BootstrapStore(*log, flags);
  if (!status.ok()) return status;
  return log;
}

absl::StatusOr<synod::StoreIdentity> IdentityOf(const synod::LogStore& log, const Flags& flags) {
  absl::StatusOr<synod::StoreIdentity> identity = log.Identity();
  if (absl::IsNotFound(identity.status())) return NotBootstrappedError(flags);
  if (!identity.ok()) return identity.status();
  if (identity->node != flags.id) {
    return absl::FailedPreconditionError(flags.data_dir + " belongs to the member " +
                                         std::to_string(identity->node.value()) + ", not to " +
                                         std::to_string(flags.id.value()) + " as --id says");
  }
  if (flags.cluster_id && *flags.cluster_id != identity->cluster) {
    return absl::FailedPreconditionError(
        flags.data_dir + " belongs to the cluster " + std::to_string(identity->cluster.value()) +
        ", not to " + std::to_string(flags.cluster_id->value()) + " as --cluster-id says");
  }
  return identity;
}

// gRPC listens last, when the others have been met, and does not say what is wrong with an address.
// So somebody else tries before.
absl::Status CheckClientAddress(const ClusterMember& self) {
  const auto listening = synod::tcp::Listen(self.client_address, {});
  if (listening.ok()) return absl::OkStatus();
  return absl::Status(listening.status().code(),
                      "cannot serve clients: " + std::string(listening.status().message()));
}

std::string TextOf(const std::vector<synod::NodeId>& ids) {
  std::string text;
  for (const synod::NodeId id : ids) {
    text += (text.empty() ? "" : ", ") + std::to_string(id.value());
  }
  return text;
}

// They are in the data directory, and a change may have named others since.
absl::Status CheckKnownAcceptors(const synod::Configuration& configuration, const Flags& flags) {
  if (flags.acceptors.empty() || configuration.HasRecords()) return absl::OkStatus();
  std::vector<std::string> known;
  for (const synod::MemberRecord& record : configuration.records) known.push_back(record.address);
  if (known == flags.acceptors) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "--acceptors must list those with which the cluster was bootstrapped, or be left out");
}

// Once members have changed, the flags may name others, too. They are needed for the addresses that
// no change has named.
absl::Status CheckMembers(const synod::Configuration& configuration, const Flags& flags) {
  std::vector<synod::NodeId> flagged;
  for (const ClusterMember& member : flags.cluster) flagged.push_back(member.id);
  synod::Configuration named = synod::Configuration::Of(std::move(flagged));
  named.quorums = configuration.quorums;
  named.protocol = configuration.protocol;
  named.alpha = configuration.alpha;
  named.acceptors = configuration.acceptors;
  named.voters.insert(named.voters.end(), named.acceptors.begin(), named.acceptors.end());
  std::sort(named.voters.begin(), named.voters.end());
  if (!configuration.HasRecords()) named.records = configuration.records;
  if (absl::Status status = CheckKnownAcceptors(configuration, flags); !status.ok()) return status;
  if (configuration.voters.empty() || named == configuration) return absl::OkStatus();
  if (!configuration.HasRecords()) {
    return absl::FailedPreconditionError(
        "--cluster must list the members that the cluster was bootstrapped with: " +
        TextOf(configuration.Replicas()));
  }
  std::vector<synod::NodeId> missing;
  for (const synod::MemberRecord& record : configuration.records) {
    if (record.address.empty() && !named.IsMember(record.node)) missing.push_back(record.node);
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "--cluster must also list these members, since no change has named their addresses: " +
      TextOf(missing));
}

std::string DescribeStanding(Standing standing, const ClusterMember& self,
                             synod::Incarnation incarnation) {
  switch (standing) {
    case Standing::kUnknown:
      break;
    case Standing::kNewcomer: {
      const std::string url = FormatPeerUrl({.id = self.id,
                                             .incarnation = {},
                                             .peer_address = self.peer_address,
                                             .client_address = {}});
      const std::string other = FormatPeerUrl({.id = self.id,
                                               .incarnation = incarnation,
                                               .peer_address = self.peer_address,
                                               .client_address = {}});
      return "waits to be made a member, by: etcdctl member add NAME --peer-urls=" + url +
             ", or with " + other + " if it takes the place of a member whose disk was lost";
    }
    case Standing::kLearner:
      return "is a learner of the cluster";
    case Standing::kVoter:
      return "is a voter of the cluster";
    case Standing::kRemoved:
      return "was removed from the cluster: it may be stopped, and its data directory deleted";
  }
  return "";
}

}  // namespace

absl::StatusOr<std::string> BootstrapMember(const Flags& flags) {
  absl::StatusOr<std::unique_ptr<synod::LogStore>> log = OpenDirectory(flags);
  if (!log.ok()) return log.status();
  if (const absl::StatusOr<synod::StoreIdentity> identity = (*log)->Identity(); identity.ok()) {
    return absl::AlreadyExistsError(flags.data_dir + " was bootstrapped before, as the member " +
                                    std::to_string(identity->node.value()) + " of the cluster " +
                                    std::to_string(identity->cluster.value()) +
                                    ", and was left as it is: start it by serve. To bootstrap it "
                                    "anew remove it first, but only as long as the cluster has "
                                    "never had a leader: afterwards the others would refuse it");
  }
  if (absl::Status status = BootstrapStore(**log, flags); !status.ok()) return status;
  const std::string others =
      flags.cluster.size() == 1 ? "Start it" : "Bootstrap the others likewise, and start this one";
  return flags.data_dir + " is now the data directory of member " + TextOf({flags.id}) +
         " of the cluster " + std::to_string(flags.cluster_id->value()) + ". " + others +
         " by serve, with the same --id, --cluster and --data-dir" +
         (flags.log == Flags::Log::kWal ? ", and --log=wal" : "");
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const Flags& flags, std::function<void(const absl::Status& why)> on_broken) {
  std::unique_ptr<Server> server(new Server());
  absl::Status status = server->StartReplica(flags, std::move(on_broken));
  if (status.ok()) status = server->StartGrpc(flags);
  if (!status.ok()) return status;
  return server;
}

absl::Status Server::StartReplica(const Flags& flags,
                                  std::function<void(const absl::Status&)> on_broken) {
  absl::StatusOr<std::unique_ptr<synod::LogStore>> log = OpenLog(flags);
  if (!log.ok()) return log.status();
  absl::StatusOr<synod::StoreIdentity> identity = IdentityOf(**log, flags);
  if (!identity.ok()) return identity.status();
  incarnation_ = identity->incarnation;
  auto loaded = LoadedStore::Load(*std::move(log), kGroup);
  if (!loaded.ok()) return loaded.status();
  absl::Status named = CheckMembers((*loaded)->configuration(), flags);
  if (!named.ok()) return named;

  std::map<synod::NodeId, std::string> peers;
  for (const ClusterMember& member : flags.cluster) {
    if (member.id != flags.id) peers.emplace(member.id, member.peer_address);
  }
  auto tcp = synod::tcp::Listen(flags.Self().peer_address, peers);
  if (!tcp.ok()) return tcp.status();
  auto all = synod::slots::WithAcceptors(std::move(tcp));
  if (!all.ok()) return all.status();
  auto transport = std::make_unique<MemberTransport>(*std::move(all));
  if (absl::Status status = CheckClientAddress(flags.Self()); !status.ok()) return status;
  absl::StatusOr<synod::Host> host = synod::Host::Start(
      {.id = flags.id, .log = *std::move(loaded), .transport = std::move(transport)});
  if (!host.ok()) return host.status();
  host_.emplace(*std::move(host));
  members_.emplace(flags.id, flags.cluster);
  self_ = flags.Self();

  synod::GroupOptions options;
  options.group = kGroup;
  options.state_machine = std::make_unique<KvStateMachine>(stats_.store, on_broken);
  options.engine.election_timeout = flags.election_timeout;
  options.engine.heartbeat_interval = flags.heartbeat_interval;
  options.engine.max_entry_bytes = kMaxRequestBytes + kMaxCommandOverhead;
  options.engine.trailing_entries = flags.trailing_entries;
  options.snapshot_after_entries = flags.snapshot_entries;
  options.snapshot_after_bytes = flags.snapshot_bytes;
  // A range over many keys or a compaction takes as long as there is data, and leadership must not
  // be lost over it; answer.h has the rest of that. The two thread hops are little beside gRPC's.
  options.apply_on_own_thread = true;
  options.observer.on_role = [this](synod::Role, synod::Term term) {
    stats_.term.store(term.value(), std::memory_order_relaxed);
  };
  options.observer.on_leader = [this](synod::NodeId, synod::Term term) {
    stats_.term.store(term.value(), std::memory_order_relaxed);
    leaders_.NoteChange();
  };
  options.observer.on_members = [this](const synod::Configuration& configuration, bool removed) {
    OnMembers(configuration, removed);
  };
  options.observer.on_stop = std::move(on_broken);
  absl::StatusOr<synod::Replica> replica = host_->Join(std::move(options));
  if (!replica.ok()) return replica.status();
  node_.emplace(Node{.cluster = identity->cluster,
                     .self = flags.id,
                     .incarnation = incarnation_,
                     .quota_bytes = flags.quota_bytes,
                     // An election that succeeds at once takes up to two timeouts.
                     .leader_patience = 4 * flags.election_timeout,
                     .members = *members_,
                     .stats = stats_,
                     .leaders = leaders_,
                     .budget = budget_,
                     .refusals = refusals_,
                     .replica = *replica});
  return absl::OkStatus();
}

absl::Status Server::StartGrpc(const Flags& flags) {
  forwarder_.emplace(node_->cluster, *members_);
  forwarder_->ConnectToOthers(flags.id);
  kv_.emplace(*node_, *forwarder_);
  maintenance_.emplace(*node_);
  cluster_.emplace(*node_, *forwarder_);

  const std::string& address = flags.Self().client_address;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
  // Without this a second server could share the port, and each would get some of the clients.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  AllowProbes(&builder);
  BoundIntake(&builder);  // Answers have no limit by default.
  builder.RegisterService(&*kv_);
  builder.RegisterService(&*maintenance_);
  builder.RegisterService(&*cluster_);
  builder.RegisterCallbackGenericService(&unimplemented_);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr || port == 0) {
    return absl::UnavailableError("cannot serve clients: cannot listen on " + address +
                                  ": is the port in use by now?");
  }
  announcer_.emplace(*node_, address, NewcomerCheck(*node_, *forwarder_, synod::StderrLogger()),
                     grpc_->InProcessChannel({}));
  return announcer_->Start();
}

void Server::OnMembers(const synod::Configuration& configuration, bool removed) {
  members_->OnMembers(configuration, removed);
  const Standing standing = members_->standing();
  const std::optional<Standing> before = std::exchange(logged_standing_, standing);
  // What a member is at its start is no news, unless there is something to do.
  const bool is_usual = standing == Standing::kLearner || standing == Standing::kVoter;
  if (before == standing || (!before && is_usual)) return;
  synod::StderrLogger()(synod::Severity::kInfo,
                        "member " + std::to_string(self_.id.value()) + " " +
                            DescribeStanding(standing, self_, incarnation_));
}

// The others need not wait for an election timeout then.
void Server::HandOver() {
  synod::Replica replica = node_->replica;
  const synod::ReplicaStatus status = replica.Status();
  if (status.role != synod::Role::kLeader) return;
  const synod::ReplicaStatus::Peer* heir = nullptr;
  for (const synod::ReplicaStatus::Peer& peer : status.peers) {
    if (!peer.active || !status.configuration.IsVoter(peer.node)) continue;
    if (status.configuration.IsAcceptor(peer.node)) continue;
    if (heir == nullptr || peer.match > heir->match) heir = &peer;
  }
  if (heir == nullptr) return;
  std::promise<void> ended;
  replica.TransferLeadership(heir->node, std::chrono::seconds(1),
                             [&ended](const absl::Status&) { ended.set_value(); });
  ended.get_future().wait();
}

std::vector<std::pair<std::string, uint64_t>> Server::Counters() const {
  std::vector<std::pair<std::string, uint64_t>> counters = node_->replica.Status().counters;
  counters.emplace_back("kv.calls_under_way", budget_.calls());
  counters.emplace_back("kv.call_bytes_under_way", budget_.bytes());
  counters.emplace_back("kv.answer_bytes_under_way", budget_.answer_bytes());
  counters.emplace_back("kv.writes_forwarded", forwarder_->sent());
  for (auto& [reason, count] : refusals_.Counters()) {
    counters.emplace_back("kv.refused[" + reason + "]", count);
  }
  return counters;
}

void Server::Stop() {
  if (node_ && grpc_ != nullptr) HandOver();
  // Every request that waits for a leader or for the replica ends here, so that the server waits
  // only for those that another member has to answer, for a second.
  leaders_.Close();
  if (announcer_) announcer_->Stop();
  if (host_) host_->Stop();
  if (grpc_ != nullptr) {
    grpc_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
    grpc_->Wait();
    grpc_.reset();
  }
}

}  // namespace synod_kv
