// What every protocol's core is made of: a deterministic state machine without I/O, with elections,
// introductions, flow control, reads, hand-overs, changes of the members and snapshots. What is
// left to Raft and Multi-Paxos is what they disagree on: when a value is decided.
#ifndef SYNOD_ENGINE_ENGINE_H_
#define SYNOD_ENGINE_ENGINE_H_

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "synod/base/assert.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/base/probe.h"
#include "synod/base/rng.h"
#include "synod/base/time.h"
#include "synod/core/configuration.h"
#include "synod/core/configuration_codec.h"
#include "synod/core/configuration_history.h"
#include "synod/core/durable_state.h"
#include "synod/core/member_change.h"
#include "synod/core/message.h"
#include "synod/core/options.h"
#include "synod/core/output.h"
#include "synod/core/protocol.h"
#include "synod/core/quorum.h"
#include "synod/core/role.h"
#include "synod/engine/progress.h"

namespace synod {

// A command to replicate, under the caller's name for it.
struct Proposal {
  RequestId request;  // Not 0.
  Payload command;
};

// How often something noteworthy happened since the start.
struct EngineCounters {
  uint64_t elections_started = 0;
  uint64_t leaderships = 0;
  uint64_t quorums_lost = 0;  // Leaderships that ended because no quorum was heard any more.
  uint64_t disk_stalls = 0;   // Those that ended because the own disk was late (F7).
  uint64_t refused_proposals = 0;
  // Proposals, and what leaders sent, that were refused because a store is nearly full (F5).
  uint64_t refused_for_space = 0;
  // Of an older term, from who is no member, or a reply that nobody waits for any more.
  uint64_t stale_messages = 0;
  uint64_t unknown_incarnation_messages = 0;  // From a disk that is not the recorded one (M3).
  uint64_t invalid_messages = 0;              // No correct replica sends these.
  uint64_t append_mismatches = 0;             // Answered kMismatch.
  uint64_t snapshots_needed = 0;              // A peer fell behind the log.
  uint64_t retransmissions = 0;
};

// Where a log begins and ends, and how much of it is on the disk.
struct LogExtent {
  Index first;    // What is before it is compacted away.
  Index last;     // first - 1 if the log is empty.
  Index durable;  // Entries up to here are on this replica's disk. ≤ last.
  size_t bytes = 0;
  size_t undurable_bytes = 0;  // What the disk has still to write, of what was dropped since too.
};

// One replica's protocol state. A pure function of its inputs: the same construction and the same
// calls give the same outputs, byte for byte. Not thread-safe.
//
// Drive it so: pass inputs, then TakeOutput, carry it out in the order of its fields, and tell the
// core what came of it (Persisted, SnapshotSendEnded). Several inputs may precede one TakeOutput.
// Before each batch of inputs call Tick with the time.
class Engine {
 public:
  struct Identity {
    GroupId group;
    NodeId node;
    Incarnation incarnation;
  };

  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // --- Inputs ---

  // Time has passed. Going back is ignored.
  void Tick(Instant now);

  // A message for this replica has arrived. Anything may be in it: what is not valid is counted and
  // dropped. The runtime handles SnapshotChunk and SnapshotChunkReply, which must not be passed.
  void Step(Message message);

  // Each proposal ends once: as Committed in an output, or in `resolved`.
  void Propose(std::span<Proposal> proposals);

  // Asks for a linearizable read; ends in `reads` or in `resolved`, unless it is forgotten. On a
  // follower it asks the leader.
  void Read(RequestId request);
  // The leader is not asked any more for reads that nobody waits for: it may not be reached for as
  // long as it is heard, and they would leave no room for others.
  template <std::predicate<RequestId> IsWanted>
  void ForgetReads(IsWanted is_wanted) {
    std::erase_if(forwarded_reads_,
                  [&](const ForwardedRead& read) { return !is_wanted(read.request); });
  }

  // Asks to hand leadership to `to`; ends in `resolved`, as kCommitted once this replica follows a
  // newer leader.
  void Transfer(NodeId to, RequestId request);

  // Makes of each node what its change says; newcomers are asked for their incarnation first. Ends
  // in `resolved`: as kCommitted once all of it is so, whether or not there was anything to do. One
  // change at a time.
  void Reconfigure(std::vector<MemberChange> changes, RequestId request);

  // Every write up to `token` is durable.
  void Persisted(PersistToken token);

