// What Multi-Paxos demands of messages, each of which promises something.
#include <algorithm>

#include "src/sim/paxos_judge.h"

namespace synod::sim {

std::optional<Reign> PaxosJudge::SpeaksAsLeader(const Message& message) const {
  if (!std::holds_alternative<AcceptRequest>(message.body)) return std::nullopt;
  return BallotOf(message);
}

std::optional<Judge::Round> PaxosJudge::AnswersLeader(const Message& message) const {
  const auto* reply = std::get_if<AcceptReply>(&message.body);
  if (reply == nullptr || reply->promised != reply->ballot) return std::nullopt;
  return Round{.reign = reply->ballot, .round = reply->round};
}

std::optional<Reign> PaxosJudge::AsksForVote(const Message& message) const {
  const auto* prepare = std::get_if<PrepareRequest>(&message.body);
  if (prepare == nullptr || prepare->by_transfer) return std::nullopt;
  return BallotOf(message);
}

bool PaxosJudge::IsVote(const Message& message) const {
  const auto* promise = std::get_if<PrepareReply>(&message.body);
  return (promise != nullptr && promise->promised == promise->ballot) ||
         std::holds_alternative<PrepareRequest>(message.body);
}

void PaxosJudge::CheckMessage(const Message& message) {
  if (const auto* prepare = std::get_if<PrepareRequest>(&message.body)) {
    CheckPrepare(message, *prepare);
  } else if (const auto* promise = std::get_if<PrepareReply>(&message.body)) {
    if (promise->promised == promise->ballot) CheckReport(message, *promise);
  } else if (const auto* request = std::get_if<AcceptRequest>(&message.body)) {
    CheckProposals(message, *request);
  } else if (const auto* reply = std::get_if<AcceptReply>(&message.body)) {
    if (reply->promised == reply->ballot) CheckAck(message, *reply);
  }
}

// A ballot is used once: who asks in it cannot forget that it has.
void PaxosJudge::CheckPrepare(const Message& message, const PrepareRequest& request) {
  world_.Note(Story::What::kCampaigns, message.from, message.term.value());
  CheckLeads(message, BallotOf(message));
  CheckIsKnown(message.from);
  if (request.by_transfer) CheckCandidacyByTransfer(message);
}

// Phase 1b. A promise and what it reports cannot be forgotten (I3), and it reports everything that
// was accepted in lower ballots: the proposer is bound by what it does not know of, too.
void PaxosJudge::CheckReport(const Message& message, const PrepareReply& reply) {
  world_.Note(Story::What::kVotes, message.from, reply.ballot.round.value(), message.to.value());
  if (IsAcceptor(message.from)) return CheckAcceptorReport(message, reply);
  const Node& self = At(message.from);
  if (ReignOf(self.durable.hard_state) < reply.ballot) {
    Fail("promise after sync (I3)", Name(message.from) + " promises " + Name(reply.ballot) +
                                        ", and its disk does not know it");
  }
  CheckIsKnown(message.from);
  if (reply.first > self.latest.snapshot.index + 1) {
    Fail("a promise reports what was accepted", Name(message.from) + " reports nothing below " +
                                                    Str(reply.first) + ", and its snapshot is of " +
                                                    Str(self.latest.snapshot.index));
  }
  const auto is_reported = [&](Index slot, const ShadowLog::Accepted& accepted) {
    return std::any_of(
        reply.accepted.begin(), reply.accepted.end(), [&](const AcceptedEntry& reported) {
          return reported.entry.index == slot && reported.ballot == accepted.ballot &&
                 ValueOf(reported.entry) == accepted.value;
        });
  };
  // What has happened to it since, in this ballot or a higher one, was not there to be reported.
  const std::map<Index, ShadowLog::Accepted>& all = self.latest.accepted;
  for (auto at = all.lower_bound(std::max(reply.from, reply.first)); at != all.end(); ++at) {
    const auto& [slot, accepted] = *at;
    if (!reply.next.IsZero() && slot >= reply.next) break;
    if (accepted.ballot >= reply.ballot || is_reported(slot, accepted)) continue;
    Fail("a promise reports what was accepted", Name(message.from) + " does not report slot " +
                                                    Str(slot) + ", in which it accepted in " +
                                                    Name(accepted.ballot));
  }
  for (const AcceptedEntry& reported : reply.accepted) {
    const auto held = self.durable.accepted.find(reported.entry.index);
    const bool is_held = held != self.durable.accepted.end()
                             ? held->second.ballot >= reported.ballot
                             : reported.entry.index <= self.durable.snapshot.index;
    if (is_held) continue;
    Fail("report after sync (I3)", Name(message.from) + " reports slot " +
                                       Str(reported.entry.index) + ", and its disk has not got it");
  }
  if (reply.next.IsZero()) promises_.emplace(message.incarnation, reply.ballot);
}

// Phase 2a, and heartbeats.
void PaxosJudge::CheckProposals(const Message& message, const AcceptRequest& request) {
  CheckLeads(message, BallotOf(message));
  for (const Entry& entry : request.entries) {
    Propose(message.from, entry.index, BallotOf(message), ValueOf(entry));
  }
  if (IsAcceptor(message.to)) NoteSaid(message, request);
  if (request.round == 0) return;
  At(message.from).round = {.reign = BallotOf(message), .round = request.round};
}

// Phase 2b. I5: what is acked is durable, chosen or accepted in this very ballot.
void PaxosJudge::CheckAck(const Message& message, const AcceptReply& reply) {
  if (IsAcceptor(message.from)) return CheckAcceptorAck(message, reply);
  Node& self = At(message.from);
  const Ballot durable = ReignOf(self.durable.hard_state);
  const Index reached = durable >= reply.ballot ? Reach(self, reply.ballot) : Index();
  if (reply.accepted > std::max(reached, self.durable.snapshot.index)) {
    Fail("ack after sync (I5)", Name(message.from) + " acks " + Str(reply.accepted) + " in " +
                                    Name(reply.ballot) + ", and its disk has it up to " +
                                    Str(reached) + ", and has promised " + Name(durable));
  }
  if (reply.chosen > std::max(self.durable.chosen, self.durable.snapshot.index)) {
    Fail("what is told to be chosen is noted", Name(message.from) + " says that it knows " +
                                                   Str(reply.chosen) +
                                                   " to be chosen, and its disk does not");
  }
  NoteAck(message, reply.ballot, reply.epoch, reply.accepted);
}

}  // namespace synod::sim
