// What a storm takes for granted of the processes that it starts and stops.
#include <chrono>

#include <gtest/gtest.h>

#include "tests/chaos/cluster.h"

namespace synod::chaos {
namespace {

// On a busy machine, a storm's fault may come before a process has begun with its own code.
TEST(Member, IsStoppedAsItStarts_EndsInGoodOrder) {
  Cluster cluster({.size = 1, .log = "wal"});
  Member& member = cluster.member(NodeId(1));
  member.Kill();
  member.Start();
  EXPECT_TRUE(member.Stop(std::chrono::minutes(2)));
}

}  // namespace
}  // namespace synod::chaos
