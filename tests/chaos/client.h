// Clients of the cluster, and what they remember of their calls.
#ifndef SYNOD_TESTS_CHAOS_CLIENT_H_
#define SYNOD_TESTS_CHAOS_CLIENT_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include "synod/base/ids.h"
#include "synod/base/rng.h"
#include "synod/base/time.h"

#include "kv/proto/etcdserver.grpc.pb.h"
#include "tests/chaos/cluster.h"
#include "tests/chaos/model.h"

namespace synod::chaos {

// The deadline of a call that a healthy cluster answers.
inline constexpr std::chrono::seconds kLongCall(5);

struct Record {
  // Calls that were answered, and writes of which nobody knows what came of them. The index of an
  // answered call is the revision of the store in its answer: a write's own, or the newest that a
  // read saw. Revisions count the writes in the order of the log.
  History history = {};
  std::vector<std::string> refused =
      {};  // Values of writes that, as the server says, never happen.

  void Append(Record other);
};

// One client, which makes one call at a time. Used by one thread.
class Client {
 public:
  enum class Reading : uint8_t { kLinearizable, kSerializable };

  Client(uint64_t id, const Cluster& cluster) : id_(id), cluster_(cluster) {}

  // Each of these calls one member, waits for the answer no longer than `patience`, and remembers
  // what came of it. True if it was answered.
  bool Read(NodeId member, const std::string& key, Duration patience,
            Reading reading = Reading::kLinearizable);
  bool Put(NodeId member, const std::string& key, Duration patience);
  // Replaces what this client last knew the key to hold.
  bool Swap(NodeId member, const std::string& key, Duration patience);

  [[nodiscard]] const Record& record() const { return record_; }
  [[nodiscard]] Record TakeRecord() { return std::move(record_); }

 private:
  [[nodiscard]] Call Begin(Operation::Kind kind, const std::string& key);
  bool End(Call call, const grpc::Status& status, int64_t revision);

  const uint64_t id_;
  const Cluster& cluster_;
  uint64_t writes_ = 0;
  std::map<std::string, std::string> known_;  // By key: what it held last, as far as is known.
  Record record_;
};

// Clients that call random members, each on its thread, until they are stopped.
class Clients {
 public:
  // With ids from 1 on.
  Clients(uint64_t count, uint64_t seed, std::vector<std::string> keys, const Cluster& cluster);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients() { Stop(); }

  // Returns what all of them remember.
  Record Stop();

 private:
  void Run(uint64_t id, Rng rng);
  // False if the clients are to stop.
  bool Pause();

  const std::vector<std::string> keys_;
  const Cluster& cluster_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // Under mutex_.
  Record record_;          // Under mutex_: of those that have ended.
  std::vector<std::thread> threads_;
};

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_CLIENT_H_
