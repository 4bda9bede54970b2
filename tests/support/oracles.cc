#include "tests/support/oracles.h"

#include <algorithm>

#include "synod/base/crc32c.h"
#include "synod/core/quorum.h"

namespace synod::test {

namespace {

// The term that a disk's image holds at `index`; nothing if the index is beyond its end or covered
// by its snapshot alone.
std::optional<Term> DurableTermAt(const DurableState& image, Index index) {
  if (index == image.snapshot.index) return image.snapshot.term;
  if (image.entries.empty() || index < image.entries.front().index ||
      index > image.entries.back().index) {
    return std::nullopt;
  }
  return image.entries[index - image.entries.front().index].term;
}

Index DurableLast(const DurableState& image) {
  return image.entries.empty() ? image.snapshot.index : image.entries.back().index;
}

size_t Majority(size_t nodes) { return nodes / 2 + 1; }

}  // namespace

Oracles::Oracles(std::span<const std::unique_ptr<TestReplica>> replicas, Ledger& ledger,
                 Verdict& verdict, Coverage& coverage)
    : replicas_(replicas),
      ledger_(ledger),
      verdict_(verdict),
      coverage_(coverage),
      lives_(replicas.size()) {}

void Oracles::OnStart(const TestReplica& replica, const RaftOptions& options, Instant local_now) {
  Life& life = lives_[replica.node().value() - 1];
  life = Life{.options = options,
              .term = replica.core().term(),
              .commit = replica.core().commit(),
              .leading = {},
              .heard = std::vector<Instant>(replicas_.size(), local_now)};
}

void Oracles::OnWipe(NodeId node) { wiped_.insert(node); }

void Oracles::OnDelivered(const TestReplica& replica, const Message& message, Instant local_now) {
  lives_[replica.node().value() - 1].heard[message.from.value() - 1] = local_now;
}

// --- What leaves a replica ---

void Oracles::OnSent(const TestReplica& replica, const Message& message) {
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->status == AppendReply::Status::kAccepted) CheckAck(replica, message, *reply);
  } else if (const auto* vote = std::get_if<VoteReply>(&message.body)) {
    if (vote->granted) CheckVote(replica, message, message.to);
  } else if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    CheckVote(replica, message, message.from);
    if (!request->by_transfer) CheckPreVotes(replica, message);
  } else if (const auto* pre = std::get_if<PreVoteReply>(&message.body)) {
    if (pre->granted) pre_votes_[{message.to, pre->next_term}].insert(message.from);
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    CheckLeaderMessage(replica, message);
    if (append->commit > append->prev_index + append->entries.size()) {
      verdict_.Fail("node ", replica.node(), " tells of a commit index beyond its append (I7)");
    }
  } else if (std::holds_alternative<Heartbeat>(message.body)) {
    CheckLeaderMessage(replica, message);
  }
}

// I5: what is acked is durable now. I6: and equal to the leader's log.
void Oracles::CheckAck(const TestReplica& replica, const Message& message,
                       const AppendReply& reply) {
  const DurableState& image = replica.disk().image();
  if (DurableLast(image) < reply.index || image.hard_state.term < message.term) {
    verdict_.Fail("node ", replica.node(), " acks ", reply.index, " in term ", message.term,
                  ", but its disk ends at ", DurableLast(image), " in term ", image.hard_state.term,
                  " (I5)");
    return;
  }
  const TestReplica& leader = *replicas_[message.to.value() - 1];
  if (!leader.IsUp() || !leader.core().IsLeader() || leader.core().term() != message.term ||
      image.hard_state.term != message.term) {
    return;
  }
  const std::optional<Term> here = DurableTermAt(image, reply.index);
  const std::optional<Term> there = leader.core().log().TermAt(reply.index);
  if (here && there && *here != *there) {
    verdict_.Fail("node ", replica.node(), " acks ", reply.index, " where it holds term ", *here,
                  " and the leader term ", *there, " (I6)");
  }
}

// Raft §5.1: a vote leaves only when it cannot be forgotten. §5.2: one a term.
void Oracles::CheckVote(const TestReplica& replica, const Message& message, NodeId candidate) {
  const HardState& durable = replica.disk().image().hard_state;
  // A later term in the same write forbids another vote in this one just as well.
  if (durable.term < message.term || (durable.term == message.term && durable.vote != candidate)) {
    verdict_.Fail("node ", replica.node(), " votes for ", candidate, " in term ", message.term,
                  ", and its disk does not know it (I3)");
  }
  const auto [vote, first] =
      votes_.try_emplace({replica.identity().incarnation, message.term}, candidate);
  if (!first && vote->second != candidate) {
    verdict_.Fail("node ", replica.node(), " votes twice in term ", message.term, ": for ",
                  vote->second, " and for ", candidate, " (Raft §5.2)");
  }
}

