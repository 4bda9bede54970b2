// Suites of scenarios that both protocols play, each as a test of its own: Suite.Name/raft and
// Suite.Name/multipaxos.
#ifndef SYNOD_TESTS_SCENARIOS_PROTOCOLS_H_
#define SYNOD_TESTS_SCENARIOS_PROTOCOLS_H_

#include <string>

#include "synod/core/protocol.h"

#include "gtest/gtest.h"

namespace synod::sim {

using PlayedByBoth = testing::TestWithParam<Protocol>;

inline auto BothProtocols() { return testing::Values(Protocol::kRaft, Protocol::kMultiPaxos); }

inline std::string ProtocolNameOf(const testing::TestParamInfo<Protocol>& info) {
  return std::string(Describe(info.param));
}

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SCENARIOS_PROTOCOLS_H_
