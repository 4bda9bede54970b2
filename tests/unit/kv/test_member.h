// A member of a group of two, with its services, in this process. What listens to clients in the
// other member's place is up to the test.
#ifndef SYNOD_TESTS_UNIT_KV_TEST_MEMBER_H_
#define SYNOD_TESTS_UNIT_KV_TEST_MEMBER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <pthread.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <synod/local.h>
#include <synod/memory.h>
#include <synod/synod.h>

#include "kv/cluster_service.h"
#include "kv/command.h"
#include "kv/kv_service.h"
#include "kv/maintenance_service.h"
#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"
#include "kv/request_check.h"
#include "kv/request_intake.h"

namespace synod_kv {

inline constexpr synod::ClusterId kTestCluster = 7;
inline constexpr synod::NodeId kSelf = 1;
inline constexpr synod::NodeId kOther = 2;
inline constexpr synod::NodeId kNewcomer = 3;

inline void Eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "what was waited for does not come";
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

class TestMember {
 public:
  struct Options {
    std::string other_address = "127.0.0.1:1";  // Where the other is said to listen to clients.
    CallBudget::Limits limits = {};
    size_t intake_bytes = kMaxIntakeBytes;
    synod::Duration leader_patience = std::chrono::hours(1);
    synod::Duration longest_call = std::chrono::hours(1);
    synod::Logger logger = [](synod::Severity, std::string_view) {};
    bool starts_alone = false;  // The two do not reach each other until Heal.
  };

  explicit TestMember(const Options& options) : budget_(options.limits) {
    if (options.starts_alone) network_.Cut(kSelf, kOther);
    members_.emplace(kSelf, std::vector<ClusterMember>{{kSelf, "self:1", "127.0.0.1:2"},
                                                       {kOther, "other:1", options.other_address}});
    for (const synod::NodeId id : {kSelf, kOther}) StartHost(id);
    node_.emplace(Node{.cluster = kTestCluster,
                       .self = kSelf,
                       .quota_bytes = uint64_t{1} << 40,
                       .leader_patience = options.leader_patience,
                       .longest_call = options.longest_call,
                       .members = *members_,
                       .stats = stats_,
                       .leaders = leaders_,
                       .budget = budget_,
                       .refusals = refusals_,
                       .logger = options.logger,
                       .replica = replicas_[0]});
    forwarder_.emplace(kTestCluster, *members_);
    forwarder_->ConnectToOthers(kSelf);
    service_.emplace(*node_, *forwarder_);
    cluster_service_.emplace(*node_, *forwarder_);
    maintenance_service_.emplace(*node_);
    grpc::ServerBuilder builder;
    builder.RegisterService(&*service_);
    builder.RegisterService(&*cluster_service_);
    builder.RegisterService(&*maintenance_service_);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    BoundIntake(&builder, options.intake_bytes);
    server_ = builder.BuildAndStart();
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    stub_ = etcdserverpb::KV::NewStub(server_->InProcessChannel(arguments));
    cluster_ = etcdserverpb::Cluster::NewStub(server_->InProcessChannel(arguments));
    maintenance_ = etcdserverpb::Maintenance::NewStub(server_->InProcessChannel(arguments));
  }

  ~TestMember() {
    leaders_.Close();
    for (synod::Host& host : hosts_) host.Stop();
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
  }

  // Makes that member lead, and waits until this one knows.
  void Elect(synod::NodeId id) {
    Eventually([this, id] {
      for (synod::Replica& replica : replicas_) {
        if (replica.IsLeader() && replica.leader() != id) {
          static_cast<void>(replica.TransferLeadership(id).get());
        }
      }
      return node_->replica.leader() == id;
    });
  }
  // Takes the leader away from this member, whoever it is, until Heal.
  void LoseLeader() {
    network_.Cut(kSelf, kOther);
    Eventually([this] { return node_->replica.leader().IsZero(); });
  }
  void Heal() { network_.Heal(); }
  // Starts a node that may be made a member.
  void StartNewcomer() { StartHost(kNewcomer); }

