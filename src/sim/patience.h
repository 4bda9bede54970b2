// How long what follows a storm may take.
#ifndef SYNOD_SRC_SIM_PATIENCE_H_
#define SYNOD_SRC_SIM_PATIENCE_H_

#include <algorithm>
#include <cstdint>

#include "synod/base/time.h"
#include "synod/sim/options.h"

#include "src/snapshot_receiver.h"
#include "src/snapshot_sender.h"

namespace synod::sim {

// Each bound is a number of election time-outs, and what the options and the work that is left ask
// for beside them. How much room there is in these numbers, synod-sim prints after its totals.
class Patience {
 public:
  static constexpr int kLeaderTimeouts = 40;
  static constexpr int kAnswerTimeouts = 10;
  static constexpr int kEqualityTimeouts = 10;

  explicit Patience(const Options& options) : options_(options) {}

  // Raft promises progress where messages and disks are much faster than elections (Raft §5.6): the
  // mean of either in a calm, at most.
  [[nodiscard]] Duration Soon() const { return options_.engine.heartbeat_interval / 8; }

  // Until somebody leads for good, who has to learn of so many entries for that.
  [[nodiscard]] Duration Leader(uint64_t entries) const {
    return kLeaderTimeouts * options_.engine.election_timeout + Steps(8 + 2 * entries);
  }
  // Until a request is answered while `entries` wait to be committed or applied.
  [[nodiscard]] Duration Answer(uint64_t entries) const {
    return kAnswerTimeouts * options_.engine.election_timeout + Pieces() +
           Steps(entries + 2 * options_.clients);
  }
  // How long a request of the calm may wait.
  [[nodiscard]] Duration Deadline(uint64_t entries) const {
    return std::max(options_.request_deadline, Answer(entries));
  }
  // Until each client has had its answers. Some still wait for one of the storm, or ask a node that
  // is no member, and some find others before them, and ask again.
  [[nodiscard]] Duration Answers(uint64_t entries) const {
    return Deadline(0) + Deadline(0) / 10 + Answer(entries) + 64 * 2 * options_.think_time +
           Steps(16 * options_.clients);
  }
  // Until the members have changed: a disk that takes another's place comes once that has gone,
  // and in Multi-Paxos each step governs alpha slots later, after one that names the disks.
  [[nodiscard]] Duration Change(uint64_t entries) const {
    return Equality(entries +
                    (options_.protocol == Protocol::kMultiPaxos ? 3 * options_.alpha : 0));
  }
  // Until all are equal.
  [[nodiscard]] Duration Equality(uint64_t entries) const {
    return kEqualityTimeouts * options_.engine.election_timeout + Pieces() +
           Steps(entries + 2 * options_.clients);
  }

 private:
  // One entry after another: sent, written, acknowledged, applied and told, at the slowest.
  [[nodiscard]] Duration Step() const {
    const Duration hop = 2 * std::min(options_.network.delay, Soon()) + 2 * options_.turn;
    const Duration write = 4 * 2 * std::min(options_.disk.sync, Soon());
    return 2 * hop + 2 * write + 4 * 2 * options_.blocking;
  }
  // A piece of a snapshot that the storm has lost is sent again after a while; those that a knob
  // drops, many times. Before that a sender that is no more must be given up.
  [[nodiscard]] Duration Pieces() const {
    constexpr synod::internal::ProbeName<kKnobs> kDropped = "snapshot_piece_dropped";
    const bool are_dropped = options_.knobs[kDropped.position] > 0;
    return (are_dropped ? 32 : 1) * synod::internal::SnapshotSender::kRetransmitAfter +
           synod::internal::SnapshotReceiver::kGiveUpAfter;
  }
  [[nodiscard]] Duration Steps(uint64_t count) const {
    return static_cast<int64_t>(count) * Step();
  }

  const Options& options_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_PATIENCE_H_
