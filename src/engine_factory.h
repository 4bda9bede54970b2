// Which core a group runs: the one that its store was bootstrapped for.
#ifndef SYNOD_SRC_ENGINE_FACTORY_H_
#define SYNOD_SRC_ENGINE_FACTORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "synod/base/time.h"
#include "synod/core/durable_state.h"
#include "synod/core/options.h"
#include "synod/engine/engine.h"

namespace synod::internal {

// kDataLoss if `state` is none that a replica of its protocol can have written.
[[nodiscard]] absl::Status ValidateState(const DurableState& state);

// Continues from `state`, which ValidateState accepts.
[[nodiscard]] std::unique_ptr<Engine> NewEngine(const EngineOptions& options,
                                                const Engine::Identity& identity,
                                                DurableState state, uint64_t seed, Instant now);

}  // namespace synod::internal

#endif  // SYNOD_SRC_ENGINE_FACTORY_H_
