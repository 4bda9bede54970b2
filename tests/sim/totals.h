// What many runs have shown together, and what none of them has.
#ifndef SYNOD_TESTS_SIM_TOTALS_H_
#define SYNOD_TESTS_SIM_TOTALS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "synod/base/probe.h"
#include "synod/sim/report.h"

namespace synod::sim {

void PrintCounts(const Counts& counts);

class Totals {
 public:
  void Add(const Report& report);

  [[nodiscard]] uint64_t events() const { return events_; }
  [[nodiscard]] Duration simulated() const { return simulated_; }
  // In how many runs more disks were damaged than the protocol tolerates.
  [[nodiscard]] uint64_t beyond_atlas() const { return beyond_atlas_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  // Each mark and each knob, with how many runs came there, and how often they did in all. Last,
  // those that none came to.
  void PrintReach() const;
  // Whether each was come to by some run, and all happened that is counted.
  [[nodiscard]] bool IsComplete() const;

 private:
  struct Reach {
    uint64_t runs = 0;
    uint64_t times = 0;

    void Add(uint64_t more) {
      runs += more > 0 ? 1 : 0;
      times += more;
    }
  };

  uint64_t events_ = 0;
  Duration simulated_ = {};
  uint64_t beyond_atlas_ = 0;
  Counts counts_;
  std::array<Reach, kMarkCount> marks_ = {};
  std::array<Reach, kKnobCount> knobs_ = {};
};

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SIM_TOTALS_H_