// Ongaro §9.6: nobody raises its term before a quorum has said that it would vote.
void Oracles::CheckPreVotes(const TestReplica& replica, const Message& message) {
  if (!lives_[replica.node().value() - 1].options.pre_vote) return;
  std::set<NodeId> granted = pre_votes_[{message.from, message.term}];
  granted.insert(message.from);
  if (granted.size() < Majority(replicas_.size())) {
    verdict_.Fail("node ", replica.node(), " campaigns in term ", message.term, " with only ",
                  granted.size(), " pre-votes (Ongaro §9.6)");
  }
}

// A leader that restarts must not have forgotten that it led (E12).
void Oracles::CheckLeaderMessage(const TestReplica& replica, const Message& message) {
  const HardState& durable = replica.disk().image().hard_state;
  if (durable.term < message.term ||
      (durable.term == message.term && durable.vote != message.from)) {
    verdict_.Fail("node ", replica.node(), " leads term ", message.term,
                  ", and its disk does not know that it voted for itself");
  }
}

void Oracles::OnAlert(const TestReplica& replica, const Alert& alert) {
  switch (alert.kind) {
    case Alert::Kind::kPeerWiped:
      if (!WasWiped(alert.peer) && !WasWiped(replica.node())) {
        verdict_.Fail("node ", replica.node(), " takes ", alert.peer, " for wiped");
      }
      return;
    case Alert::Kind::kSelfWiped:
      coverage_.Reached(Place::kSelfWiped);
      if (!WasWiped(replica.node())) {
        verdict_.Fail("node ", replica.node(), " takes itself for wiped");
      }
      return;
    case Alert::Kind::kConfigurationMismatch:
      verdict_.Fail("node ", replica.node(), " finds another configuration at ", alert.peer);
      return;
    case Alert::Kind::kUnsafeTruncation:
      verdict_.Fail("node ", replica.node(), " is asked by ", alert.peer,
                    " to overwrite what is committed (R10)");
      return;
    case Alert::Kind::kInvalidMessage:
      verdict_.Fail("node ", replica.node(), " calls a message of ", alert.peer, " invalid");
      return;
  }
}

// --- The log ---

void Oracles::OnPersist(const TestReplica& replica, const Persist& persist) {
  if (persist.truncate_from) coverage_.Reached(Place::kTruncated);
  if (persist.entries.empty()) return;
  std::optional<Term> prev = replica.core().log().TermAt(persist.entries.front().index - 1);
  for (const Entry& entry : persist.entries) {
    const uint32_t checksum = Crc32c(0, entry.payload.view());
    const auto at =
        entries_.try_emplace({entry.index, entry.term},
                             Identity{.checksum = checksum, .kind = entry.kind, .prev_term = prev});
    Identity& known = at.first->second;
    if (!known.prev_term) known.prev_term = prev;
    if (known.checksum != checksum || known.kind != entry.kind ||
        (prev && *known.prev_term != *prev)) {
      verdict_.Fail("node ", replica.node(), " has another entry ", entry.index, " of term ",
                    entry.term, " than others, or behind another one (log matching, Raft §5.3)");
    }
    prev = entry.term;
  }
}

void Oracles::OnCommitted(const TestReplica& replica, const Committed& committed) {
  const Entry& entry = committed.entry;
  if (entry.index.value() > chosen_.size()) {
    Choose(replica, entry);
  } else if (!(chosen_[entry.index.value() - 1] == entry)) {
    verdict_.Fail("node ", replica.node(), " commits another entry ", entry.index, " of term ",
                  entry.term, " than the one of term ", chosen_[entry.index.value() - 1].term,
                  " that is chosen (state machine safety, Raft §5.4.3)");
  }
  ledger_.OnCommitted(replica.node(), committed);
}

void Oracles::Choose(const TestReplica& replica, const Entry& entry) {
  if (entry.index.value() != chosen_.size() + 1) {
    verdict_.Fail("node ", replica.node(), " commits ", entry.index, " after ", chosen_.size());
    return;
  }
  if (DurableOn(entry) < Majority(replicas_.size())) {
    verdict_.Fail("node ", replica.node(), " commits ", entry.index, " of term ", entry.term,
                  ", which is durable on ", DurableOn(entry), " of ", replicas_.size());
  }
  chosen_.push_back(entry);
  chosen_in_.push_back(replica.core().term());
  reference_.Apply(entry);
  hashes_.push_back(reference_.hash());
  ledger_.OnChosen(entry);
}

