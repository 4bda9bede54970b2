// What the command line says of the cluster: who its members are and where they listen.
#ifndef SYNOD_KV_CLUSTER_H_
#define SYNOD_KV_CLUSTER_H_

#include <string>
#include <string_view>
#include <vector>

#include <synod/synod.h>

#include "absl/status/statusor.h"

namespace synod_kv {

struct ClusterMember {
  synod::NodeId id;
  std::string peer_address;    // host:port where it listens to the other members.
  std::string client_address;  // host:port where it listens to clients.
};

// Parses "1=host:port/host:port,2=host:port/host:port,…": of each member its id, its peer address
// and its client address. kInvalidArgument says what is wrong and where.
[[nodiscard]] absl::StatusOr<std::vector<ClusterMember>> ParseCluster(std::string_view text);

}  // namespace synod_kv

#endif  // SYNOD_KV_CLUSTER_H_
