// What Raft demands of messages, each of which promises something.
#include <algorithm>

#include "src/sim/raft_judge.h"

namespace synod::sim {

std::optional<Reign> RaftJudge::SpeaksAsLeader(const Message& message) const {
  const bool speaks = std::holds_alternative<Heartbeat>(message.body) ||
                      std::holds_alternative<AppendRequest>(message.body);
  return speaks ? std::optional(ReignOf(message.term)) : std::nullopt;
}

std::optional<Judge::Round> RaftJudge::AnswersLeader(const Message& message) const {
  const auto* reply = std::get_if<HeartbeatReply>(&message.body);
  if (reply == nullptr && !std::holds_alternative<AppendReply>(message.body)) return std::nullopt;
  return Round{.reign = ReignOf(message.term), .round = reply == nullptr ? 0 : reply->round};
}

std::optional<Reign> RaftJudge::AsksForVote(const Message& message) const {
  const auto* vote = std::get_if<VoteRequest>(&message.body);
  if (vote == nullptr || vote->by_transfer) return std::nullopt;
  return ReignOf(message.term);
}

bool RaftJudge::IsVote(const Message& message) const {
  const auto* vote = std::get_if<VoteReply>(&message.body);
  return (vote != nullptr && vote->granted) || std::holds_alternative<VoteRequest>(message.body);
}

void RaftJudge::CheckMessage(const Message& message) {
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->status == AppendReply::Status::kAccepted) {
      CheckAck(message, *reply);
      NoteAck(message, ReignOf(message.term), reply->epoch, reply->index);
    }
  } else if (const auto* vote = std::get_if<VoteReply>(&message.body)) {
    if (vote->granted) CheckVote(message.from, {.candidate = message.to}, message.term);
  } else if (const auto* request = std::get_if<VoteRequest>(&message.body)) {
    CheckVote(message.from, {.candidate = message.from, .disk = message.incarnation}, message.term);
    NoteQuestion(message, message.term, {.term = request->last_term, .index = request->last_index});
    if (request->by_transfer) CheckCandidacyByTransfer(message);
  } else if (const auto* question = std::get_if<PreVoteRequest>(&message.body)) {
    NoteQuestion(message, question->next_term,
                 {.term = question->last_term, .index = question->last_index});
  } else if (const auto* pre = std::get_if<PreVoteReply>(&message.body)) {
    if (pre->granted && !IsStandIn(message.from)) CheckQuestioned(message, *pre);
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    CheckAppend(message, *append);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&message.body)) {
    CheckHeartbeat(message, *heartbeat);
    At(message.from).round = {.reign = ReignOf(message.term), .round = heartbeat->round};
  }
}

void RaftJudge::NoteQuestion(const Message& message, Term term, LogEnd end) {
  LogEnd& known = asked_with_[{message.from, term}];
  known = std::max(known, end);
}

void RaftJudge::CheckQuestioned(const Message& message, const PreVoteReply& reply) {
  if (At(message.from).turn.log > asked_with_[{message.to, reply.next_term}]) {
    Fail("pre-vote for an equal log or better (Raft 5.4.1)",
         Name(message.from) + " would vote for " + Name(message.to) + ", whose log is behind");
  }
}

void RaftJudge::CheckAppend(const Message& message, const AppendRequest& append) {
  if (append.commit > append.prev_index + append.entries.size()) {
    Fail("commit within the append (I7)",
         Name(message.from) + " tells of commit " + Str(append.commit) + " beyond its append");
  }
  CheckLeads(message, ReignOf(message.term));
}

void RaftJudge::CheckHeartbeat(const Message& message, const Heartbeat& heartbeat) {
  CheckLeads(message, ReignOf(message.term));
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
void RaftJudge::CheckAck(const Message& message, const AppendReply& reply) {
  const Node& self = At(message.from);
  const ShadowLog& disk = self.durable;
  if (disk.hard_state.term > message.term) {
    // It says what was so when that term ended for it; others may know better by now.
    const auto reached = self.reached.find(ReignOf(message.term));
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
  if (leader.led.round != message.term || leader.latest.hard_state.term != message.term) return;
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
void RaftJudge::CheckVote(NodeId node, const Vote& vote, Term term) {
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
void RaftJudge::CheckOneVote(NodeId node, const Vote& vote, Term term) {
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