  // The state machine's image as of `meta.index`, which has been applied, is staged: install it and
  // compact the log behind it.
  // False if a newer one is there already: the caller discards it.
  [[nodiscard]] bool SnapshotTaken(const SnapshotMeta& meta, StagedSnapshot staged);

  // Whether a SnapshotChunk may be of use: what cannot be, and what is too old, is counted. As
  // with any request, the sender may be a member by a change that has not come here yet.
  [[nodiscard]] bool AdmitsSnapshot(const Message& message);
  // A snapshot from the leader of `term` is complete here and staged. False if it is of no use any
  // more: the caller discards it.
  [[nodiscard]] virtual bool SnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                              const SnapshotMeta& meta, StagedSnapshot staged) = 0;

  // Whether the transfer that SendSnapshot asked for is still of use.
  [[nodiscard]] virtual bool IsSnapshotWanted(NodeId to, Term term) const;
  // It has ended, well or not.
  virtual void SnapshotSendEnded(NodeId to, Term term, bool delivered);

  // Whether the store takes entries. Without space proposals are refused and appends ignored (F5).
  void SetHasSpace(bool has_space);

  // Moves what has become due since the last call into `out`, whose old content is dropped and
  // whose memory is reused.
  void TakeOutput(Output& out);
  // True if an input came since the last TakeOutput.
  [[nodiscard]] bool HasOutput() const { return has_output_; }

  // --- State ---

  [[nodiscard]] virtual Protocol protocol() const = 0;
  [[nodiscard]] Role role() const { return static_cast<Role>(role_.index()); }
  [[nodiscard]] bool IsLeader() const { return role() == Role::kLeader; }
  [[nodiscard]] Term term() const { return hard_state_.term; }
  [[nodiscard]] NodeId vote() const { return hard_state_.vote; }
  [[nodiscard]] Incarnation vote_incarnation() const { return hard_state_.vote_incarnation; }
  [[nodiscard]] NodeId leader() const { return leader_; }
  [[nodiscard]] Index commit() const { return commit_; }
  [[nodiscard]] Index snapshot_index() const { return snapshot_.index; }
  // What the log holds and how much of it is durable.
  [[nodiscard]] virtual LogExtent extent() const = 0;
  // Precondition: within the extent.
  [[nodiscard]] virtual const Entry& EntryAt(Index index) const = 0;
  // The log is more than half full. A snapshot should be taken soon, whatever the policy says: once
  // the log is full proposals are refused, and it does not become emptier by itself.
  [[nodiscard]] bool WantsSnapshot() const { return extent().bytes > options_.max_log_bytes / 2; }
  // The newest in the log, committed or not.
  [[nodiscard]] const Configuration& configuration() const {
    return Mutated(Mutation::kConfigurationOnCommit) ? configurations_.At(commit_)
                                                     : configurations_.newest();
  }
  // Set at `index` or before it, which is between the snapshot's and the log's end (M4).
  [[nodiscard]] const Configuration& ConfigurationAt(Index index) const {
    return configurations_.At(index);
  }
  // The configurations whose quorums count for what is not committed yet, from the oldest on.
  [[nodiscard]] virtual std::span<const ConfigurationChange> InForce() const = 0;
  // Whether one of them has the node, or that which is committed, on which the log may fall back.
  [[nodiscard]] bool IsNeeded(NodeId node) const {
    return IsMember(node) || ConfigurationAt(commit_).IsMember(node);
  }
  // Whether a snapshot of what is applied up to `index` could say who the members are (M4). A
  // newcomer learns that from the first change, or from its leader's snapshot.
  [[nodiscard]] bool MaySnapshotAt(Index index) const {
    return (!ConfigurationAt(index).voters.empty() && OneGovernsBehind(index)) ||
           Mutated(Mutation::kSnapshotWithoutConfiguration);
  }
  // This replica knows that the group goes on without it (M7).
  [[nodiscard]] bool removed() const;
  // Whether it asks for votes when it hears no leader.
  [[nodiscard]] bool MayCampaign() const;
  [[nodiscard]] bool introduced() const { return introduced_; }
  // The members that it still has to meet before it is introduced.
  [[nodiscard]] std::vector<NodeId> Strangers() const;
  [[nodiscard]] const EngineCounters& counters() const { return counters_; }
  // What the leader knows of each peer; empty on others.
  [[nodiscard]] std::span<const Progress> progress() const;
  // Of a leader: those above its commit index.
  [[nodiscard]] size_t pending_proposals() const;
  // Those that wait for a quorum to confirm this leader, or that were passed on to it.
  [[nodiscard]] size_t pending_reads() const;
  [[nodiscard]] Index epoch() const { return epoch_; }

