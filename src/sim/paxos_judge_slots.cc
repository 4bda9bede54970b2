// What is proposed in each slot: one value in a ballot, and none while another may yet be chosen in
// a lower one.
#include <algorithm>

#include "src/sim/paxos_judge.h"

namespace synod::sim {

std::vector<PaxosJudge::Proposed>& PaxosJudge::History(Index slot) {
  if (slot.value() >= slots_.size()) slots_.resize(slot.value() + 1);
  return slots_[slot.value()];
}

PaxosJudge::Proposed* PaxosJudge::FindProposed(Index slot, const Ballot& ballot) {
  for (Proposed& proposed : History(slot)) {
    if (proposed.ballot == ballot) return &proposed;
  }
  return nullptr;
}

void PaxosJudge::Propose(NodeId node, Index slot, const Ballot& ballot, uint64_t value) {
  const Proposed* const known = FindProposed(slot, ballot);
  if (known == nullptr) {
    History(slot).push_back({.ballot = ballot, .value = value, .accepted_by = {}});
    fresh_[node].push_back({.slot = slot, .ballot = ballot, .value = value});
  } else if (known->value != value) {
    Fail("one value a ballot",
         Name(node) + " proposes two values in slot " + Str(slot) + " in " + Name(ballot));
  }
}

void PaxosJudge::CheckFresh(NodeId node, const Engine& core) {
  for (const Fresh& fresh : std::exchange(fresh_[node], {})) CheckProposal(node, fresh, core);
}

// "Paxos Made Simple" §2.2, P2c, by what has come to pass: a quorum has promised to take part in no
// lower ballot, and no other value is chosen in one, nor can be any more.
void PaxosJudge::CheckProposal(NodeId node, const Fresh& fresh, const Engine& core) {
  const auto& [slot, ballot, value] = fresh;
  const bool is_chosen = slot <= committed() && committed_[slot.value() - 1].value == value;
  if (slot > core.commit() + alpha_) {
    Fail("alpha bounds what is proposed",
         Name(node) + " proposes in slot " + Str(slot) + ", and has only " + Str(core.commit()) +
             " chosen, of which it may go " + std::to_string(alpha_) + " ahead");
    return;
  }
  const ShadowLog::InForce& by = Governing(slot);
  if (!is_chosen && !IsPrepared(ballot, by)) {
    Fail("prepared by a quorum", Name(node) + " proposes in slot " + Str(slot) + " in " +
                                     Name(ballot) + ", in which no quorum of " +
                                     Describe(*by.members) + " has promised to take part");
  }
  for (const Proposed& other : History(slot)) {
    if (other.ballot >= ballot || other.value == value) continue;
    if (!CanBeChosen(other, *by.members)) continue;
    Fail("no other value can be chosen below",
         Name(node) + " proposes a value in slot " + Str(slot) + " in " + Name(ballot) +
             ", and another is chosen in " + Name(other.ballot) + ", or can be yet");
  }
  CheckNewConfiguration(node, slot, core);
}

bool PaxosJudge::IsPrepared(const Ballot& ballot, const ShadowLog::InForce& by) {
  if (prepared_.contains({ballot, by.since})) return true;
  const bool is_prepared = IsQuorum(Phase::kElection, *by.members, [&](NodeId member) {
    const Incarnation disk = Recorded(member, *by.members);
    return disk == ballot.incarnation || promises_.contains({disk, ballot});
  });
  if (is_prepared) prepared_.emplace(ballot, by.since);
  return is_prepared;
}

// By those who have accepted it and those whom no durable promise keeps from doing so.
bool PaxosJudge::CanBeChosen(const Proposed& proposed, const Configuration& members) const {
  return IsChosenBy(members, proposed.value, [&](NodeId member) {
    const Incarnation disk = Recorded(member, members);
    const std::vector<Incarnation>& by = proposed.accepted_by;
    if (std::find(by.begin(), by.end(), disk) != by.end()) return true;
    return At(member).own == disk && ReignOf(At(member).durable.hard_state) <= proposed.ballot;
  });
}

const PaxosJudge::Proposed* PaxosJudge::ChosenAs(Index slot, uint64_t value) {
  const Configuration& members = *Governing(slot).members;
  for (const Proposed& proposed : History(slot)) {
    const std::vector<Incarnation>& by = proposed.accepted_by;
    const bool is_chosen =
        proposed.value == value && IsChosenBy(members, value, [&](NodeId member) {
          return std::find(by.begin(), by.end(), Recorded(member, members)) != by.end();
        });
    if (is_chosen) return &proposed;
  }
  return nullptr;
}

}  // namespace synod::sim
