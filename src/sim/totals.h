// What many runs have shown together, and what none of them has.
#ifndef SYNOD_SRC_SIM_TOTALS_H_
#define SYNOD_SRC_SIM_TOTALS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "synod/base/probe.h"
#include "synod/core/protocol.h"
#include "synod/sim/report.h"

namespace synod::sim {

void PrintCounts(const Counts& counts);
// How long the parts of a calm took, in election time-outs and as a share of what they may take.
void PrintRecovery(const Recovery& recovery);

class Totals {
 public:
  // Of runs of this protocol.
  explicit Totals(Protocol protocol) : protocol_(protocol) {}

  void Add(const Report& report);

  [[nodiscard]] uint64_t runs() const { return runs_; }
  [[nodiscard]] uint64_t events() const { return events_; }
  [[nodiscard]] Duration simulated() const { return simulated_; }
  // In how many runs more disks were damaged than the protocol tolerates.
  [[nodiscard]] uint64_t beyond_atlas() const { return beyond_atlas_; }
  // Of a single run its own.
  [[nodiscard]] uint64_t hash() const { return hash_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  // How long each part of a calm took at most, and in which run.
  void PrintSlowest() const;
  // Each mark and each knob, with how many runs came there, and how often they did in all. Last,
  // those that none came to.
  void PrintReach() const;
  // Whether each was come to by some run, all happened that is counted, and hardly any search for
  // an order was given up.
  [[nodiscard]] bool IsComplete() const;

 private:
  static constexpr size_t kParts = 5;

  struct Reach {
    uint64_t runs = 0;
    uint64_t times = 0;

    void Add(uint64_t more) {
      runs += more > 0 ? 1 : 0;
      times += more;
    }
  };

  struct Slowest {
    double what = 0;
    uint64_t seed = 0;

    void Add(double other, uint64_t its_seed) {
      if (other > what) *this = {other, its_seed};
    }
  };

  const Protocol protocol_;
  uint64_t runs_ = 0;
  uint64_t events_ = 0;
  uint64_t hash_ = 0;
  Duration simulated_ = {};
  uint64_t beyond_atlas_ = 0;
  Counts counts_;
  std::array<Slowest, kParts> timeouts_ = {};
  std::array<Slowest, kParts> shares_ = {};
  std::array<Reach, kMarkCount> marks_ = {};
  std::array<Reach, kKnobCount> knobs_ = {};
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_TOTALS_H_
