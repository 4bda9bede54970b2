// The command line of synod-kv.
#ifndef SYNOD_KV_FLAGS_H_
#define SYNOD_KV_FLAGS_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <synod/synod.h>

#include "absl/status/statusor.h"

#include "kv/cluster.h"

namespace synod_kv {

struct Flags {
  enum class Verb { kHelp, kVersion, kBootstrap, kServe };
  enum class Log { kRocksDb, kWal, kMemory };

  Verb verb = Verb::kHelp;
  synod::NodeId id;
  std::vector<ClusterMember> cluster;
  std::optional<synod::ClusterId> cluster_id;
  synod::QuorumRule quorums;
  synod::Protocol protocol = synod::Protocol::kRaft;
  std::vector<std::string> acceptors;  // Addresses of voters that are nothing but acceptors.
  bool joins = false;                  // A newcomer's: an empty data directory is prepared for one.
  Log log = Log::kRocksDb;
  std::string data_dir;
  synod::Duration heartbeat_interval = std::chrono::milliseconds(50);
  synod::Duration election_timeout = std::chrono::milliseconds(500);
  uint64_t snapshot_entries = 100'000;
  uint64_t snapshot_bytes = 64 * 1024 * 1024;
  uint64_t trailing_entries = 10'000;
  uint64_t quota_bytes = uint64_t{2} << 30;

  // The member that this process is.
  [[nodiscard]] const ClusterMember& Self() const;
  // The ids of the acceptors, which come behind all members'.
  [[nodiscard]] std::vector<synod::NodeId> AcceptorIds() const;
};

// `arguments` without the program's name. kInvalidArgument says what is wrong and what would be
// right.
[[nodiscard]] absl::StatusOr<Flags> ParseFlags(std::span<const std::string_view> arguments);

// What --version prints.
[[nodiscard]] std::string VersionText();

// What --help prints.
[[nodiscard]] std::string HelpText();

}  // namespace synod_kv

#endif  // SYNOD_KV_FLAGS_H_
