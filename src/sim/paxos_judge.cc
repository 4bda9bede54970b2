#include "src/sim/paxos_judge.h"

#include <algorithm>
#include <utility>

namespace synod::sim {

// What was accepted, and is not noted as chosen.
uint64_t PaxosJudge::MostToLearn() const {
  uint64_t most = 0;
  for (const Node& node : nodes_) {
    if (node.latest.accepted.empty()) continue;
    const Index known = std::max(node.durable.chosen, node.durable.snapshot.index);
    const Index last = node.latest.accepted.rbegin()->first;
    if (last > known) most = std::max(most, last - known);
  }
  return most;
}

void PaxosJudge::CheckPromise(NodeId node, const Node& self, const Engine& core) {
  if (ReignOf(core) >= self.reign) return;
  Fail("promises never fall", Name(node) + " has promised " + Name(self.reign) +
                                  ", and takes part in " + Name(ReignOf(core)));
}

// I5: what a node takes for durable is. What is chosen is so on others, at least.
void PaxosJudge::CheckOwnDisk(NodeId node, Node& self, const Engine& core) {
  const Index durable = core.extent().durable;
  if (durable <= core.commit() || durable <= Reach(self, ReignOf(core))) return;
  Fail("own log is durable (I5)", Name(node) + " takes what it has accepted in " +
                                      Name(ReignOf(core)) + " for durable up to " + Str(durable) +
                                      ", and its disk has it up to " +
                                      Str(Reach(self, ReignOf(core))));
}

// If more was chosen in this turn, others may govern than those who elected it.
void PaxosJudge::CheckElected(NodeId node, Node& self, const Engine& core) {
  if (core.commit() != self.commit || IsPrepared(self.led, Governing(core.commit() + 1))) return;
  Fail("elected by a quorum", Name(node) + " leads " + Name(self.led) +
                                  " without the promises of a quorum of " +
                                  Describe(*Governing(core.commit() + 1).members));
}

// A command that this leader is the first to propose finds room in its log.
void PaxosJudge::CheckLogBound(NodeId node, Node& self, const Engine& core) {
  const size_t before = std::exchange(self.log_bytes, core.extent().bytes).value_or(0);
  const size_t bytes = core.extent().bytes;
  const size_t most = self.engine.max_log_bytes;
  if (!core.IsLeader() || bytes <= std::max(before, most)) return;
  size_t grown = 0;
  for (Index slot = core.extent().last; slot > core.commit(); slot = slot - 1) {
    const Entry& entry = core.EntryAt(slot);
    const bool is_own = IsFirst(slot, ReignOf(core)) && entry.kind == EntryKind::kCommand;
    if (is_own && bytes - grown > most) {
      Fail("bounded log", Name(node) + " has proposed commands until its log had " +
                              std::to_string(bytes - grown) + " bytes, of " + std::to_string(most) +
                              " that it may");
      return;
    }
    grown += entry.Bytes();
  }
}

// "Paxos Made Simple" §2.2: what a quorum has accepted in one ballot is chosen.
Judge::Decree PaxosJudge::Commit(NodeId node, const Entry& entry, const Engine& /*core*/) {
  const Proposed* const chosen = ChosenAs(entry.index, ValueOf(entry));
  if (chosen == nullptr) {
    std::string accepts;
    for (const Proposed& proposed : History(entry.index)) {
      accepts += (accepts.empty() ? "" : ", ") + Name(proposed.ballot) + " by " +
                 std::to_string(proposed.accepted_by.size()) +
                 (proposed.value == ValueOf(entry) ? "" : " (another value)");
    }
    Fail("chosen by a quorum in one ballot",
         Name(node) + " takes a value for chosen in slot " + Str(entry.index) +
             ", which no quorum of " + Describe(*Governing(entry.index).members) +
             " has accepted: " + (accepts.empty() ? "nobody has" : accepts));
  }
  return {.committed_in = chosen == nullptr ? Reign() : chosen->ballot,
          .value = ValueOf(entry),
          .kind = entry.kind,
          .payload = entry.payload};
}

bool PaxosJudge::IsSame(const Decree& decree, const Entry& entry) const {
  return decree.kind == entry.kind &&
         (decree.payload.view().data() == entry.payload.view().data() ||
          decree.payload.view() == entry.payload.view());
}

size_t PaxosJudge::UncommittedBytes(const Engine& core) const {
  size_t uncommitted = 0;
  for (Index slot = core.extent().last; slot > core.commit(); slot = slot - 1) {
    const Entry& entry = core.EntryAt(slot);
    if (!IsFirst(slot, ReignOf(core))) break;
    if (entry.kind == EntryKind::kCommand) uncommitted += entry.Bytes();
  }
  return uncommitted;
}

bool PaxosJudge::IsFirst(Index slot, const Ballot& ballot) const {
  if (slot.value() >= slots_.size()) return true;
  const std::vector<Proposed>& history = slots_[slot.value()];
  return std::none_of(history.begin(), history.end(),
                      [&](const Proposed& proposed) { return proposed.ballot < ballot; });
}

}  // namespace synod::sim
