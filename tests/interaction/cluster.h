// A cluster under the hands of a transcript: replicas, the messages between them, and an account of
// what happens, line by line.
#ifndef SYNOD_TESTS_INTERACTION_CLUSTER_H_
#define SYNOD_TESTS_INTERACTION_CLUSTER_H_

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/interaction/test_replica.h"

namespace synod::test {

class Cluster {
 public:
  Cluster(size_t voters, const EngineOptions& options);

  [[nodiscard]] bool Has(NodeId node) const { return nodes_.contains(node); }
  [[nodiscard]] bool IsUp(NodeId node) const { return nodes_.at(node).replica->IsUp(); }
  [[nodiscard]] const TestReplica& replica(NodeId node) const { return *nodes_.at(node).replica; }
  [[nodiscard]] std::vector<NodeId> Nodes() const;

  // The account since the last call; what is said many times in a row is there once, and counted.
  // Empty if nothing happened.
  std::vector<std::string> TakeAccount();
  // While it is quiet, messages and writes are left out of the account.
  void SetQuiet(bool quiet) { quiet_ = quiet; }

  // --- Requests: each is numbered in the order of the calls ---

  // All in one batch.
  void Propose(NodeId node, const std::vector<std::string>& commands);
  void Read(NodeId node);
  void Transfer(NodeId from, NodeId to);

  // --- Time: each node has its own clock, and none moves by itself ---

  void Tick(NodeId node, Duration duration);
  // Moves the node's clock on until its election timer has run out.
  void RunOutTimer(NodeId node);

  // --- Network ---

  using Link = std::pair<NodeId, NodeId>;  // From, to.

  // What is on its way, in the order in which it was sent, on the links that `selects` picks.
  void Deliver(const std::function<bool(Link)>& selects);
  void Drop(const std::function<bool(Link)>& selects);
  void Duplicate(const std::function<bool(Link)>& selects);
  // Copies come again, when they are resent.
  void Keep(const std::function<bool(Link)>& selects);
  void Resend() { in_flight_.splice(in_flight_.end(), kept_); }
  void ReverseOrder();
  void ListInFlight();
  [[nodiscard]] bool HasInFlight() const { return !in_flight_.empty(); }
  // What is sent on a link that is cut is lost, without a word.
  void Cut(Link link) { cut_.insert(link); }
  void Heal() { cut_.clear(); }

  // --- Disks: writes are done at once, unless the node's are held ---

  void Hold(NodeId node) { nodes_.at(node).held = true; }
  void Release(NodeId node);
  void CompleteOneWrite(NodeId node);
  void SetHasSpace(NodeId node, bool has_space);
  void TakeSnapshot(NodeId node);

  // --- Life and death ---

  void Crash(NodeId node, size_t survivors);
  void Restart(NodeId node);
  void Wipe(NodeId node);

 private:
  using Parcel = std::variant<Message, SnapshotTransfer>;
  struct Node {
    std::unique_ptr<TestReplica> replica;
    Instant now;
    bool held = false;
    uint64_t lives = 0;
    std::string role;  // As last accounted for.
  };

  static Link LinkOf(const Parcel& parcel);
  static std::string TextOf(const Parcel& parcel);
  [[nodiscard]] std::list<Parcel> CopiesOf(const std::function<bool(Link)>& selects) const;

  void Say(std::string line) { account_.push_back(std::move(line)); }
  void SayOf(NodeId node, const std::string& what);
  void DeliverOne(Parcel parcel);
  // Carries out what the node's core asks for, until it asks for nothing more.
  void Settle(NodeId node);
  void AccountFor(NodeId node);
  void Post(NodeId node);
  uint64_t SeedOf(NodeId node) const;

  std::map<NodeId, Node> nodes_;
  std::list<Parcel> in_flight_;
  std::list<Parcel> kept_;
  std::set<Link> cut_;
  RequestId last_request_;
  std::vector<std::string> account_;
  bool quiet_ = false;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_INTERACTION_CLUSTER_H_
