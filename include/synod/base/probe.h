// What a simulation wants of the code that it runs: that rare paths report themselves (marks), and
// that free choices fall otherwise than usual (knobs). Elsewhere each is a branch never taken.
#ifndef SYNOD_BASE_PROBE_H_
#define SYNOD_BASE_PROBE_H_

#include <cstddef>
#include <iterator>
#include <string_view>

namespace synod {

// Rare paths. Simulations that do not get to all of them prove less than they seem to.
inline constexpr std::string_view kMarks[] = {
    // Elections.
    "pre-vote refused beside a leader",
    "raft: vote request ignored beside a leader",
    "raft: vote refused, log behind",
    "raft: vote refused, already given",
    "campaign lost to refusals",
    "leader steps down without a quorum",
    "leader steps down with a stalled disk",
    "replaced disk stops",
    // Replication and commitment.
    "raft: conflict truncates the log",
    "raft: truncation overtakes a write",
    "raft: mismatch steps back over a term",
    "raft: late mismatch ignored",
    "window full",
    "lost append probed for",
    "raft: commit ahead of the leader's disk",
    "proposal refused, own disk behind",
    "raft: commit waits for the own term",
    "raft: append refused for want of space",
    "proposals left to the next leader",
    // What Multi-Paxos alone does.
    "paxos: prepare ignored beside a leader",
    "paxos: pre-vote refused beside a candidate",
    "paxos: long phase 1 made known",
    "paxos: prepare refused below the promise",
    "paxos: candidate hears of a higher ballot",
    "paxos: candidate behind a compacted log",
    "paxos: candidate learns what is chosen",
    "paxos: candidate learns of other members",
    "paxos: gap filled with a no-op",
    "paxos: accept refused below the promise",
    "paxos: leader hears of a higher ballot",
    "paxos: slot accepted with another value",
    "paxos: slot accepted ahead of a gap",
    "paxos: accept refused for want of space",
    "paxos: chosen ahead of the leader's disk",
    "paxos: configuration not chosen",
    "paxos: snapshot overtaken by accepts",
    "paxos: snapshot behind what is chosen",
    "paxos: snapshot offered to a candidate",
    "paxos: silent snapshot transfer given up",
    "paxos: ballot too large for an acceptor",
    // Members.
    "newcomer asked for its disk",
    "newcomer answers an older change",
    "newcomer out of time",
    "change refused, too early",
    "change refused, another under way",
    "disk replaced under its name",
    "raft: predecessor's joint configuration left",
    "removed leader hands over",
    "removed member told",
    "voter campaigns on its way out",
    "raft: configuration truncated",
    "introduced by a change",
    // Requests.
    "read waits for the first commit of the term",
    "reads lost with the leadership",
    "read asked again",
    "transfer out of time",
    "request out of time in the core",
    // Snapshots.
    "peer behind the log",
    "raft: snapshot overtaken by appends",
    "raft: snapshot older than the commit index",
    "raft: snapshot already in the log",
    "raft: snapshot replaces a conflicting log",
    "snapshot waits for its installation",
    "restore replaces committed entries",
    "snapshot not taken, tried again later",
    "snapshot pieces sent again",
    "snapshot piece ahead of a lost one",
    "snapshot piece repeated",
    "snapshot transfer replaced by a newer one",
    // The disk.
    "write fails, host stops",
    "store nearly full",
    "torn tail cut",
    "torn segment removed",
    "damaged log refused",
    "damaged snapshot refused",
    "uninstalled snapshot swept",
    "old segment removed",
};
inline constexpr size_t kMarkCount = std::size(kMarks);

// Choices that the protocol leaves open. A knob's place names its random numbers: new ones go last.
inline constexpr std::string_view kKnobs[] = {
    "append_one_entry",        // Where more would fit.
    "probe_without_entries",   // Only asks where the logs agree.
    "snapshot_for_append",     // Though the log reaches a peer that is behind the snapshot.
    "window_full",             // Waits for an ack though more could be sent.
    "mismatch_without_hint",   // Steps back by one entry alone.
    "election_timeout_least",  // The shortest that is allowed.
    "compact_all",             // Keeps no entries behind the snapshot for those that lag.
    "snapshot_now",            // Though none is due.
    "snapshot_small_pieces",   // Sends several where one would do.
    "snapshot_piece_dropped",  // As if it had been lost on the way.
    "read_later",              // Serves a read in a later turn.
    "apply_one_entry",         // Hands the state machine less than there is.
    "turn_ends_early",         // Goes back to the network with work left.
    "segment_now",             // Begins one though the last is not full.
    "sync_one_write",          // Though others wait that could share the sync.
    "apply_later",             // Hands the state machine nothing in this turn.
};
inline constexpr size_t kKnobCount = std::size(kKnobs);

namespace internal {

// The simulation's side. The numbers are positions in the lists.
class Probes {
 public:
  virtual void OnReached(size_t mark) = 0;
  [[nodiscard]] virtual bool Turns(size_t knob) = 0;

 protected:
  ~Probes() = default;
};

// Of the simulation on this thread; null where there is none.
inline constinit thread_local Probes* probes = nullptr;

// A name in one of the lists. Another one does not compile: the search for it leaves the list.
template <const auto& kList>
struct ProbeName {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal stands for its name.
  consteval ProbeName(const char* name) {
    while (kList[position] != name) ++position;
  }
  size_t position = 0;
};

}  // namespace internal

// Stands on the path that it names, off the hot ones.
inline void Reached(internal::ProbeName<kMarks> mark) {
  if (internal::probes != nullptr) internal::probes->OnReached(mark.position);
}

// True if a simulation wants the unusual choice this time; else the usual one is to be made.
[[nodiscard]] inline bool Buggify(internal::ProbeName<kKnobs> knob) {
  return internal::probes != nullptr && internal::probes->Turns(knob.position);
}

}  // namespace synod

#endif  // SYNOD_BASE_PROBE_H_
