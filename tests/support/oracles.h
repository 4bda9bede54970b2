// The safety properties of Raft, checked from outside while a cluster runs.
#ifndef SYNOD_TESTS_SUPPORT_ORACLES_H_
#define SYNOD_TESTS_SUPPORT_ORACLES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/entry.h"
#include "synod/core/message.h"

#include "tests/support/coverage.h"
#include "tests/support/ledger.h"
#include "tests/support/test_replica.h"
#include "tests/support/test_state_machine.h"
#include "tests/support/verdict.h"

namespace synod::test {

// Sees everything that leaves a replica, and its state after every event. Trusts no core's own
// bookkeeping where the disks' images or the messages show the truth.
class Oracles {
 public:
  // `replicas[i]` is node i + 1. All of it outlives the oracles.
  Oracles(std::span<const std::unique_ptr<TestReplica>> replicas, Ledger& ledger, Verdict& verdict,
          Coverage& coverage);

  // --- Events at one replica ---

  void OnStart(const TestReplica& replica, const RaftOptions& options, Instant local_now);
  void OnWipe(NodeId node);
  // Its core was told of `message` now.
  void OnDelivered(const TestReplica& replica, const Message& message, Instant local_now);
  // A message is free to leave.
  void OnSent(const TestReplica& replica, const Message& message);
  // A write was handed to its disk.
  void OnPersist(const TestReplica& replica, const Persist& persist);
  void OnCommitted(const TestReplica& replica, const Committed& committed);
  void OnAlert(const TestReplica& replica, const Alert& alert);
  // After each event, when all of the above has been told.
  void AfterEvent(const TestReplica& replica, Instant local_now);

  // --- What is known ---

  // The log that is chosen for ever, from index 1.
  [[nodiscard]] const std::vector<Entry>& chosen() const { return chosen_; }
  [[nodiscard]] bool WasWiped(NodeId node) const { return wiped_.contains(node); }

 private:
  // One life of one replica.
  struct Life {
    RaftOptions options;
    Term term;
    Index commit;
    Term leading;                // The term that it leads; 0: none.
    std::vector<Instant> heard;  // When the last message of each node arrived.
  };
  // What an entry is, wherever it is found (the Log Matching property, Raft §5.3).
  struct Identity {
    uint32_t checksum;
    EntryKind kind;
    std::optional<Term> prev_term;  // Of the entry before it; nothing: not seen yet.
  };

  void CheckLeader(const TestReplica& replica, Life& life, Instant local_now);
  void CheckNewLeader(const TestReplica& replica);
  void CheckCheckQuorum(const TestReplica& replica, const Life& life, Instant local_now);
  void CheckDurableVote(const TestReplica& replica);
  void CheckState(const TestReplica& replica);
  void Choose(const TestReplica& replica, const Entry& entry);
  void CheckAck(const TestReplica& replica, const Message& message, const AppendReply& reply);
  void CheckVote(const TestReplica& replica, const Message& message, NodeId candidate);
  void CheckPreVotes(const TestReplica& replica, const Message& message);
  void CheckLeaderMessage(const TestReplica& replica, const Message& message);
  [[nodiscard]] size_t DurableOn(const Entry& entry) const;

  std::span<const std::unique_ptr<TestReplica>> replicas_;
  Ledger& ledger_;
  Verdict& verdict_;
  Coverage& coverage_;
  std::vector<Life> lives_;

  std::map<Term, NodeId> leaders_;
  std::map<std::pair<Incarnation, Term>, NodeId> votes_;  // By the disk that gave it.
  std::map<std::pair<NodeId, Term>, std::set<NodeId>>
      pre_votes_;  // Granted to whom, for what term.
  std::map<std::pair<Index, Term>, Identity> entries_;
  std::vector<Entry> chosen_;
  std::vector<Term> chosen_in_;   // The term of the leader that committed it.
  std::vector<uint64_t> hashes_;  // Of the state after it.
  TestStateMachine reference_;    // Has applied all that is chosen.
  std::set<NodeId> wiped_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_ORACLES_H_
