// One member of one group, as the service that embeds it sees it.
#ifndef SYNOD_NODE_REPLICA_H_
#define SYNOD_NODE_REPLICA_H_

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/payload.h"
#include "synod/base/time.h"
#include "synod/core/configuration.h"
#include "synod/core/member_change.h"
#include "synod/core/options.h"
#include "synod/core/outcome.h"
#include "synod/core/role.h"
#include "synod/port/state_machine.h"

namespace synod {

namespace internal {
class ReplicaImpl;
}

enum class Consistency : uint8_t {
  kLinearizable,  // Sees every write that ended before the read began. Costs a round trip to a
                  // quorum (I11).
  kStale,  // What this replica has applied by now. Costs nothing, promises nothing but a prefix:
           // after a start that is its snapshot, or nothing at all (Status().applied is 0), until
           // a leader says how much of the log is committed.
};

// What a replica is doing. A consistent picture of one moment.
struct ReplicaStatus {
  GroupId group;
  NodeId node;
  Incarnation incarnation;
  Role role = Role::kFollower;
  Term term;
  NodeId leader;  // 0: nobody known.
  Configuration configuration;
  Index commit;
  Index applied;
  Index first;  // The oldest entry in the log; last + 1 if it is empty.
  Index last;
  Index durable;            // The newest entry that is synced here.
  Index snapshot;           // 0: none.
  bool introduced = false;  // Every initial member has recorded every other: voting may begin.
  bool removed = false;     // The group goes on without it, as far as it knows.

  struct Peer {
    NodeId node;
    Index match;
    bool active = false;  // Heard from within an election timeout.
    bool snapshotting = false;
  };
  std::vector<Peer> peers;  // On the leader.

  absl::Status stopped;  // Not OK: why this replica takes part no more.
  std::vector<std::pair<std::string, uint64_t>> counters;
};

// Called on the loop's thread; must return soon, and may call Replica's methods.
struct Observer {
  std::function<void(Role, Term)> on_role = {};
  std::function<void(NodeId leader, Term)> on_leader = {};  // 0: the leader was lost.
  // The configuration in force (Status().configuration), or whether this replica was removed from
  // the group, is another than before. First at the start.
  std::function<void(const Configuration&, bool removed)> on_members = {};
  // The replica takes part no more. Once, after the others have heard that it follows nobody.
  std::function<void(const absl::Status& why)> on_stop = {};
};

struct GroupOptions {
  GroupId group = 1;
  std::unique_ptr<StateMachine> state_machine = {};
  EngineOptions engine = {};

  // A snapshot is taken when the entries applied since the last one exceed either, and the log is
  // compacted behind it.
  uint64_t snapshot_after_entries = 100'000;
  uint64_t snapshot_after_bytes = 64 * 1024 * 1024;

  // Apply on a thread of the group's own instead of the loop: for state machines that may take
  // long. Costs two thread hops a batch.
  bool apply_on_own_thread = false;

  Duration default_deadline = std::chrono::seconds(5);
  // Requests accepted and not yet ended; beyond, kOverloaded, at once.
  size_t max_pending_requests = 64 * 1024;

  Observer observer = {};

  // Runs the callbacks of Propose, Read, TransferLeadership and Reconfigure. By default they run on
  // the loop's thread, and must be quick; those of a host that has stopped, or of requests that are
  // too many, on the thread that asks.
  std::function<void(absl::AnyInvocable<void()>)> executor = {};
};

// A handle, cheap to copy; valid as long as its Host. Every method may be called from any thread,
// and none blocks.
//
// A request ends exactly once, at the latest at its deadline or when the host stops. A callback
// runs exactly once. It may ask again, but not whatever the reason was: kStopped is final.
class Replica {
 public:
  // Replicates `command` and applies it on every replica.
  std::future<Outcome> Propose(std::string_view command);
  void Propose(Payload command, Duration deadline, absl::AnyInvocable<void(Outcome)> done);

  // Passes `request` to the state machine's Query. Errors beside Query's own: kUnavailable, always
  // safe to retry, and kDeadlineExceeded, both with a Refusal (node/refusal.h) that says why and
  // who leads.
  std::future<absl::StatusOr<std::string>> Read(std::string_view request, Consistency consistency);
  void Read(std::string request, Consistency consistency, Duration deadline,
            absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);

  // Asks the leader, which must be this replica, to hand over to `to`. OK once this replica follows
  // `to`; kDeadlineExceeded if it may yet; kUnavailable for the reason kStopped if the host has
  // stopped, and nobody can tell; otherwise it will not. Every error has a Refusal. Meanwhile
  // proposals are refused.
  std::future<absl::Status> TransferLeadership(NodeId to);
  void TransferLeadership(NodeId to, Duration deadline,
                          absl::AnyInvocable<void(absl::Status)> done);

  // Asks the leader, which must be this replica, to make of each node what its change says: voter,
  // learner, acceptor or no member, now or again on another disk. Nodes that are not named stay
  // what they are. By joint consensus (Raft §6), in as many steps as it takes; committed once all
  // of it is so, at once if it is so already. One change at a time: kChanging while another is
  // under way.
  //
  // A newcomer must have been bootstrapped with `joins` and run; it is asked for its incarnation,
  // and unless it answers nothing is changed (kUnreachable). A voter is needed for decisions from
  // the first step on, so a newcomer should be a learner until it has caught up. A leader that
  // removes itself leads to the end of it and hands over. With kUnknown the change may go on: ask
  // again, which does no harm.
  std::future<Outcome> Reconfigure(std::vector<MemberChange> changes);
  void Reconfigure(std::vector<MemberChange> changes, Duration deadline,
                   absl::AnyInvocable<void(Outcome)> done);

  // As of a moment ago: refreshed by the loop after every turn in which something changed.
  [[nodiscard]] ReplicaStatus Status() const;

  // Shorthands for parts of Status, without its cost.
  [[nodiscard]] bool IsLeader() const;
  [[nodiscard]] NodeId leader() const;

 private:
  friend class Host;
  explicit Replica(internal::ReplicaImpl* impl) : impl_(impl) {}
  internal::ReplicaImpl* impl_;
};

}  // namespace synod

#endif  // SYNOD_NODE_REPLICA_H_
