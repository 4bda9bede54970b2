// What the judge makes of the messages that nodes send: each of them promises something.
#include <algorithm>

#include "src/sim/judge.h"

namespace synod::sim {

void Judge::OnSend(const Message& message) {
  CheckTakesPart(message);
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->status == AppendReply::Status::kAccepted) {
      CheckAck(message, *reply);
      Ack& acked = acks_[{message.incarnation, message.to, reply->epoch}];
      if (message.term > acked.term) acked = {.term = message.term, .index = Index()};
      if (message.term == acked.term) acked.index = std::max(acked.index, reply->index);
    }
  } else if (const auto* vote = std::get_if<VoteReply>(&message.body)) {
    if (vote->granted) CheckVote(message.from, {.candidate = message.to}, message.term);
  } else if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    CheckVote(message.from, {.candidate = message.from, .disk = message.incarnation}, message.term);
    NoteQuestion(message, message.term, {.term = request->last_term, .index = request->last_index});
    CheckCandidacyByTransfer(message, *request);
  } else if (const auto* question = std::get_if<PreVoteRequest>(&message.body)) {
    NoteQuestion(message, question->next_term,
                 {.term = question->last_term, .index = question->last_index});
  } else if (const auto* pre = std::get_if<PreVoteReply>(&message.body)) {
    if (pre->granted) CheckPreVote(message, *pre);
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    CheckAppend(message, *append);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&message.body)) {
    CheckHeartbeat(message, *heartbeat);
    At(message.from).round = {.term = message.term, .round = heartbeat->round};
  } else if (const auto* read = std::get_if<ReadReply>(&message.body)) {
    NoteReadReply(message, *read);
  } else if (std::holds_alternative<TimeoutNow>(message.body)) {
    if (At(message.from).led == message.term) asked_.emplace(message.to, message.term);
  } else if (const auto* introduce = std::get_if<Introduce>(&message.body)) {
    CheckIntroduction(message, *introduce);
  }
}

// I3: that a disk is recorded is said once it cannot be forgotten, and of the first alone, unless
// a change has named another. What a disk that replaced another has recorded itself does not count.
void Judge::CheckIntroduction(const Message& message, const Introduce& introduce) {
  if (introduce.recorded.IsZero()) return;
  if (introduce.is_settled) {
    if (named_.contains(introduce.recorded)) return;
    Fail("introduction by a change (M3)", Name(message.from) + " tells " + Name(message.to) +
                                              " that a change has named #" +
                                              Str(introduce.recorded) + ", and none has");
    return;
  }
  if (At(message.from).own != At(message.from).first) return;
  if (introduce.recorded != At(message.to).first || !HasRecorded(message.from, message.to)) {
    Fail("introduction after sync (I3)", Name(message.from) + " tells " + Name(message.to) +
                                             " that it has recorded #" + Str(introduce.recorded) +
                                             ", and its disk does not know it");
  }
}

// Nobody votes before all others have recorded its disk, durably: one that replaced it would be
// taken for the first by whoever has not, and vote again. Whom a change names is known by that.
void Judge::CheckIsKnown(NodeId node) {
  if (At(node).joins || named_.contains(At(node).own)) return;
  for (uint64_t other = 1; other <= founders_; ++other) {
    if (node == NodeId(other) || HasRecorded(NodeId(other), node)) continue;
    Fail("no vote before introductions (I3)",
         Name(node) + " votes, and node " + std::to_string(other) + " has not recorded its disk");
  }
}

bool Judge::HasRecorded(NodeId node, NodeId other) const {
  const std::vector<KnownPeer>& peers = DiskOf(node, At(node).first).hard_state.peers;
  return std::find(peers.begin(), peers.end(),
                   KnownPeer{.node = other, .incarnation = At(other).first}) != peers.end();
}

// M3: a disk that replaced another under the same name has forgotten what that one promised. Unless
// a change names it, it neither votes nor leads; what else it says, nobody counts.
void Judge::CheckTakesPart(const Message& message) {
  if (!IsImpostor(message.from)) return;
  const auto* vote = std::get_if<VoteReply>(&message.body);
  const auto* pre = std::get_if<PreVoteReply>(&message.body);
  if ((vote != nullptr && vote->granted) || (pre != nullptr && pre->granted) ||
      std::holds_alternative<PreVoteRequest>(message.body) ||
      std::holds_alternative<VoteRequest>(message.body) ||
      std::holds_alternative<AppendRequest>(message.body) ||
      std::holds_alternative<Heartbeat>(message.body)) {
    Fail("a replaced disk has no vote (M3)", Name(message.from) + " has lost its disk, and votes");
  }
}

