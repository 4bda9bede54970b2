// Who belongs to the cluster at the moment, and where.
#ifndef SYNOD_KV_DIRECTORY_H_
#define SYNOD_KV_DIRECTORY_H_

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <synod/synod.h>

#include "kv/cluster.h"

namespace synod_kv {

// What this member is to the cluster, as far as it knows.
enum class Standing {
  kUnknown,   // It has only just been started.
  kNewcomer,  // It does not know of any members yet.
  kLearner,
  kVoter,
  kRemoved,
};

// The members of the configuration in force, whether or not it is committed. Where it names no
// addresses, those of the command line hold, and so do its members until there is a configuration.
// Thread-safe.
class Directory {
 public:
  struct Listed {
    ClusterMember member;  // Addresses that nobody knows are empty.
    bool is_learner = false;
    bool is_acceptor = false;  // And nothing else: its peer address is a whole URL.
  };

  Directory(synod::NodeId self, std::vector<ClusterMember> flagged);

  void OnMembers(const synod::Configuration& configuration, bool removed);

  // Those of the command line, this member included.
  [[nodiscard]] const std::vector<ClusterMember>& flagged() const { return flagged_; }
  [[nodiscard]] Standing standing() const { return standing_.load(std::memory_order_acquire); }
  // Sorted by id.
  [[nodiscard]] std::vector<Listed> List() const;
  [[nodiscard]] bool IsMember(synod::NodeId id) const;
  // Of members, and of others that the command line names: a newcomer may be led before it knows by
  // whom. Empty: not known.
  [[nodiscard]] std::string ClientAddressOf(synod::NodeId id) const;
  // Of whoever goes by that id at that peer address, member or not. Empty: not known.
  [[nodiscard]] std::string ClientAddressAt(synod::NodeId id,
                                            const std::string& peer_address) const;
  // The peer address that the cluster has recorded of this member, if it has another client address
  // beside it than the command line, or none.
  [[nodiscard]] std::optional<std::string> Unannounced() const;

  // Those that a configuration has, by the same rule.
  [[nodiscard]] std::vector<Listed> ListOf(const synod::Configuration& configuration) const;

 private:
  [[nodiscard]] const ClusterMember* Flagged(synod::NodeId id) const;

  const synod::NodeId self_;
  const std::vector<ClusterMember> flagged_;
  std::atomic<Standing> standing_ = Standing::kUnknown;
  mutable std::mutex mutex_;
  std::vector<Listed> listed_;              // Under mutex_, like the next.
  std::optional<std::string> unannounced_;  // What Unannounced says.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_DIRECTORY_H_
