// A run, written down in full: options, and every fault with its time and place. It can be read,
// edited, kept as a regression test, and run again.
#ifndef SYNOD_SIM_SCENARIO_H_
#define SYNOD_SIM_SCENARIO_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/sim/options.h"

namespace synod::sim {

// What can go wrong. In brackets the words for `amount` and `lasts` in a transcript.
enum class FaultKind : uint8_t {
  kCrash,       // The process dies before the next message or answer after `amount` [after, down].
  kCutPower,    // The machine goes down at the change to its disk number `amount` [after, down].
  kStop,        // Orderly [down].
  kPause,       // The process stands still [for].
  kPartition,   // Links are cut, and those that were cut before are healed [first, for].
  kLeap,        // The clock leaps ahead [by].
  kFullDisk,    // The disk holds no more than `amount` bytes [bytes, for].
  kStall,       // The disk stands still [for].
  kFailSync,    // The next sync fails, and what it was to make durable is lost (F4).
  kFailChange,  // The change to the disk number `amount` fails, done or not; syncs too [after].
  kTransfer,    // The leader is asked to hand over to the node.
  // The leader is asked to make voters of the first `amount` nodes, and to remove the others
  // [voters].
  kChange,
  kLearn,      // The leader is asked to make learners of the nodes.
  kWipe,       // The disk is replaced by an empty one; if `amount` is 1 it waits to be made a
               // member, as a disk that replaces another should [joins, down].
  kCorrupt,    // A bit of some file flips, or garbage takes the place of a few bytes [where, down].
  kLoseWrite,  // A write that was reported as durable never landed (F3) [where, down].
  kMisdirect,  // It landed in the place of another, maybe of another file (F3) [where, down].
  // All processes die at once, most of them with their machines (F8). If `amount` is not 0, at the
  // change to the first one's disk of that number [after, down].
  kBlackout,
  kRepair,  // A disk that was found to be damaged is as it was before [down].
  // A bit of a snapshot on the disk of a running process flips, until the process ends or the time
  // is over: who reads it must notice [where, for].
  kFlipSnapshot,
  // An acceptor loses its power, and with it all that it knows; the node is its number among the
  // acceptors, from 1 on. It comes back under another incarnation, and the leader is asked to
  // replace it [down].
  kAcceptorPower,
  kCount,  // None: how many there are.
};

// Which links a partition cuts, given some order of the nodes.
enum class Shape : uint8_t {
  kAlone,   // All of the first node's.
  kMute,    // All that lead from the first node.
  kDeaf,    // All that lead to it.
  kSplit,   // All between the first `amount` nodes and the others.
  kBridge,  // All between two halves of the others: the first node is in touch with both.
  kChain,   // All but those between neighbours.
  // All but those of the first node: it alone is in touch with a quorum, and need not be the leader
  // (quorum loss, OmniPaxos, EuroSys 2023).
  kStar,
  // All of the first node's, and all but those of the second: if the first led, the second must
  // take over, though its log may be behind (constrained election, ibidem).
  kConstrained,
  kSevered,  // Those between the first two nodes.
  kLinks,    // From the first node to the second, from the third to the fourth, and so on.
  kCount,    // None: how many there are.
};

// What happens to whom, and when. One that does not fit the moment (the node is down, nobody leads,
// no more nodes may be damaged) does nothing, so that each can be left out by itself.
struct Fault {
  Duration at = {};  // Since the beginning.
  FaultKind kind = FaultKind::kCrash;
  // The node; of a partition and a blackout all, in their order. NodeId() is whoever leads then; if
  // another place in the list is the leader's, the node that is not in it takes that place.
  std::vector<NodeId> nodes = {};
  Shape shape = Shape::kAlone;  // Of a partition.
  uint64_t amount = 0;
  Duration lasts = {};

  friend bool operator==(const Fault&, const Fault&) = default;
};

struct Scenario {
  Options options;                 // Without means of faults: `faults` says which there are.
  std::vector<Fault> faults = {};  // In order of time.
  // The name of the rule that the run is known to break; empty: it breaks none.
  std::string expected_rule = {};
  // The log store that it is for, as Program names it; empty: any. Run takes what it is given.
  std::string store = {};
};

// Draws the faults that the options speak of.
[[nodiscard]] Scenario Expand(const Options& options);

// A transcript: `expect`, `store` if it is for one, `options` and then one fault a line. Lines that
// begin with # are comments.
//
//   expect: ok
//   store: rocksdb
//   options: seed=7 nodes=5 think_time=10ms
//   1.234s crash node=2 after=3 down=400ms
//   2s partition shape=star nodes=leader,1,2,3,4 for=1.5s
[[nodiscard]] std::string Print(const Scenario& scenario);
// kInvalidArgument, naming the line and what is wrong with it.
[[nodiscard]] absl::StatusOr<Scenario> ParseScenario(std::string_view transcript);

// As a line of a transcript.
[[nodiscard]] std::string Print(const Fault& fault);
// As in a transcript: "cut_power".
[[nodiscard]] std::string_view NameOf(FaultKind kind);

}  // namespace synod::sim

#endif  // SYNOD_SIM_SCENARIO_H_
