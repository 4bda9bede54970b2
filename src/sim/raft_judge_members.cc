// How members change in Raft: by joint consensus (§6, Ongaro §4), effective on append.
#include "src/sim/raft_judge.h"

namespace synod::sim {

// M5: what is in force is the newest in the log, committed or not, and nothing else.
void RaftJudge::CheckInForce(NodeId node, const Node& self, const Raft& core) {
  const ShadowLog& log = self.latest;
  const LogEnd end{.term = core.log().last_term(), .index = core.log().last()};
  if (log.end() != end || log.members() == core.configuration()) return;
  Fail("the newest configuration is in force (M5)",
       Name(node) + " goes by " + Describe(core.configuration()) + ", and its log ends at " +
           Str(end.index) + " with " + Describe(log.members()));
}

void RaftJudge::CheckMembers(NodeId node, Node& self, const Engine& core) {
  const Index newest = self.latest.changes.back().since;
  const bool is_new = std::exchange(self.checked_change, newest) != newest;
  if (core.IsLeader()) CheckChange(node, self, CoreOf(core), is_new);
}

// What a leader has done to the members in this turn.
void RaftJudge::CheckChange(NodeId node, const Node& self, const Raft& core, bool is_new) {
  const std::vector<ShadowLog::InForce>& changes = self.latest.changes;
  const ShadowLog::InForce& newest = changes.back();
  const bool is_committed = newest.since <= core.commit();
  if (is_committed && !newest.members->IsJoint() && !newest.members->IsVoter(node)) {
    Fail("a removed leader leaves (M6)", Name(node) + " leads term " + Str(core.term()) +
                                             ", and is no voter of " + Describe(*newest.members));
  }
  if (!is_new || changes.size() < 2 || self.latest.TermAt(newest.since) != core.term()) return;
  const ShadowLog::InForce& before = changes[changes.size() - 2];
  if (before.since > core.commit()) {
    Fail("one change at a time (M2)", Name(node) + " changes the members at " + Str(newest.since) +
                                          ", and has not committed the change at " +
                                          Str(before.since));
  }
  if (core.log().TermAt(core.commit()) != core.term()) {
    Fail("no change before the term's first commit (M1)",
         Name(node) + " changes the members at " + Str(newest.since) +
             ", and has committed nothing of term " + Str(core.term()));
  }
  CheckStep(node, *before.members, *newest.members);
}

// Every quorum of one meets every quorum of the other, and under one name there is one disk.
void RaftJudge::CheckStep(NodeId node, const Configuration& from, const Configuration& to) {
  const bool meets = from.IsJoint() ? !to.IsJoint() && to.voters == from.voters
                     : to.IsJoint() ? to.outgoing == from.voters
                                    : to.voters == from.voters;
  if (!meets) {
    Fail("configurations overlap (Raft 6)",
         Name(node) + " goes from " + Describe(from) + " to " + Describe(to));
  }
  CheckOneDisk(node, from, to);
}

// The newest that is committed, and those that are in some log behind it.
std::vector<Members> RaftJudge::Deciding() const {
  std::vector<Members> all = {changes_.back().members};
  for (size_t i = 1; i < nodes_.size(); ++i) {
    for (const ShadowLog* log : {&nodes_[i].durable, &nodes_[i].latest}) {
      for (const ShadowLog::InForce& change : log->changes) {
        if (change.since > changes_.back().since) all.push_back(change.members);
      }
    }
  }
  return all;
}

}  // namespace synod::sim