// A leader that restarts must not have forgotten that it led (E12).
void Judge::CheckLeads(const Message& message) {
  const HardState& durable = At(message.from).durable.hard_state;
  if (durable.term < message.term ||
      (durable.term == message.term && durable.vote != message.from)) {
    Fail("persist before send", Name(message.from) + " leads term " + Str(message.term) +
                                    ", and its disk does not know that it voted for itself");
  }
}

void Judge::CheckAppend(const Message& message, const AppendRequest& append) {
  if (append.commit > append.prev_index + append.entries.size()) {
    Fail("commit within the append (I7)",
         Name(message.from) + " tells of commit " + Str(append.commit) + " beyond its append");
  }
  CheckLeads(message);
}

void Judge::CheckHeartbeat(const Message& message, const Heartbeat& heartbeat) {
  CheckLeads(message);
  // Who is removed in this very turn was told as the member that it had been.
  const Node& self = At(message.from);
  const Configuration& latest = self.latest.members();
  const bool was_member = !latest.IsMember(message.to) && self.in_force != nullptr;
  const Configuration& members = was_member ? *self.in_force : latest;
  const ShadowLog& disk = DiskOf(message.to, Recorded(message.to, members));
  const auto here = At(message.from).latest.TermAt(heartbeat.commit);
  const auto there = disk.TermAt(heartbeat.commit);
  if (!disk.Covers(heartbeat.commit) || (here && there && *here != *there)) {
    Fail("commit within what is verified (I7)", Name(message.from) + " tells " + Name(message.to) +
                                                    " of commit " + Str(heartbeat.commit) +
                                                    ", which its disk does not hold");
  }
}

// I5: what is acked is durable. I6: and equal to the leader's log.
void Judge::CheckAck(const Message& message, const AppendReply& reply) {
  const Node& self = At(message.from);
  const ShadowLog& disk = self.durable;
  if (disk.hard_state.term > message.term) {
    // It says what was so when that term ended for it; others may know better by now.
    const auto reached = self.reached.find(message.term);
    if (reached != self.reached.end() && reached->second >= reply.index) return;
  }
  // An entry of a later term is not the one that was to be acked.
  const auto held = disk.TermAt(reply.index);
  if (!disk.Covers(reply.index) || disk.hard_state.term < message.term ||
      (held && *held > message.term)) {
    Fail("ack after sync (I5)", Name(message.from) + " acks " + Str(reply.index) + " in term " +
                                    Str(message.term) + ", and its disk ends at " +
                                    Str(disk.last()) + " in term " + Str(disk.hard_state.term));
    return;
  }
  const Node& leader = At(message.to);
  if (leader.led != message.term || leader.latest.hard_state.term != message.term) return;
  const ShadowLog& log = leader.latest;
  const bool is_equal =
      log.Covers(reply.index) && (!log.Holds(reply.index) || !disk.Holds(reply.index) ||
                                  log.ChainAt(reply.index) == disk.ChainAt(reply.index));
  if (!is_equal) {
    Fail("ack of an equal log (I6)", Name(message.from) + " acks " + Str(reply.index) + ", where " +
                                         Name(message.to) + ", leader of term " +
                                         Str(message.term) + ", has another log or none");
  }
}

// Raft §5.1: a vote leaves when it cannot be forgotten any more. §5.2: one a term.
void Judge::CheckVote(NodeId node, const Vote& vote, Term term) {
  if (vote.candidate == node) {
    world_.Note(Story::What::kCampaigns, node, term.value());
  } else {
    world_.Note(Story::What::kVotes, node, term.value(), vote.candidate.value());
  }
  const HardState& durable = At(node).durable.hard_state;
  // A later term in the same write forbids another vote in this one just as well.
  if (durable.term < term || (durable.term == term && durable.vote != vote.candidate)) {
    Fail("vote after sync (I3)", Name(node) + " votes for " + Str(vote.candidate) + " in term " +
                                     Str(term) + ", and its disk does not know it");
  }
  CheckOneVote(node, vote, term);
  CheckIsKnown(node);
}

// A vote is given to a disk: two of one name are two candidates.
void Judge::CheckOneVote(NodeId node, const Vote& vote, Term term) {
  if (vote.candidate.IsZero()) return;
  const auto [known, is_new] = votes_.try_emplace({At(node).own, term}, vote);
  const bool is_same_disk =
      known->second.disk == vote.disk || known->second.disk.IsZero() || vote.disk.IsZero();
  if (known->second.candidate != vote.candidate || !is_same_disk) {
    Fail("one vote a term", Name(node) + " votes in term " + Str(term) + " for " +
                                Str(known->second.candidate) + " and for " + Str(vote.candidate) +
                                (is_same_disk ? "" : ", or for two disks of it"));
  }
  if (known->second.disk.IsZero()) known->second.disk = vote.disk;
}

}  // namespace synod::sim