  // Aborts if an invariant of the state does not hold. Costs time in the length of the state; for
  // tests, where it runs after every input (SYNOD_CHECK_INVARIANTS), and for simulation, where it
  // runs after every turn.
  virtual void CheckInvariants() const;

 protected:
  // --- Roles. The order is Role's. ---

  struct Follower {};

  // Answers to a campaign, each voter's at most once.
  struct Ballots {
    std::vector<NodeId> granted;
    std::vector<NodeId> refused;

    void Record(NodeId from, bool grant);
  };
  struct PreCandidate {
    Ballots ballots;
    Term next_term;  // In which it would be a candidate.
  };
  struct Candidate {
    Ballots ballots;
    PersistToken own_vote;  // The candidate's own vote counts once this is durable, like any other.
  };

  // A change of the members that this leader has been asked for.
  struct PendingChange {
    RequestId request;
    std::vector<MemberChange> changes;
    Instant deadline;           // For newcomers to answer.
    Instant next_introduction;  // To them.
    uint64_t question = 0;      // To them. Of no other change.
    bool has_begun = false;     // Something of it is in the log.
  };

  // In election timeouts: how long a change waits for newcomers, how late a disk may be before its
  // replica does not lead, and how long an alert of a kind is not raised again.
  static constexpr int kIntroductionPatience = 5;
  static constexpr int kDiskPatience = 4;
  static constexpr int kAlertPause = 10;
  // In heartbeat intervals: how long a leader waits for an ack before it asks where the peer is.
  static constexpr int kAckPatience = 2;
  // Followers that sit idle are told of a newer commit index up to so often in a heartbeat
  // interval.
  static constexpr int kCommitNotices = 10;

  // A proposal of this leader's that is in the log above commit.
  struct PendingProposal {
    Index index;
    RequestId request;
  };
  // A read that waits for a quorum to confirm this leader (Ongaro §6.4).
  struct PendingRead {
    NodeId from;        // Who asked; this node itself or a follower.
    RequestId request;  // Its name for the read.
    Index index;        // Commit index when the round began. Meaningful once round is set.
    uint64_t round;     // The heartbeat round that must be answered; 0: not begun.
  };
  struct Leader {
    std::vector<Progress> peers;            // All members but this one, sorted by node.
    std::deque<PendingProposal> proposals;  // In index order, all above commit.
    std::optional<PendingChange> change;
    std::deque<PendingRead> reads;  // In order of arrival: those with a round first, rounds rising.
    size_t uncommitted_bytes = 0;   // Of the entries above commit.
    bool quorum_has_space = true;   // QuorumHasSpace(), which each proposal asks for.
    // Once this is committed, so is all that other leaders may have committed, and this one knows
    // the commit index: of Raft its no-op (§5.4.2), of Multi-Paxos the last slot it found taken.
    Index term_start;
    uint64_t round = 0;  // The newest heartbeat round that was sent.
    Instant next_heartbeat;
    Instant commit_notice =
        kNever;  // When followers that sit idle are to be told of a newer commit index.

    // Null if it is none of the peers; const as the leader is.
    template <class Self>
    [[nodiscard]] static auto Find(Self& leader, NodeId node) -> decltype(leader.peers.data()) {
      for (auto& peer : leader.peers) {
        if (peer.node == node) return &peer;
      }
      return nullptr;
    }
  };

  // A hand-over under way, on the old leader and, until the new one shows itself, after it.
  struct LeaderTransfer {
    NodeId to;
    RequestId request;
    Instant deadline;
    bool asked = false;  // TimeoutNow has been sent.
  };
  // A read that a follower has passed on to its leader.
  struct ForwardedRead {
    RequestId request;
    RequestId context;  // Its name on the wire; never used twice, not even across restarts.
    Instant resend;
  };

  // What one append carries, from Progress::next on.
  struct Batch {
    Index last;
    size_t bytes = 0;
  };

  // Stands at the top of every input: however that ends, the invariants hold then.
  struct [[maybe_unused]] InvariantGuard {
    const Engine& engine;
#if defined(SYNOD_CHECK_INVARIANTS)
    ~InvariantGuard() { engine.CheckInvariants(); }
#endif
  };

