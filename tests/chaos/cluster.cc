#include "tests/chaos/cluster.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <poll.h>

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "kv/proto/etcdserver.grpc.pb.h"
#include "tests/conformance/transport/loopback.h"

namespace synod::chaos {

namespace {

using Clock = std::chrono::steady_clock;

// Whatever is waited for comes long before, but on a machine that is very busy.
constexpr std::chrono::seconds kPatience(120);

std::filesystem::path NewFolder() {
  std::string path = std::filesystem::temp_directory_path() / "synod-chaos-test.XXXXXX";
  if (mkdtemp(path.data()) == nullptr) ADD_FAILURE() << "cannot make a folder " << path;
  return path;
}

// Enough of a file to show why its writer ended.
std::string EndOf(const std::string& path) {
  constexpr size_t kLength = 2000;
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.substr(text.size() - std::min(text.size(), kLength));
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

Cluster::Cluster(const Options& options)
    : options_(options), folder_(NewFolder()), network_(options.seed) {
  std::vector<std::string> peer_addresses;
  for (uint64_t i = 0; i < options.size; ++i) {
    peer_addresses.push_back(testing::NewLoopbackAddress());
    client_addresses_.push_back(testing::NewLoopbackAddress());
    channels_.push_back(Connect(client_addresses_.back()));
  }
  // Each member listens where it says, and is told of the others where the network takes it in.
  // What it sends on to a leader goes to the leader's address for clients: through the network,
  // too.
  for (uint64_t self = 1; self <= options.size; ++self) {
    std::string& view = views_.emplace_back();
    for (uint64_t other = 1; other <= options.size; ++other) {
      std::string peer = peer_addresses[other - 1];
      std::string client = client_addresses_[other - 1];
      if (other != self) {
        peer = network_.AddRoute(self, other, peer);
        client = network_.AddRoute(self, other, client);
      }
      view += (view.empty() ? "" : ",") + std::to_string(other) + "=" + peer + "/" + client;
    }
  }
  for (uint64_t id = 1; id <= options.size; ++id) {
    const std::string log = LogOf(NodeId(id));
    EXPECT_EQ(RunCommand(CommandOf("bootstrap", id), log), 0) << "see " << log;
    members_.emplace_back(id, CommandOf("serve", id), log).Start();
  }
}

Cluster::~Cluster() {
  const uint64_t size = members_.size();
  members_.clear();
  if (::testing::Test::HasFailure()) {
    std::cerr << "the output of the members is in " << folder_ << ", and ends in" << std::endl;
    for (uint64_t id = 1; id <= size; ++id) {
      std::cerr << "== member " << id << "\n" << EndOf(LogOf(NodeId(id))) << std::endl;
    }
  } else {
    std::filesystem::remove_all(folder_);
  }
}

std::vector<std::string> Cluster::CommandOf(const char* verb, NodeId id) const {
  const std::string number = std::to_string(id.value());
  return {SYNOD_KV_PROGRAM, verb, "--id=" + number, "--cluster=" + views_[id.value() - 1],
          "--cluster-id=4711", "--data-dir=" + (folder_ / number).string(), "--log=" + options_.log,
          // So low that a storm of some seconds has many elections, and that members often come
          // back through a snapshot.
          "--heartbeat-interval=20ms", "--election-timeout=200ms", "--snapshot-entries=50",
          "--trailing-entries=5"};
}

std::string Cluster::LogOf(NodeId id) const {
  return folder_ / (std::to_string(id.value()) + ".log");
}

std::vector<NodeId> Cluster::Ids() const {
  std::vector<NodeId> ids;
  for (const Member& member : members_) ids.push_back(member.id());
  return ids;
}

Member& Cluster::member(NodeId id) {
  return *std::next(members_.begin(), static_cast<ptrdiff_t>(id.value() - 1));
}

NodeId Cluster::FindLeader() const {
  for (const auto& channel : channels_) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
    etcdserverpb::StatusResponse status;
    auto stub = etcdserverpb::Maintenance::NewStub(channel);
    if (stub->Status(&context, {}, &status).ok() && status.leader() != 0) return status.leader();
  }
  return {};
}

void Cluster::Recover() {
  network_.Heal();
  for (Member& member : members_) {
    member.Resume();
    if (!member.IsStarted()) member.Start();
  }
}

void Cluster::Stop(NodeId id) {
  if (!member(id).Stop(kPatience)) {
    ADD_FAILURE() << "member " << id.value() << " does not stop in good order";
  }
}

void Cluster::MoveLeader(NodeId to) const {
  const NodeId leader = FindLeader();
  if (leader.IsZero()) return;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  etcdserverpb::MoveLeaderRequest request;
  request.set_targetid(to.value());
  etcdserverpb::MoveLeaderResponse response;
  auto stub = etcdserverpb::Maintenance::NewStub(channel(leader));
  // What comes of it is up to the faults around.
  static_cast<void>(stub->MoveLeader(&context, request, &response));
}

bool Cluster::Watch(Duration time) const {
  std::vector<pollfd> ends;
  std::vector<NodeId> ids;
  for (const Member& member : members_) {
    if (!member.IsStarted()) continue;
    ends.push_back({.fd = member.ended_fd(), .events = POLLIN, .revents = 0});
    ids.push_back(member.id());
  }
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  if (poll(ends.data(), ends.size(), static_cast<int>(milliseconds)) <= 0) return true;
  for (size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].revents != 0) ADD_FAILURE() << "member " << ids[i].value() << " ends by itself";
  }
  return false;
}

bool Cluster::Await(std::string_view what, const std::function<bool()>& holds) const {
  const auto end = Clock::now() + kPatience;
  while (!holds()) {
    if (Clock::now() > end) {
      ADD_FAILURE() << "gave up waiting: " << what;
      return false;
    }
    if (!Watch(std::chrono::milliseconds(20))) return false;
  }
  return true;
}

}  // namespace synod::chaos
