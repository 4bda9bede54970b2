// The simulation's side of base/probe.h: counts the marks that a run reaches, and draws when its
// knobs have their way.
#ifndef SYNOD_SRC_SIM_RUN_PROBES_H_
#define SYNOD_SRC_SIM_RUN_PROBES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "synod/base/probe.h"
#include "synod/base/rng.h"
#include "synod/sim/options.h"

#include "src/sim/world.h"

namespace synod::sim {

// Those of its thread for as long as it lives; the ones before it are so again then.
class RunProbes final : public synod::internal::Probes {
 public:
  explicit RunProbes(const Options& options) : chances_(options.knobs) {
    const World world(options.seed);
    for (uint64_t knob = 0; knob < kKnobCount; ++knob) {
      dice_.push_back(world.Dice(Stream::kKnobs, 1 + knob));
    }
  }
  ~RunProbes() { synod::internal::probes = before_; }
  RunProbes(const RunProbes&) = delete;
  RunProbes& operator=(const RunProbes&) = delete;

  [[nodiscard]] const std::array<uint64_t, kMarkCount>& reached() const { return reached_; }
  [[nodiscard]] const std::array<uint64_t, kKnobCount>& turned() const { return turned_; }

  void OnReached(size_t mark) override { ++reached_[mark]; }
  bool Turns(size_t knob) override {
    constexpr uint64_t kAlways = 10'000;
    if (!dice_[knob].Chance(chances_[knob], kAlways)) return false;
    ++turned_[knob];
    return true;
  }

 private:
  const std::array<uint32_t, kKnobCount> chances_;
  std::vector<Rng> dice_;  // A knob's own, so that without it the others do what they did.
  std::array<uint64_t, kMarkCount> reached_ = {};
  std::array<uint64_t, kKnobCount> turned_ = {};
  synod::internal::Probes* const before_ = std::exchange(synod::internal::probes, this);
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_RUN_PROBES_H_
