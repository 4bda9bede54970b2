// One replica of the measured cluster, in a process of its own or, for the one that carries the
// load, in this one.
#ifndef SYNOD_BENCH_REPLICA_PROCESS_H_
#define SYNOD_BENCH_REPLICA_PROCESS_H_

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/types.h>

#include "absl/status/statusor.h"
#include "synod/synod.h"

namespace synod::bench {

inline constexpr uint64_t kReplicas = 3;

struct ReplicaOptions {
  Protocol protocol = Protocol::kRaft;
  NodeId node;
  std::array<int, kReplicas> ports{};  // On loopback, by node.
  std::string directory;               // Of the RocksDB log; empty: the log is in memory.
  int processor = -1;                  // To bind to; -1: none.
};

// A host with one group, whose state machine keeps a running checksum of the commands.
class BenchReplica {
 public:
  // Exits with a message if it cannot start.
  explicit BenchReplica(const ReplicaOptions& options);

  [[nodiscard]] Replica& replica() { return *replica_; }

  // The checksum over all commands, once everything up to `index` is applied.
  [[nodiscard]] std::string ChecksumAt(Index index);

 private:
  std::unique_ptr<Host> host_;
  std::unique_ptr<Replica> replica_;
};

// A BenchReplica in a child process, which ends with this object.
class ReplicaProcess {
 public:
  // Runs this program anew with the arguments that make RunReplica.
  explicit ReplicaProcess(const ReplicaOptions& options);
  ReplicaProcess(const ReplicaProcess&) = delete;
  ReplicaProcess& operator=(const ReplicaProcess&) = delete;
  ~ReplicaProcess();

  [[nodiscard]] std::string ChecksumAt(Index index);

 private:
  pid_t pid_ = -1;
  std::FILE* to_child_ = nullptr;
  std::FILE* from_child_ = nullptr;
};

// The child's main: answers each index on standard input with the checksum there, until the input
// ends.
int RunReplica(const ReplicaOptions& options);

}  // namespace synod::bench

#endif  // SYNOD_BENCH_REPLICA_PROCESS_H_
