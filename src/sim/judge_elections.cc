// What the judge demands of those who lead, and of those who would have another leader: pre-vote
// (Ongaro §9.6), check-quorum (§6.2), transfer (§3.10) and reads (§6.4), each by what the node has
// heard, and when by its own clock.
#include <algorithm>

#include "src/sim/judge.h"

namespace synod::sim {

void Judge::NoteQuestion(const Message& message, Term term, LogEnd end) {
  LogEnd& known = asked_with_[{message.from, term}];
  known = std::max(known, end);
}

void Judge::OnDelivered(NodeId node, std::span<const Message> batch, Instant now) {
  Node& self = At(node);
  self.turn = {.now = now, .log = self.latest.end()};
  for (const Message& message : batch) {
    if (std::holds_alternative<Heartbeat>(message.body) ||
        std::holds_alternative<AppendRequest>(message.body)) {
      if (message.term >= self.turn.leader_term) {
        self.turn.leader = message.from;
        self.turn.leader_term = message.term;
      }
    } else if (std::holds_alternative<HeartbeatReply>(message.body) ||
               std::holds_alternative<AppendReply>(message.body)) {
      HearAnswer(self, message, now);
    } else if (const auto* introduce = std::get_if<Introduce>(&message.body)) {
      self.is_told |= self.is_up && !introduce->recorded.IsZero() &&
                      introduce->recorded != self.own && IsImpostor(node);
    } else if (const auto* read = std::get_if<ReadRequest>(&message.body)) {
      // One that has come before may have begun to wait at any time since.
      const auto [asked, is_new] =
          self.reads.try_emplace({message.from, read->context}, self.round);
      if (!is_new && asked->second.term != self.round.term) asked->second = {self.round.term};
    }
    const auto* vote = std::get_if<VoteRequest>(&message.body);
    if (vote != nullptr && !vote->by_transfer) {
      self.turn.asked = std::max(self.turn.asked, message.term);
    } else if (message.term > self.term || std::holds_alternative<TimeoutNow>(message.body)) {
      // It may have had other reasons to forget its leader.
      self.turn.is_moved |= !std::holds_alternative<PreVoteRequest>(message.body);
    }
  }
}

void Judge::HearAnswer(Node& self, const Message& message, Instant now) {
  // Not to what it is the leader of, if it is one, or not of the disk that is known.
  if (message.term != self.term ||
      message.incarnation != Recorded(message.from, self.latest.members())) {
    return;
  }
  Answer& answer = self.answers[message.from];
  if (answer.term != message.term) answer = {.term = message.term};
  answer.when = now;
  const auto* reply = std::get_if<HeartbeatReply>(&message.body);
  if (reply != nullptr) answer.round = std::max(answer.round, reply->round);
}

void Judge::NoteReadReply(const Message& message, const ReadReply& reply) {
  if (reply.reason != Reason::kNone) return;
  ++counts_.reads_passed_on;
  Node& self = At(message.from);
  const auto read = self.reads.find({message.to, reply.context});
  if (read == self.reads.end()) return;
  const uint64_t before = read->second.term == message.term ? read->second.round : 0;
  self.told_reads.push_back({.to = message.to, .term = message.term, .asked_in = before});
}

// I11: a read that a follower has passed on is answered once a quorum has confirmed the leader in a
// round that began after it arrived (D3). The members may have changed in the turn in which it was.
void Judge::CheckToldReads(NodeId node, Node& self, const Configuration& now) {
  for (const ToldRead& read : self.told_reads) {
    const auto confirms = [&](NodeId member) {
      if (member == node) return true;
      const auto answer = self.answers.find(member);
      return answer != self.answers.end() && answer->second.term == read.term &&
             answer->second.round > read.asked_in;
    };
    if (IsQuorum(Phase::kCommit, now, confirms) ||
        IsQuorum(Phase::kCommit, *self.in_force, confirms)) {
      continue;
    }
    Fail("read after a round of its own (D3)",
         Name(node) + " answers a read of " + Name(read.to) +
             ", and no quorum has confirmed since it came that it leads term " + Str(read.term));
  }
  self.told_reads.clear();
}

// Whether it must still protect the leader of its term.
bool Judge::HearsLeader(const Node& self) const {
  return !self.leader.IsZero() && self.word.term == self.term &&
         self.turn.now < self.word.when + self.raft.election_timeout;
}

// Nobody helps to depose a leader that it hears. Who stands in for another hears what was meant for
// that one, and makes nothing of it.
void Judge::CheckPreVote(const Message& message, const PreVoteReply& reply) {
  const Node& self = At(message.from);
  if (IsStandIn(message.from)) return;
  if (message.term == self.term && !self.turn.is_moved && HearsLeader(self)) {
    Fail("no pre-vote beside a leader", Name(message.from) + " would vote for " + Name(message.to) +
                                            ", and hears the leader of term " + Str(self.term));
  }
  if (self.turn.log > asked_with_[{message.to, reply.next_term}]) {
    Fail("pre-vote for an equal log or better (Raft 5.4.1)",
         Name(message.from) + " would vote for " + Name(message.to) + ", whose log is behind");
  }
  pre_votes_[{message.to, reply.next_term}].insert(message.incarnation);
}

void Judge::CheckCandidacyByTransfer(const Message& message, const VoteRequest& request) {
  if (request.by_transfer && !asked_.contains({message.from, message.term - 1})) {
    Fail("candidacy by transfer", Name(message.from) + " campaigns in term " + Str(message.term) +
                                      ", and no leader of the term before has asked for it");
  }
}

// Nobody raises its term before a quorum has said that it would vote, or its leader asked for it.
void Judge::CheckCandidacy(NodeId node, const Node& self, const Raft& core) {
  if (core.role() != Role::kCandidate || core.term() == self.term || !self.raft.pre_vote) return;
  if (asked_.contains({node, core.term() - 1})) return;
  const std::set<Incarnation>& granted = pre_votes_[{node, core.term()}];
  const Configuration& members = core.configuration();
  const bool is_quorum = IsQuorum(Phase::kElection, members, [&](NodeId member) {
    return member == node || granted.contains(Recorded(member, members));
  });
  if (!is_quorum) {
    Fail("candidacy by pre-votes", Name(node) + " campaigns in term " + Str(core.term()) +
                                       " with the pre-votes of " + std::to_string(granted.size()) +
                                       " others, of " + Describe(members));
  }
}

// Raft §5.4.1. In the turn in which it votes its log may have grown before, or after.
void Judge::CheckUpToDate(NodeId node, const Node& self, const Raft& core) {
  if (core.vote().IsZero() || core.vote() == node) return;
  if (core.vote() == self.vote && core.term() == self.term) return;
  if (self.turn.log > asked_with_[{core.vote(), core.term()}]) {
    Fail("vote for an equal log or better (Raft 5.4.1)",
         Name(node) + " votes for " + Name(core.vote()) + " in term " + Str(core.term()) +
             ", whose log is behind");
  }
}

// What it has heard in this turn, at its end or later.
void Judge::Listen(NodeId node, Node& self, const Raft& core) {
  const Turn& turn = self.turn;
  const bool obeys = !IsStandIn(node) && core.term() > self.term && core.term() == turn.asked &&
                     !turn.is_moved && core.vote() != node && core.leader().IsZero();
  if (obeys && self.raft.check_quorum && self.leader != node && HearsLeader(self)) {
    Fail("no vote beside a leader", Name(node) + " adopts term " + Str(core.term()) +
                                        ", and hears the leader of term " + Str(self.term));
  }
  if (!turn.leader.IsZero() && core.leader() == turn.leader && core.term() == turn.leader_term) {
    self.word = {.term = core.term(), .when = turn.now};
  }
  self.leader = core.leader();
  self.turn = {.now = turn.now};
}

// Who has not heard a quorum for an election timeout does not go on leading. It looks once in a
// heartbeat interval, and a change may ask for another quorum meanwhile.
void Judge::CheckHearsQuorum(NodeId node, const Node& self, const Raft& core, Instant now) {
  const auto heard = [&](NodeId member) {
    if (member == node) return now;
    Instant when = self.led_since;
    if (const auto joined = self.joined.find(member); joined != self.joined.end()) {
      when = std::max(when, joined->second);
    }
    const auto answer = self.answers.find(member);
    const bool counts = answer != self.answers.end() && answer->second.term == core.term();
    return counts ? std::max(when, answer->second.when) : when;
  };
  const Duration patience = self.raft.election_timeout + self.raft.heartbeat_interval;
  if (now <= self.in_force_since + self.raft.heartbeat_interval) return;
  if (!IsQuorum(Phase::kCommit, core.configuration(),
                [&](NodeId member) { return now - heard(member) <= patience; })) {
    Fail("check quorum", Name(node) + " leads term " + Str(core.term()) +
                             ", and has heard no quorum of " + Describe(core.configuration()) +
                             " for " + std::to_string(patience / std::chrono::milliseconds(1)) +
                             " ms");
  }
}

}  // namespace synod::sim
