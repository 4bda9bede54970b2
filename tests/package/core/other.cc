#include "other.h"

#include <utility>

synod::Raft NewCore() {
  synod::DurableState state;
  state.initial_configuration = synod::Configuration::Of({1});
  const synod::Raft::Identity identity = {
      .group = 1, .node = 1, .incarnation = synod::Incarnation(7)};
  return synod::Raft(synod::EngineOptions(), identity, std::move(state), /*seed=*/1,
                     synod::Instant());
}