  grpc::Status Put(grpc::ClientContext* context, etcdserverpb::PutResponse* response,
                   const std::string& value = "v") {
    etcdserverpb::PutRequest request;
    request.set_key("k");
    request.set_value(value);
    return stub_->Put(context, request, response);
  }
  grpc::Status Put() {
    grpc::ClientContext context;
    etcdserverpb::PutResponse response;
    return Put(&context, &response);
  }

  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] etcdserverpb::KV::Stub& stub() { return *stub_; }
  [[nodiscard]] etcdserverpb::Cluster::Stub& cluster() { return *cluster_; }
  [[nodiscard]] etcdserverpb::Maintenance::Stub& maintenance() { return *maintenance_; }
  [[nodiscard]] grpc::Server& server() { return *server_; }
  // Where it listens, for what the channel in this process cannot show.
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] LeaderWatch& leaders() { return leaders_; }
  [[nodiscard]] CallBudget& budget() { return budget_; }
  [[nodiscard]] const Refusals& refusals() const { return refusals_; }
  // The thread of this member's loop, as soon as it has known a leader.
  [[nodiscard]] pthread_t loop_thread() const { return loop_thread_; }

 private:
  void StartHost(synod::NodeId id) {
    auto log = synod::memory::Create();
    synod::BootstrapOptions born = {.cluster = kTestCluster, .node = id, .joins = id == kNewcomer};
    if (!born.joins) born.members = {kSelf, kOther};
    const absl::Status prepared = synod::Bootstrap(*log, born);
    EXPECT_TRUE(prepared.ok()) << prepared;
    auto host = synod::Host::Start(
        {.id = id, .log = std::move(log), .transport = network_.Attach(), .logger = {}});
    ASSERT_TRUE(host.ok()) << host.status();
    hosts_.push_back(*std::move(host));
    synod::GroupOptions options;
    NodeStats& stats = id == kSelf ? stats_ : other_stats_;
    options.state_machine =
        std::make_unique<KvStateMachine>(stats.store, [](const absl::Status&) {});
    options.engine.election_timeout = std::chrono::milliseconds(300);
    options.engine.heartbeat_interval = std::chrono::milliseconds(30);
    options.engine.max_entry_bytes = kMaxRequestBytes + kMaxCommandOverhead;
    options.apply_on_own_thread = true;
    if (id == kSelf) {
      options.observer.on_leader = [this](synod::NodeId, synod::Term term) {
        loop_thread_ = pthread_self();
        stats_.term = term.value();
        leaders_.NoteChange();
      };
      options.observer.on_members = [this](const synod::Configuration& members, bool removed) {
        members_->OnMembers(members, removed);
      };
    }
    auto replica = hosts_.back().Join(std::move(options));
    ASSERT_TRUE(replica.ok()) << replica.status();
    replicas_.push_back(*replica);
  }

  synod::local::Network network_;
  NodeStats stats_;
  NodeStats other_stats_;
  std::optional<Directory> members_;
  LeaderWatch leaders_;
  CallBudget budget_;
  Refusals refusals_{{}};
  std::atomic<pthread_t> loop_thread_{};
  std::vector<synod::Host> hosts_;
  std::vector<synod::Replica> replicas_;
  std::optional<Node> node_;
  std::optional<Forwarder> forwarder_;
  std::optional<KvService> service_;
  std::optional<ClusterService> cluster_service_;
  std::optional<MaintenanceService> maintenance_service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<etcdserverpb::KV::Stub> stub_;
  std::unique_ptr<etcdserverpb::Cluster::Stub> cluster_;
  std::unique_ptr<etcdserverpb::Maintenance::Stub> maintenance_;
};

}  // namespace synod_kv

#endif  // SYNOD_TESTS_UNIT_KV_TEST_MEMBER_H_
