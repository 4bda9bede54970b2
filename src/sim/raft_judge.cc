#include "src/sim/raft_judge.h"

#include <algorithm>
#include <utility>

namespace synod::sim {

void RaftJudge::CheckPromise(NodeId node, const Node& self, const Engine& core) {
  const Term term = self.reign.round;
  if (core.term() < term) {
    Fail("term monotony", "the term of " + Name(node) + " falls from " + Str(term));
  }
  if (core.term() == term && !self.vote.IsZero() && core.vote() != self.vote) {
    Fail("one vote a term", Name(node) + " has voted in term " + Str(term) + " for " +
                                Str(self.vote) + ", and takes it for " + Str(core.vote()));
  }
  CheckInForce(node, self, CoreOf(core));
}

// Raft §5.4.1. In the turn in which it votes its log may have grown before, or after.
void RaftJudge::CheckVotes(NodeId node, const Node& self, const Engine& core) {
  if (core.vote().IsZero() || core.vote() == node) return;
  if (core.vote() == self.vote && core.term() == self.reign.round) return;
  if (self.turn.log > asked_with_[{core.vote(), core.term()}]) {
    Fail("vote for an equal log or better (Raft 5.4.1)",
         Name(node) + " votes for " + Name(core.vote()) + " in term " + Str(core.term()) +
             ", whose log is behind");
  }
}

void RaftJudge::CheckElected(NodeId node, Node& self, const Engine& engine) {
  const Raft& core = CoreOf(engine);
  const Configuration& members = core.configuration();
  const bool is_elected = IsQuorum(Phase::kElection, members, [&](NodeId voter) {
    const auto vote = votes_.find({Recorded(voter, members), core.term()});
    return vote != votes_.end() && vote->second.candidate == node &&
           (vote->second.disk.IsZero() || vote->second.disk == self.own);
  });
  if (!is_elected) {
    Fail("elected by a quorum", Name(node) + " leads term " + Str(core.term()) +
                                    " without the votes of a quorum of " + Describe(members));
  }
  // What leaders of later terms have committed in the meantime, it cannot have.
  Index last = committed();
  while (last > Index() && committed_[last.value() - 1].committed_in.round >= core.term()) {
    last = last - 1;
  }
  if (last.IsZero() || last < core.log().first()) return;
  if (core.log().TermAt(last) != committed_[last.value() - 1].term) {
    Fail("leader completeness", Name(node) + " leads term " + Str(core.term()) + " without entry " +
                                    Str(last) + ", committed in " +
                                    Name(committed_[last.value() - 1].committed_in));
  }
}

Judge::Decree RaftJudge::Commit(NodeId /*node*/, const Entry& entry, const Engine& core) {
  return {.committed_in = ReignOf(core),
          .kind = entry.kind,
          .payload = entry.payload,
          .term = entry.term,
          .chain = Chained(ChainAt(committed()), entry)};
}

bool RaftJudge::IsSame(const Decree& decree, const Entry& entry) const {
  return decree.term == entry.term && decree.kind == entry.kind &&
         (decree.payload.view().data() == entry.payload.view().data() ||
          decree.payload.view() == entry.payload.view());
}

// Raft §5.4.2: by counting, a leader commits entries of its own term alone. It may have stepped
// down since, in the same turn. The members may have changed in it as well: by a request after it,
// or because a joint configuration was committed with it.
void RaftJudge::CheckCommittedBy(NodeId node, const Node& self, const Engine& core) {
  if (committed_.back().term != core.term() && committed_.back().term != self.led.round) {
    Fail("own-term commit", Name(node) + " commits " + Str(committed()) + " of term " +
                                Str(committed_.back().term) + " in term " + Str(core.term()));
  }
  const Configuration& now = core.configuration();
  const Configuration& before = *self.in_force;
  const bool leaves = before.IsJoint() && !now.IsJoint();
  if (leaves && self.checked_change <= committed()) {
    CheckDurableOnQuorum(self.checked_change, before);
  }
  if (!IsDurableOnQuorum(committed(), before)) CheckDurableOnQuorum(committed(), now);
}

// I5: what a node takes for durable is.
void RaftJudge::CheckOwnDisk(NodeId node, Node& self, const Engine& engine) {
  const Raft& core = CoreOf(engine);
  const Index durable = core.log().durable();
  const auto here = core.log().TermAt(durable);
  const auto there = self.durable.TermAt(durable);
  if (durable > core.log().last() || !self.durable.Covers(durable) ||
      (here && there && *here != *there)) {
    Fail("own log is durable (I5)", Name(node) + " takes its log for durable up to " +
                                        Str(durable) + ", and its disk ends at " +
                                        Str(self.durable.last()));
  }
}

// I5, I6: what a leader takes for replicated is durable there and equal: on the disk that counts,
// though it may be lost.
void RaftJudge::CheckReplicated(NodeId node, const Node& /*self*/, const Progress& peer,
                                const Engine& engine) {
  const Raft& core = CoreOf(engine);
  const ShadowLog& disk = DiskOf(peer.node, Recorded(peer.node, core.configuration()));
  if (disk.hard_state.term > core.term()) return;
  const auto here = core.log().TermAt(peer.match);
  const auto there = disk.TermAt(peer.match);
  if (!disk.Covers(peer.match) || (here && there && *here != *there)) {
    Fail("match is durable (I5)", Name(node) + " takes " + Str(peer.match) + " for replicated to " +
                                      Name(peer.node) + ", whose disk does not hold it");
  }
}

// A leader takes a command of its own only while its log has room for it. A follower takes any that
// an append brings, but none while its log has no room: unless there was nothing that a snapshot
// could have taken from it, as of what was committed when the turn began. What is there already,
// and what is no command, costs nothing.
void RaftJudge::CheckLogBound(NodeId node, Node& self, const Engine& engine) {
  const Raft& core = CoreOf(engine);
  const RaftLog& log = core.log();
  const std::optional<size_t> before = std::exchange(self.log_bytes, log.bytes());
  size_t bytes = log.bytes();  // Up to the newest command; of a leader, of its own.
  for (Index index = log.last(); index >= log.first(); index = index - 1) {
    const Entry& entry = log.At(index);
    if (core.IsLeader() && entry.term != core.term()) return;
    if (entry.kind == EntryKind::kCommand) break;
    bytes -= entry.Bytes();
  }
  size_t most = self.engine.max_log_bytes;
  if (!core.IsLeader()) {
    const bool could_compact = self.commit > core.snapshot_index() && self.commit <= log.last() &&
                               core.MaySnapshotAt(self.commit);
    if (!before || !could_compact) return;
    const size_t append =
        std::max(self.engine.max_append_bytes, self.engine.max_entry_bytes + Entry::kHeaderBytes);
    most = std::max(most + append, *before);
  }
  if (bytes > most) {
    Fail("bounded log", Name(node) + " has taken commands until its log had " +
                            std::to_string(bytes) + " bytes, of " +
                            std::to_string(self.engine.max_log_bytes) + " that it may");
  }
}

size_t RaftJudge::UncommittedBytes(const Engine& core) const {
  size_t uncommitted = 0;
  for (Index index = core.extent().last; index > core.commit(); index = index - 1) {
    const Entry& entry = core.EntryAt(index);
    if (entry.term != core.term()) break;
    if (entry.kind == EntryKind::kCommand) uncommitted += entry.Bytes();
  }
  return uncommitted;
}

}  // namespace synod::sim
