// What Multi-Paxos demands of voters that are nothing but acceptors: of each one's registers, and
// of what a proposer's link makes of its answers.
#include <algorithm>

#include "synod/switch/slot_value.h"

#include "src/sim/paxos_judge.h"

namespace synod::sim {

// Its disk is its memory: what is durable lasts until the power is lost. What is trimmed counts as
// a snapshot does: it is chosen.
void PaxosJudge::OnAcceptorEnabled(NodeId acceptor, Incarnation incarnation) {
  Node& self = At(acceptor);
  if (self.first.IsZero()) self.first = incarnation;
  self.own = incarnation;
  self.joins = true;
}

void PaxosJudge::OnAcceptorLost(NodeId acceptor) {
  Node& self = At(acceptor);
  if (!self.own.IsZero()) lost_.emplace(self.own, std::move(self.durable));
  self.durable = {};
  self.own = {};
}

void PaxosJudge::OnSlotAnswered(NodeId acceptor, const slots::SlotPacket& request,
                                const slots::SlotPacket& answer) {
  const bool is_done = answer.outcome == slots::Outcome::kDone;
  if (!is_done && answer.outcome != slots::Outcome::kSlotReused) return;
  Node& self = At(acceptor);
  if (answer.incarnation != self.own.value() || self.own.IsZero()) {
    Fail("an acceptor that lost its promises has no vote (I3)",
         Name(acceptor) + " answers as #" + std::to_string(answer.incarnation) + ", and is #" +
             Str(self.own) + " since it has lost its power");
    return;
  }
  const Ballot ballot = request.ballot.ToBallot();
  HardState& promise = self.durable.hard_state;
  if (ballot < ReignOf(promise)) {
    Fail("promises never fall", Name(acceptor) + " has promised " + Name(ReignOf(promise)) +
                                    ", and takes part in " + Name(ballot));
  }
  promise.term = ballot.round;
  promise.vote = ballot.node;
  promise.vote_incarnation = ballot.incarnation;
  if (is_done && request.message == slots::Message::k2a) {
    AcceptInSlot(acceptor, Index(request.slot), ballot, request.value);
  }
}

void PaxosJudge::AcceptInSlot(NodeId acceptor, Index slot, const Ballot& ballot,
                              const slots::SlotValue& value) {
  Node& self = At(acceptor);
  Proposed* const proposed = FindProposed(slot, ballot);
  const auto expected = said_.find({slot, ballot});
  if (proposed == nullptr || expected == said_.end() || expected->second != value) {
    Fail("what is accepted was proposed", Name(acceptor) + " accepts in slot " + Str(slot) +
                                              " what was not proposed in " + Name(ballot));
    return;
  }
  std::vector<Incarnation>& by = proposed->accepted_by;
  if (std::find(by.begin(), by.end(), self.own) == by.end()) by.push_back(self.own);
  self.durable.accepted[slot] = {.ballot = ballot,
                                 .value = proposed->value,
                                 .position = Index(slots::IsDigest(value) ? 0 : 1)};
  // I8: a slot goes where the one before it was, a window ago.
  const uint64_t window = uint64_t{slots::kWindowChunks} * chunk_slots_;
  if (slot.value() < window) return;
  const Index before = slot - window;
  if (before > self.durable.snapshot.index) {
    Fail("a slot is reused once it is trimmed (I8)",
         Name(acceptor) + " forgets slot " + Str(before) + " for slot " + Str(slot));
  }
  self.durable.accepted.erase(before);
}

// I8: what it forgets is chosen, and so many know that it is, that whoever leads them learns of it:
// by some configuration, since each hands its knowledge on to the next before that decides.
void PaxosJudge::OnTrimmed(NodeId acceptor, Index first) {
  if (first <= Index(1)) return;
  const Index last = first - 1;
  const bool is_agreed =
      last <= committed() &&
      std::any_of(changes_.begin(), changes_.end(), [&](const ShadowLog::InForce& change) {
        return IsRememberedBy(*change.members, last);
      });
  if (!is_agreed) {
    Fail("trimming was agreed (I8)", Name(acceptor) + " forgets all up to slot " + Str(last) +
                                         ", and no majority of replicas knows that it is chosen");
  }
  ShadowLog& disk = At(acceptor).durable;
  disk.snapshot.index = std::max(disk.snapshot.index, last);
  disk.accepted.erase(disk.accepted.begin(), disk.accepted.upper_bound(last));
}

bool PaxosJudge::IsRememberedBy(const Configuration& members, Index index) const {
  const auto knows = [&](NodeId member) {
    const ShadowLog& disk = DiskOf(member, Recorded(member, members));
    return std::max(disk.chosen, disk.snapshot.index) >= index;
  };
  return members.acceptors.empty() ? IsQuorum(Phase::kCommit, members, knows)
                                   : IsHeld(members, knows);
}

// By the one that counts under the name, if the link tells the truth.
void PaxosJudge::CheckAcceptorReport(const Message& message, const PrepareReply& reply) {
  const ShadowLog& disk = DiskOf(message.from, message.incarnation);
  if (ReignOf(disk.hard_state) < reply.ballot) {
    Fail("promise after sync (I3)", Name(message.from) + " promises " + Name(reply.ballot) +
                                        ", and its registers do not know it");
  }
  const auto is_reported = [&](Index slot) {
    return std::any_of(reply.accepted.begin(), reply.accepted.end(),
                       [&](const AcceptedEntry& reported) { return reported.entry.index == slot; });
  };
  for (auto at = disk.accepted.lower_bound(reply.from); at != disk.accepted.end(); ++at) {
    const auto& [slot, accepted] = *at;
    if (!reply.next.IsZero() && slot >= reply.next) break;
    const bool is_whole = !accepted.position.IsZero();
    if (!is_whole || accepted.ballot >= reply.ballot || is_reported(slot)) continue;
    Fail("a promise reports what was accepted", Name(message.from) + " does not report slot " +
                                                    Str(slot) + ", in which it accepted in " +
                                                    Name(accepted.ballot));
  }
  CheckForgotten(message, reply);
  for (const AcceptedEntry& reported : reply.accepted) {
    const Index slot = reported.entry.index;
    const auto held = disk.accepted.find(slot);
    const bool is_there = held == disk.accepted.end()
                              ? slot <= disk.snapshot.index
                              : held->second.ballot > reported.ballot ||
                                    (held->second.ballot == reported.ballot &&
                                     held->second.value == ValueOf(reported.entry));
    if (is_there) continue;
    Fail("report after sync (I3)",
         Name(message.from) + " reports slot " + Str(slot) + ", and its registers have not got it");
  }
  if (reply.next.IsZero()) promises_.emplace(message.incarnation, reply.ballot);
}

// I8: what it has forgotten it does not report as nothing.
void PaxosJudge::CheckForgotten(const Message& message, const PrepareReply& reply) {
  const Index forgotten = DiskOf(message.from, message.incarnation).snapshot.index;
  auto reported = reply.accepted.begin();
  for (Index slot = std::max(reply.from, reply.first); slot <= forgotten; ++slot) {
    if (!reply.next.IsZero() && slot >= reply.next) return;
    while (reported != reply.accepted.end() && reported->entry.index < slot) ++reported;
    const bool is_reported = reported != reply.accepted.end() && reported->entry.index == slot;
    if (is_reported || !HasAccepted(message.incarnation, slot, reply.ballot)) continue;
    Fail("what is forgotten is not reported as nothing (I8)",
         Name(message.from) + " reports nothing of slot " + Str(slot) +
             ", in which it had accepted, as one that has all from " + Str(reply.first) + " on");
    return;
  }
}

// And last something that it has kept whole, in a ballot below this one.
bool PaxosJudge::HasAccepted(Incarnation acceptor, Index slot, const Ballot& below) {
  const Proposed* last = nullptr;
  for (const Proposed& proposed : History(slot)) {
    const std::vector<Incarnation>& by = proposed.accepted_by;
    if (std::find(by.begin(), by.end(), acceptor) == by.end()) continue;
    if (last == nullptr || last->ballot < proposed.ballot) last = &proposed;
  }
  if (last == nullptr || last->ballot >= below) return false;
  const auto said = said_.find({slot, last->ballot});
  return said != said_.end() && !slots::IsDigest(said->second);
}

void PaxosJudge::CheckAcceptorAck(const Message& message, const AcceptReply& reply) {
  const ShadowLog& disk = DiskOf(message.from, message.incarnation);
  if (ReignOf(disk.hard_state) < reply.ballot) {
    Fail("ack after sync (I5)", Name(message.from) + " answers in " + Name(reply.ballot) +
                                    ", which its registers do not know");
  }
  if (!reply.chosen.IsZero()) {
    Fail("what is told to be chosen is noted",
         Name(message.from) + " is an acceptor, and knows nothing to be chosen");
  }
  // It has accepted all up to there in this ballot, but for what it was told to be chosen, and what
  // it has forgotten, which is chosen as well.
  const Index told = said_to_be_chosen_[reply.ballot];
  for (Index slot = told + 1; slot <= reply.accepted; ++slot) {
    const Proposed* const proposed = FindProposed(slot, reply.ballot);
    const bool has_accepted =
        proposed != nullptr && std::find(proposed->accepted_by.begin(), proposed->accepted_by.end(),
                                         message.incarnation) != proposed->accepted_by.end();
    if (has_accepted) continue;
    const std::string ack =
        Name(message.from) + " acks " + Str(reply.accepted) + " in " + Name(reply.ballot);
    if (slot > committed()) {
      Fail("ack after sync (I5)", ack + ", and has not accepted in slot " + Str(slot));
      return;
    }
    if (proposed != nullptr && proposed->value != committed_[slot.value() - 1].value) {
      Fail("what is forgotten is what was proposed (I8)",
           ack + ", in which something else was proposed in slot " + Str(slot) + " than is chosen");
      return;
    }
  }
  NoteAck(message, reply.ballot, reply.epoch, reply.accepted);
}

// What the acceptors are to be sent of it, and what a proposer takes for chosen in this turn of it.
void PaxosJudge::NoteSaid(const Message& message, const AcceptRequest& request) {
  Index& chosen = said_to_be_chosen_[BallotOf(message)];
  chosen = std::max(chosen, request.commit);
  for (const Entry& entry : request.entries) {
    said_[{entry.index, BallotOf(message)}] = slots::ToSlotValue(entry);
  }
}

}  // namespace synod::sim
