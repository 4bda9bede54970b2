// A cluster of synod-kv processes, whose members meet only through a network that fails on command.
#ifndef SYNOD_TESTS_CHAOS_CLUSTER_H_
#define SYNOD_TESTS_CHAOS_CLUSTER_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/channel.h>

#include "synod/base/ids.h"
#include "synod/base/time.h"

#include "tests/chaos/member.h"
#include "tests/chaos/network.h"

namespace synod::chaos {

// A connection to one member's clients' port, with nothing repeated behind the caller's back.
[[nodiscard]] std::shared_ptr<grpc::Channel> Connect(const std::string& address);

// Used by one thread, but for what clients need: the ids and channels of members. Fails the test
// that runs if something ends or stays away that should not; if the test has failed, its folder,
// with the output of all members, is kept, and the end of each output shown.
class Cluster {
 public:
  struct Options {
    uint64_t size = 3;
    std::string log = "rocksdb";  // As in synod-kv's flag.
    uint64_t seed = 0;            // Of the network.
  };

  // Bootstraps the members and starts them.
  explicit Cluster(const Options& options);
  ~Cluster();

  [[nodiscard]] uint64_t size() const { return members_.size(); }
  [[nodiscard]] std::vector<NodeId> Ids() const;
  [[nodiscard]] Member& member(NodeId id);
  [[nodiscard]] FaultyNetwork& network() { return network_; }
  // Where clients reach a member, past the network.
  [[nodiscard]] const std::string& client_address(NodeId id) const {
    return client_addresses_[id.value() - 1];
  }
  [[nodiscard]] const std::shared_ptr<grpc::Channel>& channel(NodeId id) const {
    return channels_[id.value() - 1];
  }

  // The leader, as somebody who can be reached knows it; 0 if nobody does.
  [[nodiscard]] NodeId FindLeader() const;

  // All faults end: every way is open, and every member runs.
  void Recover();

  // Stops a member in good order. The test has failed if that does not end.
  void Stop(NodeId id);
  // Asks the leader to hand over to a member.
  void MoveLeader(NodeId to) const;

  // Lets time pass. False, and the test has failed, if a member ends by itself.
  [[nodiscard]] bool Watch(Duration time) const;
  // Waits until `holds`. False, and the test has failed, if it never does or if a member ends.
  [[nodiscard]] bool Await(std::string_view what, const std::function<bool()>& holds) const;

 private:
  [[nodiscard]] std::vector<std::string> CommandOf(const char* verb, NodeId id) const;
  [[nodiscard]] std::string LogOf(NodeId id) const;  // Where its output goes.

  const Options options_;
  std::filesystem::path folder_;
  FaultyNetwork network_;
  std::vector<std::string> client_addresses_;  // By member.
  std::vector<std::string> views_;             // Likewise: who is where, as it is told.
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::list<Member> members_;
};

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_CLUSTER_H_