  // `initial` is the group's initial configuration, empty on a newcomer. The protocol's own
  // constructor ends with FinishStart, when the log is there.
  Engine(const EngineOptions& options, const Identity& identity, const Configuration& initial,
         HardState hard_state, const SnapshotMeta& snapshot, uint64_t seed, Instant now);
  void FinishStart();
  // What every protocol asks of what a store holds.
  [[nodiscard]] static absl::Status ValidateBy(Protocol protocol, const DurableState& state);

  // --- What a protocol decides for itself ---

  // Whether the message is one of the protocol's.
  [[nodiscard]] virtual bool Speaks(const MessageBody& body) const = 0;
  // Whether this message may count in the term or ballot that this replica is in; adopts a newer
  // one. False if the message ends here.
  virtual bool PassesTermRule(const Message& message) = 0;
  virtual void Dispatch(Message& message) = 0;

  // Whether a snapshot of this term may be of use: a leader that was replaced may not know yet
  // (S6).
  [[nodiscard]] virtual bool MayBringSnapshot(Term term) const { return term >= hard_state_.term; }

  // What a pre-vote asks for, and whether this replica would grant it if no leader were alive.
  [[nodiscard]] virtual PreVoteRequest AskForPreVote() const = 0;
  [[nodiscard]] virtual bool WouldVote(const PreVoteRequest& request) const = 0;
  virtual void BecomeCandidate(bool by_transfer) = 0;
  // Whether another is about to be elected, which takes longer than a vote.
  [[nodiscard]] virtual bool IsElectingOtherThan(NodeId /*candidate*/) const { return false; }
  // The new leader takes up what its predecessors have left; returns the entry with whose
  // commitment it knows that all of that is committed.
  virtual Index TakeOver() = 0;

  // Whether what is set at `index` or before it tells who decides right behind it: a snapshot has
  // room for one configuration alone.
  [[nodiscard]] virtual bool OneGovernsBehind(Index /*index*/) const { return true; }
  // The next configuration on the way to `target`.
  [[nodiscard]] virtual Configuration StepTowards(Configuration target) const = 0;
  // Whether those who were replaced by the newest configuration are not needed any more.
  [[nodiscard]] virtual bool IsChangeOver() const {
    return configurations_.newest_index() <= commit_;
  }
  // The commit index has risen: takes a change of the members on.
  virtual void SettleConfiguration() = 0;
  // Of a leader: the peers are others now.
  virtual void OnPeersChanged() {}
  virtual void OnConfigurationChosen(const Entry& /*entry*/) {}
  // This replica leads no more.
  virtual void OnStepDown() {}
  // Why nothing may be proposed now, beside what bounds every protocol.
  [[nodiscard]] virtual Reason RefusalToGrow() const { return Reason::kNone; }

  virtual void AppendOwn(EntryKind kind, Payload payload) = 0;
  // Of a leader: whether everything that others may have committed is committed here.
  [[nodiscard]] virtual bool KnowsCommit() const {
    return commit_ >= std::get<Leader>(role_).term_start;
  }
  // Sends one append; false if nothing was sent, or nothing more may be.
  virtual bool SendAppend(Progress& peer) = 0;
  virtual void SendHeartbeat(Progress& peer) = 0;
  virtual void AdvanceCommitIndex() = 0;
  virtual void WriteBegan(PersistToken token) = 0;
  virtual void WriteDone(PersistToken token) = 0;
  // Drops the entries up to `index`, which a snapshot stands for.
  virtual void DropLogTo(Index index) = 0;

  // --- impl/election.ipp ---
  void Campaign();
  void BecomeFollower(NodeId leader);
  void ClearVote();
  void BecomePreCandidate();
  void BecomeLeader();
  void CountBallots();
  void On(const Message& message, const PreVoteRequest& request);
  void On(const Message& message, const PreVoteReply& reply);
  void HeardFromLeader(NodeId leader);
  void SetLeader(NodeId leader);
  void ResetElectionTimer();
  [[nodiscard]] bool LeaderIsAlive() const;

  // --- impl/heartbeat.ipp: staying leader ---
  void TickLeader();
  [[nodiscard]] bool LacksCommit(const Progress& peer) const;
  void BroadcastHeartbeat();
  [[nodiscard]] bool HearsQuorum() const;
  [[nodiscard]] bool QuorumHasSpace() const;
  [[nodiscard]] bool OwnDiskIsStalled() const;
  void OnSignOfLife(Progress& peer, uint64_t round, Index received, bool has_space);

