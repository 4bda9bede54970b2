// One member, from its flags to its end: the replica, and the gRPC server in front of it.
#ifndef SYNOD_KV_SERVER_H_
#define SYNOD_KV_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/server.h>
#include <synod/synod.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "kv/announcer.h"
#include "kv/call_budget.h"
#include "kv/cluster_service.h"
#include "kv/directory.h"
#include "kv/flags.h"
#include "kv/forwarding.h"
#include "kv/kv_service.h"
#include "kv/leader_watch.h"
#include "kv/maintenance_service.h"
#include "kv/node.h"
#include "kv/refusals.h"
#include "kv/unimplemented_service.h"

namespace synod_kv {

// Prepares the data directory of one member. Gives what to tell the operator of it.
[[nodiscard]] absl::StatusOr<std::string> BootstrapMember(const Flags& flags);

class Server {
 public:
  // Serves clients from its return on. `on_broken` is called at most once, from any thread, when
  // the replica cannot take part any more; the server has to be stopped then.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Server>> Start(
      const Flags& flags, std::function<void(const absl::Status& why)> on_broken);

  // All counters, the library's and this server's: name and value.
  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> Counters() const;

  // Hands leadership over if it is held, answers what is under way, and closes everything. Blocks.
  void Stop();

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { Stop(); }

 private:
  Server() = default;
  [[nodiscard]] absl::Status StartReplica(const Flags& flags,
                                          std::function<void(const absl::Status&)> on_broken);
  [[nodiscard]] absl::Status StartGrpc(const Flags& flags);
  void HandOver();
  // On the loop's thread.
  void OnMembers(const synod::Configuration& configuration, bool removed);

  // In the order in which each needs those before it.
  NodeStats stats_;
  ClusterMember self_;
  synod::Incarnation incarnation_;
  std::optional<Directory> members_;
  std::optional<Standing> logged_standing_;  // The loop's.
  LeaderWatch leaders_;
  CallBudget budget_;
  Refusals refusals_{synod::StderrLogger()};
  std::optional<synod::Host> host_;
  std::optional<Node> node_;
  std::optional<Forwarder> forwarder_;
  std::optional<KvService> kv_;
  std::optional<MaintenanceService> maintenance_;
  std::optional<ClusterService> cluster_;
  UnimplementedService unimplemented_{refusals_};
  std::unique_ptr<grpc::Server> grpc_;
  std::optional<Announcer> announcer_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_SERVER_H_