// On how many voters' disks `entry` is. What was on a disk that has been replaced since, nobody
// knows.
size_t Oracles::DurableOn(const Entry& entry) const {
  return static_cast<size_t>(std::count_if(replicas_.begin(), replicas_.end(), [&](const auto& r) {
    const DurableState& image = r->disk().image();
    return WasWiped(r->node()) || image.snapshot.index >= entry.index ||
           DurableTermAt(image, entry.index) == entry.term;
  }));
}

// --- The state after an event ---

void Oracles::AfterEvent(const TestReplica& replica, Instant local_now) {
  CheckDurableVote(replica);
  if (!replica.IsUp()) return;
  Life& life = lives_[replica.node().value() - 1];
  if (replica.core().term() < life.term) {
    verdict_.Fail("the term of node ", replica.node(), " fell (Raft §5.1)");
  }
  life.term = replica.core().term();
  if (replica.core().commit() < life.commit) {
    verdict_.Fail("the commit index of node ", replica.node(), " fell");
  }
  CheckLeader(replica, life, local_now);
  life.commit = replica.core().commit();
  CheckState(replica);
}

void Oracles::CheckDurableVote(const TestReplica& replica) {
  const HardState& durable = replica.disk().image().hard_state;
  if (durable.vote.IsZero()) return;
  const auto [vote, first] =
      votes_.try_emplace({replica.identity().incarnation, durable.term}, durable.vote);
  if (!first && vote->second != durable.vote) {
    verdict_.Fail("the disk of node ", replica.node(), " holds two votes of term ", durable.term,
                  ": for ", vote->second, " and for ", durable.vote, " (Raft §5.2)");
  }
}

void Oracles::CheckLeader(const TestReplica& replica, Life& life, Instant local_now) {
  const Raft& core = replica.core();
  if (!core.IsLeader()) {
    life.leading = Term();
    return;
  }
  if (life.leading != core.term()) {
    life.leading = core.term();
    std::fill(life.heard.begin(), life.heard.end(), local_now);
    CheckNewLeader(replica);
  }
  // Raft §5.4.2: a leader's commit index moves to an entry of its own term.
  if (core.commit() > life.commit && core.log().TermAt(core.commit()) != core.term()) {
    verdict_.Fail("leader ", replica.node(), " of term ", core.term(), " commits ", core.commit(),
                  ", an entry of an older term, by counting (Raft §5.4.2)");
  }
  CheckCheckQuorum(replica, life, local_now);
}

void Oracles::CheckNewLeader(const TestReplica& replica) {
  const Raft& core = replica.core();
  const auto [leader, first] = leaders_.try_emplace(core.term(), replica.node());
  coverage_.Reached(Place::kLeader);
  if (!first) {
    verdict_.Fail("nodes ", leader->second, " and ", replica.node(), " both became leader in term ",
                  core.term(), " (election safety, Raft §5.2)");
  }
  for (size_t i = 0; i < chosen_.size(); ++i) {
    if (chosen_in_[i] >= core.term()) continue;
    const Index index(i + 1);
    const bool holds = index <= core.snapshot_index() || index < core.log().first() ||
                       core.log().TermAt(index) == chosen_[i].term;
    if (!holds) {
      verdict_.Fail("leader ", replica.node(), " of term ", core.term(), " lacks entry ", index,
                    ", chosen in term ", chosen_in_[i], " (leader completeness, Raft §5.4.3)");
    }
  }
}

// Ongaro §6.2: who hears no quorum does not go on leading. Checked at each heartbeat.
void Oracles::CheckCheckQuorum(const TestReplica& replica, const Life& life, Instant local_now) {
  if (!life.options.check_quorum) return;
  std::vector<Instant> heard = life.heard;
  heard[replica.node().value() - 1] = local_now;
  std::sort(heard.begin(), heard.end(), std::greater<>());
  const Duration silent = local_now - heard[Majority(heard.size()) - 1];
  if (silent > life.options.election_timeout + life.options.heartbeat_interval) {
    verdict_.Fail("leader ", replica.node(), " of term ", life.leading,
                  " goes on without a quorum (Ongaro §6.2)");
  }
}

void Oracles::CheckState(const TestReplica& replica) {
  const TestStateMachine& machine = replica.state_machine();
  if (machine.applied().IsZero()) return;
  if (machine.applied().value() > hashes_.size()) {
    verdict_.Fail("node ", replica.node(), " has applied ", machine.applied(),
                  ", which is not chosen");
  } else if (machine.hash() != hashes_[machine.applied().value() - 1]) {
    verdict_.Fail("node ", replica.node(), " is in another state than others at ",
                  machine.applied());
  }
}

}  // namespace synod::test
