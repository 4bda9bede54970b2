// One core in a wanted state, fed with messages by hand: what the tests of the Raft core share.
#ifndef SYNOD_TESTS_UNIT_RAFT_FIXTURE_H_
#define SYNOD_TESTS_UNIT_RAFT_FIXTURE_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "synod/raft/raft.h"

namespace synod::test {

inline constexpr GroupId kGroup = 9;
inline constexpr Duration kElectionTimeout = std::chrono::milliseconds(500);
inline constexpr Duration kHeartbeat = std::chrono::milliseconds(50);

inline Incarnation IncarnationOf(NodeId node) { return Incarnation(1000 + node.value()); }

// The command at `index` of `term`. Equal index and term mean equal payload, as in any real log.
inline Entry EntryAt(uint64_t index, uint64_t term) {
  return {.index = Index(index),
          .term = Term(term),
          .kind = EntryKind::kCommand,
          .payload = Payload::Copy(std::to_string(index) + "@" + std::to_string(term))};
}

// A log told by its terms: {1, 1, 2} is 1@1, 2@1, 3@2. `base` is the index before the first.
inline std::vector<Entry> EntriesOf(const std::vector<uint64_t>& terms, uint64_t base = 0) {
  std::vector<Entry> entries;
  for (uint64_t term : terms) entries.push_back(EntryAt(++base, term));
  return entries;
}

// Voters 1 to `count`, of whom so many elect and commit.
inline Configuration Flexible(uint64_t count, uint32_t election, uint32_t commit) {
  Configuration members;
  for (uint64_t node = 1; node <= count; ++node) members.voters.emplace_back(node);
  members.quorums = QuorumRule::Flexible(election, commit);
  return members;
}

inline AppendRequest Append(uint64_t prev_index, uint64_t prev_term,
                            const std::vector<uint64_t>& terms, uint64_t commit = 0) {
  return {.prev_index = Index(prev_index),
          .prev_term = Term(prev_term),
          .commit = Index(commit),
          .entries = EntriesOf(terms, prev_index)};
}

inline AppendReply Accepted(uint64_t index) {
  AppendReply reply;
  reply.index = Index(index);
  return reply;
}

inline AppendReply Mismatch(uint64_t index, uint64_t hint_index, uint64_t hint_term) {
  return {.status = AppendReply::Status::kMismatch,
          .epoch = {},
          .index = Index(index),
          .hint_index = Index(hint_index),
          .hint_term = Term(hint_term)};
}

inline VoteRequest AskVote(uint64_t last_index, uint64_t last_term) {
  return {.last_index = Index(last_index), .last_term = Term(last_term)};
}

// What a core starts from. The defaults are node 1 of {1, 2, 3}, introduced, with an empty log.
struct Given {
  NodeId node = 1;
  Configuration members = Configuration::Of({1, 2, 3});
  uint64_t term = 0;  // At least the last entry's and the snapshot's.
  NodeId vote{};
  std::vector<uint64_t> log{};  // Terms of the entries from snapshot.index + 1 on.
  SnapshotMeta snapshot{};
  bool introduced = true;
  EngineOptions options{};
  uint64_t seed = 1;
};

inline SnapshotMeta SnapshotAt(uint64_t index, uint64_t term) {
  return {.index = Index(index),
          .term = Term(term),
          .configuration = Configuration::Of({1, 2, 3}),
          .size = 3,
          .checksum = 7};
}

class Core {
 public:
  explicit Core(const Given& given = {}) : given_(given) { Start(StateOf(given)); }

  static DurableState StateOf(const Given& given) {
    DurableState state;
    state.initial_configuration = given.members;
    state.snapshot = given.snapshot;
    state.entries = EntriesOf(given.log, given.snapshot.index.value());
    state.hard_state.term = std::max(Term(given.term), given.snapshot.term);
    if (!given.log.empty()) {
      state.hard_state.term = std::max(state.hard_state.term, Term(given.log.back()));
    }
    state.hard_state.vote = given.vote;
    for (NodeId member : given.members.Members()) {
      if (given.introduced) state.hard_state.peers.push_back({member, IncarnationOf(member)});
    }
    return state;
  }

  // Ends this life and begins another from what a disk held.
  void Start(DurableState state) {
    out = Output();
    raft_ = std::make_unique<Raft>(
        given_.options,
        Raft::Identity{
            .group = kGroup, .node = given_.node, .incarnation = IncarnationOf(given_.node)},
        std::move(state), given_.seed, now_);
    raft_->CheckInvariants();
  }

  Raft* operator->() { return raft_.get(); }

  // --- Inputs ---

  Message From(NodeId from, uint64_t term, MessageBody body) const {
    return {.group = kGroup,
            .from = from,
            .to = given_.node,
            .incarnation = IncarnationOf(from),
            .term = Term(term),
            .body = std::move(body)};
  }

  void Step(Message message) {
    raft_->Step(std::move(message));
    raft_->CheckInvariants();
  }

  void Receive(NodeId from, uint64_t term, MessageBody body) {
    Step(From(from, term, std::move(body)));
  }

  void Elapse(Duration duration) {
    now_ += duration;
    raft_->Tick(now_);
    raft_->CheckInvariants();
  }