  // --- impl/identity.ipp: introductions (I3, M3) ---
  void On(const Message& message, const Introduce& introduce);
  void SendIntroduction(NodeId to, bool wants_reply, PersistToken after, uint64_t question = 0);
  void IntroduceToStrangers();
  void AskWhoIsWhom(NodeId peer);
  void RefuseIncarnation(NodeId peer);
  [[nodiscard]] Incarnation Introduced(NodeId peer) const;
  [[nodiscard]] Incarnation Recorded(NodeId peer) const;
  [[nodiscard]] Incarnation RecordedBy(const Configuration& members, NodeId peer) const;
  [[nodiscard]] bool IsJoiner() const { return configuration_hash_ == 0; }
  void Record(NodeId node, Incarnation incarnation);
  [[nodiscard]] bool IsKnownBothWays(NodeId peer) const;
  void MaybeCompleteIntroduction();
  void Welcome(const Message& message, const Introduce& introduce);
  [[nodiscard]] bool IsIntroducing() const { return !introduced_ && introduction_token_.IsZero(); }

  // --- impl/invariants.ipp ---
  void CheckLeader() const;

  // --- impl/membership.ipp ---
  [[nodiscard]] Reason RefusalOf(const std::vector<MemberChange>& changes) const;
  [[nodiscard]] bool IsSound(const MemberChange& change) const;
  [[nodiscard]] std::vector<MemberChange> RemovalsFirst(
      const std::vector<MemberChange>& changes) const;
  [[nodiscard]] bool IsStranger(const MemberChange& change) const;
  void ContinueChange();
  [[nodiscard]] bool IsInitialAgain(const Configuration& next) const;
  void WriteRecords(Configuration& next, const std::vector<MemberChange>& changes) const;
  [[nodiscard]] static bool CanDecideBy(Protocol protocol, const Configuration& configuration);
  [[nodiscard]] bool CanDecide(const Configuration& configuration) const {
    return CanDecideBy(protocol(), configuration);
  }
  [[nodiscard]] virtual bool IsSettled() const;
  void AppendConfiguration(Configuration next);
  void EndChange(Outcome::Kind kind, Reason reason);
  void LeaveOffice();
  void Adopt(Index index, Configuration configuration);
  void ConfigurationChanged();
  void RefreshPeers();
  [[nodiscard]] bool IsReadable(const Entry& entry) const;
  [[nodiscard]] Progress NewPeer(NodeId node) const;
  [[nodiscard]] static bool IsOfThisMembership(const Progress& peer, Index epoch);
  [[nodiscard]] bool IsReplaced(const Configuration& configuration) const;
  [[nodiscard]] bool MayBeNeeded() const;
  void TellIfRemoved(const Message& message);
  void NoteEpoch(Index epoch);
  void On(const Message& message, const NotMember& notice);

  // --- impl/output.ipp ---
  void Send(NodeId to, MessageBody body, PersistToken after = PersistToken());
  void Resolve(RequestId request, Outcome::Kind kind, Reason reason);
  void RaiseAlert(Alert::Kind kind, NodeId peer, bool fatal);
  [[nodiscard]] Instant& QuietUntil(Alert::Kind kind, NodeId peer);
  void Invalid(const Message& message);
  [[nodiscard]] bool HasUnwritten() const;
  [[nodiscard]] PersistToken AllWrites() const;
  [[nodiscard]] Instant NextDeadline() const;

  // --- impl/quorums.ipp ---
  using Has = absl::FunctionRef<bool(NodeId)>;
  [[nodiscard]] bool Elects(Has has) const;
  [[nodiscard]] bool Commits(Has has) const;
  [[nodiscard]] bool Remember(Has has) const;
  template <class Value, std::regular_invocable<NodeId> ValueOf>
  [[nodiscard]] Value ReachedByQuorum(ValueOf value_of) const;
  [[nodiscard]] std::vector<NodeId> Members() const;
  [[nodiscard]] std::vector<NodeId> OtherVoters() const;
  [[nodiscard]] bool IsVoter(NodeId node) const;
  [[nodiscard]] bool IsMember(NodeId node) const;
  [[nodiscard]] const Configuration& MembershipOf(NodeId node) const;

  // --- impl/read.ipp ---
  [[nodiscard]] bool MayTakeRead(size_t pending) const;
  void BeginReadRound();
  void ConfirmReads();
  void FinishRead(const PendingRead& read, Reason reason);
  void FailForwardedReads();
  void TickForwardedReads();
  void On(const Message& message, const ReadRequest& request);
  void On(const Message& message, const ReadReply& reply);

