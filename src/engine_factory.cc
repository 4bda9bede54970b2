#include "src/engine_factory.h"

#include <utility>

#include "synod/core/protocol.h"
#include "synod/paxos/multi_paxos.h"
#include "synod/raft/raft.h"

namespace synod::internal {

absl::Status ValidateState(const DurableState& state) {
  switch (state.initial_configuration.protocol) {
    case Protocol::kRaft:
      return Raft::Validate(state);
    case Protocol::kMultiPaxos:
      return MultiPaxos::Validate(state);
  }
  return absl::DataLossError("the group's protocol is none that this version knows");
}

std::unique_ptr<Engine> NewEngine(const EngineOptions& options, const Engine::Identity& identity,
                                  DurableState state, uint64_t seed, Instant now) {
  if (state.initial_configuration.protocol == Protocol::kMultiPaxos) {
    return std::make_unique<MultiPaxos>(options, identity, std::move(state), seed, now);
  }
  return std::make_unique<Raft>(options, identity, std::move(state), seed, now);
}

}  // namespace synod::internal
