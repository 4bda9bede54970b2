// Who the members of a cluster are and where they listen, as text.
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

// Whether the text is host:port, an IPv6 host in brackets and the port not 0.
[[nodiscard]] bool IsAddress(std::string_view text);

// What a synod::MemberRecord holds as the address of a member: its peer address and, behind a
// slash, its client address where that is known. So everybody knows both as soon as the change that
// names them is in the log, and whoever leads can be sent writes.
[[nodiscard]] std::string RecordedAddress(std::string_view peer_address,
                                          std::string_view client_address);
[[nodiscard]] std::string PeerAddressOf(std::string_view recorded);
[[nodiscard]] std::string ClientAddressOf(std::string_view recorded);  // Empty: not known.

}  // namespace synod_kv

#endif  // SYNOD_KV_CLUSTER_H_
