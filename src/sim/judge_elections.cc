// What the judge demands of those who lead, and of those who would have another leader: pre-vote
// (Ongaro §9.6), check-quorum (§6.2), transfer (§3.10) and reads (§6.4), each by what the node has
// heard, and when by its own clock.
#include <algorithm>

#include "src/sim/judge.h"

namespace synod::sim {

void Judge::OnDelivered(NodeId node, std::span<const Message> batch, Instant now) {
  Node& self = At(node);
  self.turn = {.now = now, .log = self.latest.end()};
  for (const Message& message : batch) {
    if (const auto reign = SpeaksAsLeader(message)) {
      if (*reign >= self.turn.leader_in) {
        self.turn.leader = message.from;
        self.turn.leader_in = *reign;
      }
    } else if (AnswersLeader(message)) {
      HearAnswer(self, message, now);
    } else if (const auto* introduce = std::get_if<Introduce>(&message.body)) {
      self.is_told |= self.is_up && !introduce->recorded.IsZero() &&
                      introduce->recorded != self.own && IsImpostor(node);
    } else if (const auto* read = std::get_if<ReadRequest>(&message.body)) {
      // One that has come before may have begun to wait at any time since.
      const auto [asked, is_new] =
          self.reads.try_emplace({message.from, read->context}, self.round);
      if (!is_new && asked->second.reign != self.round.reign) asked->second = {self.round.reign};
    }
    if (const auto asked = AsksForVote(message)) {
      self.turn.asked = std::max(self.turn.asked, *asked);
    } else if (message.term > self.reign.round ||
               std::holds_alternative<TimeoutNow>(message.body)) {
      // It may have had other reasons to forget its leader.
      self.turn.is_moved |= !std::holds_alternative<PreVoteRequest>(message.body);
    }
  }
}

void Judge::HearAnswer(Node& self, const Message& message, Instant now) {
  const std::optional<Round> told = AnswersLeader(message);
  // Not to what it is the leader of, if it is one, or not of the disk that is known.
  if (told->reign != self.reign ||
      message.incarnation != DiskOfPeer(message.from, KnownMembers(self))) {
    return;
  }
  Answer& answer = self.answers[message.from];
  if (answer.reign != told->reign) answer = {.reign = told->reign};
  answer.when = now;
  answer.round = std::max(answer.round, told->round);
}

void Judge::NoteReadReply(const Message& message, const ReadReply& reply) {
  if (reply.reason != Reason::kNone) return;
  ++counts_.reads_passed_on;
  Node& self = At(message.from);
  const auto read = self.reads.find({message.to, reply.context});
  if (read == self.reads.end()) return;
  const Reign reign = self.led.round == message.term ? self.led : self.round.reign;
  const uint64_t before = read->second.reign == reign ? read->second.round : 0;
  self.told_reads.push_back({.to = message.to, .reign = reign, .asked_in = before});
}

// I11: a read that a follower has passed on is answered once a quorum has confirmed the leader in a
// round that began after it arrived (D3). The members may have changed in the turn in which it was.
void Judge::CheckToldReads(NodeId node, Node& self, const Configuration& now) {
  for (const ToldRead& read : self.told_reads) {
    const auto confirms = [&](NodeId member) {
      if (member == node) return true;
      const auto answer = self.answers.find(member);
      return answer != self.answers.end() && answer->second.reign == read.reign &&
             answer->second.round > read.asked_in;
    };
    if (IsQuorum(Phase::kCommit, now, confirms) ||
        IsQuorum(Phase::kCommit, *self.in_force, confirms)) {
      continue;
    }
    Fail("read after a round of its own (D3)",
         Name(node) + " answers a read of " + Name(read.to) +
             ", and no quorum has confirmed since it came that it leads " + Name(read.reign));
  }
  self.told_reads.clear();
}

Judge::AskedRead Judge::OnReadAsked(NodeId node) const {
  const Node& self = At(node);
  if (self.leader != node) return {};
  return {.reign = self.reign,
          .round = self.round.reign == self.reign ? self.round.round : 0,
          .members = self.in_force};
}

void Judge::OnReadAnswered(NodeId node, const AskedRead& asked) {
  if (asked.reign != Reign()) At(node).answered_reads.push_back(asked);
}

// I11 again, of what a leader is asked itself. Once others may decide than when it was asked, those
// who have confirmed it before are not known here.
void Judge::CheckAnsweredReads(NodeId node, Node& self, const Engine& core) {
  for (const AskedRead& asked : std::exchange(self.answered_reads, {})) {
    if (self.reign != asked.reign || core.configuration() != *asked.members) continue;
    const bool is_confirmed = IsQuorum(Phase::kCommit, *asked.members, [&](NodeId member) {
      if (member == node) return true;
      const auto answer = self.answers.find(member);
      return answer != self.answers.end() && answer->second.reign == asked.reign &&
             answer->second.round > asked.round;
    });
    if (is_confirmed) continue;
    Fail("read after a round of its own (D3)",
         Name(node) + " answers a read, and no quorum has confirmed since it came that it leads " +
             Name(asked.reign));
  }
}

// Whether it must still protect the leader of its term.
bool Judge::HearsLeader(const Node& self) const {
  return !self.leader.IsZero() && self.word.reign == self.reign &&
         self.turn.now < self.word.when + self.engine.election_timeout;
}

// Nobody helps to depose a leader that it hears. Who stands in for another hears what was meant for
// that one, and makes nothing of it.
void Judge::CheckPreVote(const Message& message, const PreVoteReply& reply) {
  const Node& self = At(message.from);
  // An acceptor says only that it is there: it knows no leader.
  if (IsAcceptor(message.from)) {
    pre_votes_[{message.to, reply.next_term}].insert(message.incarnation);
    return;
  }
  if (IsStandIn(message.from)) return;
  if (message.term == self.reign.round && !self.turn.is_moved && HearsLeader(self)) {
    Fail("no pre-vote beside a leader", Name(message.from) + " would vote for " + Name(message.to) +
                                            ", and hears the leader of " + Name(self.reign));
  }
  pre_votes_[{message.to, reply.next_term}].insert(message.incarnation);
}

bool Judge::WasAsked(NodeId node, Term term, Term since) const {
  if (!MaySkipTerms()) return asked_.contains({node, term - 1});
  const auto behind = asked_.lower_bound({node, term});
  if (behind == asked_.begin()) return false;
  const auto& [asked, when] = *std::prev(behind);
  return asked == node && when >= since;
}

void Judge::CheckCandidacyByTransfer(const Message& message) {
  if (WasAsked(message.from, message.term, Term())) return;
  Fail("candidacy by transfer", Name(message.from) + " campaigns in term " + Str(message.term) +
                                    ", and no leader of the term before has asked for it");
}

// Nobody raises its term before a quorum has said that it would vote, or its leader asked for it.
void Judge::CheckCandidacy(NodeId node, const Node& self, const Engine& core) {
  const bool is_new = core.term() != self.reign.round;
  if (core.role() != Role::kCandidate || !is_new || !self.engine.pre_vote) return;
  if (WasAsked(node, core.term(), self.reign.round)) return;
  const Configuration& members = Electors(core);
  size_t most = 0;
  const auto is_granted = [&](const std::set<Incarnation>& by) {
    most = std::max(most, by.size());
    return IsQuorum(Phase::kElection, members, [&](NodeId member) {
      return member == node || by.contains(Recorded(member, members));
    });
  };
  // Where terms may be skipped, any question counts that it has asked since it took part in another
  // ballot: a restart makes it forget how far the others are, and ask for less than before.
  const Term first = MaySkipTerms() ? self.reign.round + 1 : core.term();
  for (auto question = pre_votes_.lower_bound({node, first});
       question != pre_votes_.end() && question->first <= std::pair(node, core.term());
       ++question) {
    if (is_granted(question->second)) return;
  }
  if (is_granted({})) return;
  Fail("candidacy by pre-votes", Name(node) + " campaigns in term " + Str(core.term()) +
                                     " with the pre-votes of at most " + std::to_string(most) +
                                     " others, of " + Describe(members));
}

// What it has heard in this turn, at its end or later.
void Judge::Listen(NodeId node, Node& self, const Engine& core) {
  const Turn& turn = self.turn;
  const Reign reign = ReignOf(core);
  const bool obeys = !IsStandIn(node) && reign > self.reign && reign == turn.asked &&
                     !turn.is_moved && core.vote() != node && core.leader().IsZero();
  if (obeys && self.engine.check_quorum && self.leader != node && HearsLeader(self)) {
    Fail("no vote beside a leader",
         Name(node) + " adopts " + Name(reign) + ", and hears the leader of " + Name(self.reign));
  }
  if (!turn.leader.IsZero() && core.leader() == turn.leader && reign == turn.leader_in) {
    self.word = {.reign = reign, .when = turn.now};
  }
  self.leader = core.leader();
  self.turn = {.now = turn.now};
}

// Who has not heard a quorum for an election timeout does not go on leading. It looks once in a
// heartbeat interval, and a change may ask for another quorum meanwhile.
void Judge::CheckHearsQuorum(NodeId node, const Node& self, const Engine& core, Instant now) {
  const auto heard = [&](NodeId member) {
    if (member == node) return now;
    Instant when = self.led_since;
    if (const auto joined = self.joined.find(member); joined != self.joined.end()) {
      when = std::max(when, joined->second);
    }
    const auto answer = self.answers.find(member);
    const bool counts = answer != self.answers.end() && answer->second.reign == self.reign;
    return counts ? std::max(when, answer->second.when) : when;
  };
  const Duration patience = self.engine.election_timeout + self.engine.heartbeat_interval;
  if (now <= self.in_force_since + self.engine.heartbeat_interval) return;
  if (!IsQuorum(Phase::kCommit, core.configuration(),
                [&](NodeId member) { return now - heard(member) <= patience; })) {
    Fail("check quorum", Name(node) + " leads " + Name(self.reign) +
                             ", and has heard no quorum of " + Describe(core.configuration()) +
                             " for " + std::to_string(patience / std::chrono::milliseconds(1)) +
                             " ms");
  }
}

}  // namespace synod::sim
