// A judge, and the calls by which a history is made up before it: what the tests of its rules
// share.
#ifndef SYNOD_TESTS_UNIT_SIM_JUDGE_FIXTURE_H_
#define SYNOD_TESTS_UNIT_SIM_JUDGE_FIXTURE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/core/configuration_codec.h"

#include "src/sim/raft_judge.h"
#include "tests/unit/sim/on_trial.h"

namespace synod::sim {

using test::Core;
using test::EntriesOf;
using test::EntryAt;

inline Persist Writing(const HardState& hard_state) {
  Persist persist;
  persist.hard_state = hard_state;
  return persist;
}
inline Persist Appending(std::vector<Entry> entries) {
  Persist persist;
  persist.entries = std::move(entries);
  return persist;
}
inline Persist TruncatingFrom(uint64_t index) {
  Persist persist;
  persist.truncate_from = Index(index);
  return persist;
}
inline Persist CompactingTo(uint64_t index) {
  Persist persist;
  persist.compact_to = Index(index);
  return persist;
}
inline Persist Installing(const SnapshotMeta& meta, bool resets_log = false) {
  Persist persist;
  persist.snapshot = InstallStaged{.staged = {}, .meta = meta, .resets_log = resets_log};
  return persist;
}
inline Entry ChangeAt(uint64_t index, uint64_t term, const Configuration& members) {
  return {.index = Index(index),
          .term = Term(term),
          .kind = EntryKind::kConfiguration,
          .payload = Payload::Copy(EncodeConfiguration(members))};
}

// Founders that know each other, with empty disks of incarnation IncarnationOf. Whoever is shown to
// the judge as a core has the state of that core, by whatever way it came there.
class JudgeFixture : public OnTrial<RaftJudge> {
 protected:
  explicit JudgeFixture(size_t founders = 3, size_t spares = 0)
      : OnTrial({.nodes = founders, .spares = spares}) {
    for (uint64_t node = 1; node <= founders; ++node) WriteTerm(node, 0);
  }

  // --- Disks ---

  // With all founders as known.
  [[nodiscard]] HardState Hard(uint64_t term, NodeId vote = {}) const {
    return HardOf(Term(term), vote, {});
  }
  void WriteTerm(NodeId node, uint64_t term, NodeId vote = {}) {
    Write(node, Writing(Hard(term, vote)));
  }
  // On an empty disk.
  void WriteLog(NodeId node, const std::vector<uint64_t>& terms) {
    WriteTerm(node, terms.back());
    Write(node, Appending(EntriesOf(terms)));
  }
  // What the core's log holds behind what is written already, and its term and vote.
  void WriteAllOf(NodeId node, Core& core) {
    Persist persist = Writing(Hard(core->term().value(), core->vote()));
    CopyLog(node, core, persist);
    Write(node, std::move(persist));
  }
  // Of another's core.
  void WriteLogOf(NodeId node, Core& core) {
    Persist persist = Writing(Hard(core->term().value()));
    CopyLog(node, core, persist);
    Write(node, std::move(persist));
  }
  // --- Turns ---

  void Turn(NodeId node, Core& core, bool is_stopped = false) {
    TurnOf(node, *core.operator->(), /*life=*/1, is_stopped);
  }
  // A turn that follows a vote of `voter` for it, of which the judge knows.
  void TurnElectedBy(NodeId voter, NodeId node, Core& core) {
    WriteTerm(voter, core->term().value(), node);
    Turn(node, core);
  }
  // The follower has all of the leader's log on its disk, and says so.
  void Follow(NodeId node, NodeId leader, Core& core, Index epoch = {}) {
    WriteLogOf(node, core);
    AppendReply ack = test::Accepted(core->log().last().value());
    ack.epoch = epoch;
    Send(node, leader, core->term().value(), ack);
  }

 private:
  void CopyLog(NodeId node, Core& core, Persist& persist) {
    for (Index index = last_[node] + 1; index <= core->log().last(); ++index) {
      persist.entries.push_back(core->log().At(index));
    }
  }
};

}  // namespace synod::sim

#endif  // SYNOD_TESTS_UNIT_SIM_JUDGE_FIXTURE_H_