  // --- impl/replication.ipp ---
  [[nodiscard]] Reason RefusalOf(const Proposal& proposal) const;
  void Replicate();
  [[nodiscard]] bool IsWindowFull(const Progress& peer) const;
  [[nodiscard]] bool MayAppendTo(const Progress& peer, Index last) const;
  template <class Log>
  [[nodiscard]] Batch NextBatch(const Progress& peer, const Log& log, Index last) const;
  bool AppendSent(Progress& peer, const Batch& batch, Index commit);
  void NoteMatch(Progress& peer, Index match);
  [[nodiscard]] bool HasRoom() const;
  [[nodiscard]] bool MayCompact() const;
  void CommitTo(Index index);
  [[nodiscard]] Progress* FindPeer(NodeId node);

  // --- impl/snapshot.ipp ---
  void CompactLog();
  void ReplaceState(const SnapshotMeta& meta);
  void NeedSnapshot(Progress& peer);
  // These are the runtime's; if one comes here it is dropped.
  void On(const Message& message, const SnapshotChunk& chunk);
  void On(const Message& message, const SnapshotChunkReply& reply);

  // --- impl/step.ipp: what may enter ---
  bool IsAcceptable(const Message& message);
  [[nodiscard]] bool IsPossible(const Message& message) const;
  [[nodiscard]] static bool IsCounted(const Message& message);

  // --- impl/transfer.ipp ---
  void MaybeAskTransferTarget();
  void ConcludeTransfer(bool timed_out);
  void On(const Message& message, const TimeoutNow& request);

  const EngineOptions options_;
  const Identity self_;
  const uint64_t configuration_hash_;  // Of the initial configuration; 0: there was none.
  Rng rng_;
  Instant now_;

  // Durable, or on its way to the disk in order; what depends on it waits for AllWrites().
  HardState hard_state_;
  bool hard_state_changed_ = false;  // Since the last TakeOutput.
  SnapshotMeta snapshot_;            // The installed one. index ≤ commit_.

  PersistToken last_token_;        // Of the newest write asked for.
  PersistToken done_token_;        // Of the newest write known to be durable. ≤ last_token_.
  Instant oldest_write_ = kNever;  // When the oldest write that is not done was asked for.

  ConfigurationHistory configurations_;
  // Another member has said that this replica was none at that index, and no leader that it has
  // become one since.
  std::optional<Index> removed_as_of_;
  Index epoch_;  // Of this replica's own membership, as the leader last said (I9).
  std::variant<Follower, PreCandidate, Candidate, Leader> role_;
  NodeId leader_;              // Of this term; 0: not known.
  Instant leader_heard_;       // When the last valid message of leader_ arrived.
  Instant election_deadline_;  // On all but the leader: campaign then.
  Index commit_;  // Chosen for ever up to here (Raft §5.3). Never falls; within the log.
  bool has_space_ = true;

  // Every peer's incarnation is recorded here and this one's at every peer, durably (I3).
  bool introduced_ = false;
  PersistToken introduction_token_;  // The write that makes it so; 0: not asked for yet.
  std::vector<NodeId> recorded_at_;  // Peers that have said, in this life, that they recorded us.
  Instant next_introduction_;
  // Alerts that have been raised, each once here: it is not raised again until then.
  struct QuietAlert {
    Alert::Kind kind;
    NodeId peer;  // 0: whoever is no member.
    Instant until;
  };
  std::vector<QuietAlert> quiet_alerts_;

  std::optional<LeaderTransfer> transfer_;
  std::deque<ForwardedRead> forwarded_reads_;  // Empty on a leader.
  RequestId next_context_;

  Output output_;
  bool has_output_ = false;
  EngineCounters counters_;
};

}  // namespace synod

#include "synod/engine/impl/election.ipp"
#include "synod/engine/impl/heartbeat.ipp"
#include "synod/engine/impl/identity.ipp"
#include "synod/engine/impl/invariants.ipp"
#include "synod/engine/impl/membership.ipp"
#include "synod/engine/impl/output.ipp"
#include "synod/engine/impl/quorums.ipp"
#include "synod/engine/impl/read.ipp"
#include "synod/engine/impl/replication.ipp"
#include "synod/engine/impl/snapshot.ipp"
#include "synod/engine/impl/start.ipp"
#include "synod/engine/impl/step.ipp"
#include "synod/engine/impl/transfer.ipp"

#endif  // SYNOD_ENGINE_ENGINE_H_