  // Long enough for any election timer, though not for a disk to count as stalled.
  void ElapseElectionTimer() { Elapse(2 * kElectionTimeout); }

  RequestId Propose(std::string_view command) {
    Proposal proposal{.request = NextRequest(), .command = Payload::Copy(command)};
    const RequestId request = proposal.request;
    raft_->Propose({&proposal, 1});
    raft_->CheckInvariants();
    return request;
  }

  RequestId Read() {
    const RequestId request = NextRequest();
    raft_->Read(request);
    return request;
  }

  RequestId Reconfigure(std::vector<MemberChange> changes) {
    const RequestId request = NextRequest();
    raft_->Reconfigure(std::move(changes), request);
    raft_->CheckInvariants();
    return request;
  }

  RequestId Transfer(NodeId to) {
    const RequestId request = NextRequest();
    raft_->Transfer(to, request);
    return request;
  }

  // Takes what is due; it is in `out` until the next call.
  const Output& Take() {
    raft_->TakeOutput(out);
    raft_->CheckInvariants();
    if (!out.persist.token.IsZero()) last_token_ = out.persist.token;
    return out;
  }

  // Reports all writes that were taken as durable; or those up to `token`.
  void Persisted() { Persisted(last_token_); }
  void Persisted(PersistToken token) {
    raft_->Persisted(token);
    raft_->CheckInvariants();
  }

  // Takes and persists until nothing is written any more. Afterwards `out` holds the last output.
  void Settle() {
    do {
      Take();
      Persisted();
    } while (!out.persist.token.IsZero());
    Take();
  }

  // --- States ---

  // A follower of `leader` in `term`, settled.
  void Follow(NodeId leader, uint64_t term) {
    Receive(leader, term, Heartbeat{});
    Settle();
  }

  // Asked all for pre-votes. The output with the requests is in `out`.
  void BecomePreCandidate() {
    ElapseElectionTimer();
    Take();
  }

  // Asked all for votes, its own being durable; nobody has answered.
  void BecomeCandidate() {
    BecomePreCandidate();
    for (NodeId voter : Others()) {
      if (raft_->role() != Role::kPreCandidate) break;
      Receive(voter, raft_->term().value(),
              PreVoteReply{.next_term = raft_->term() + 1, .granted = true});
    }
    Take();
    Persisted();
  }

  // Elected by all, its no-op written but acked by nobody. The output with the first appends is in
  // `out`.
  void BecomeLeader() {
    BecomeCandidate();
    for (NodeId voter : Others()) {
      if (raft_->IsLeader()) break;
      Receive(voter, raft_->term().value(), VoteReply{.granted = true});
    }
    Take();
    Persisted();
  }

  // Leads, and every other has acked all of its log. What was sent on the way is gone.
  void BecomeEstablishedLeader() {
    BecomeLeader();
    AckAll();
    Settle();
  }

  // Every other member acks the whole log.
  void AckAll() {
    for (NodeId node : Others()) Ack(node, raft_->log().last().value());
  }
  void Ack(NodeId from, uint64_t index) { Receive(from, raft_->term().value(), Accepted(index)); }

  std::vector<NodeId> Others() const {
    std::vector<NodeId> others = given_.members.Members();
    std::erase(others, given_.node);
    return others;
  }

  const Progress& PeerProgress(NodeId node) {
    for (const Progress& peer : raft_->progress()) {
      if (peer.node == node) return peer;
    }
    SYNOD_ASSERT(false, "a test asks a leader about a member");
  }

  // --- What came out ---

  // The messages in `out` whose body is a `Body`.
  template <class Body>
  [[nodiscard]] std::vector<Outgoing> Sent() const {
    std::vector<Outgoing> sent;
    for (const Outgoing& outgoing : out.messages) {
      if (std::holds_alternative<Body>(outgoing.message.body)) sent.push_back(outgoing);
    }
    return sent;
  }

  // The bodies of those to `to`.
  template <class Body>
  [[nodiscard]] std::vector<Body> SentTo(NodeId to) const {
    std::vector<Body> bodies;
    for (const Outgoing& outgoing : Sent<Body>()) {
      if (outgoing.message.to == to) bodies.push_back(std::get<Body>(outgoing.message.body));
    }
    return bodies;
  }

  [[nodiscard]] std::vector<Index> CommittedIndexes() const {
    std::vector<Index> indexes;
    for (const Committed& committed : out.committed) indexes.push_back(committed.entry.index);
    return indexes;
  }

  // The terms of the log, from its first entry on.
  [[nodiscard]] std::vector<uint64_t> LogTerms() const {
    std::vector<uint64_t> terms;
    const RaftLog& log = raft_->log();
    for (Index i = log.first(); i <= log.last(); ++i) terms.push_back(log.At(i).term.value());
    return terms;
  }

  [[nodiscard]] PersistToken last_token() const { return last_token_; }
  [[nodiscard]] Instant now() const { return now_; }

  Output out;

 private:
  RequestId NextRequest() { return ++last_request_; }

  Given given_;
  Instant now_{std::chrono::seconds(100)};
  std::unique_ptr<Raft> raft_;
  PersistToken last_token_;
  RequestId last_request_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_RAFT_FIXTURE_H_
