// Which configuration is in force follows the log, whatever becomes of that.
#include "synod/core/configuration_history.h"

#include <gtest/gtest.h>

namespace synod {
namespace {

Configuration Of(uint64_t node) { return Configuration::Of({node}); }

// Set at 0, 5 and 9.
ConfigurationHistory Three() {
  ConfigurationHistory history(Index(), Of(1));
  history.Append(Index(5), Of(2));
  history.Append(Index(9), Of(3));
  return history;
}

TEST(ConfigurationHistory, At_IsTheLastSetUpToThere) {
  const ConfigurationHistory history = Three();
  EXPECT_EQ(history.newest(), Of(3));
  EXPECT_EQ(history.newest_index(), Index(9));
  EXPECT_EQ(history.previous(), Of(2));
  EXPECT_EQ(history.At(Index(4)), Of(1));
  EXPECT_EQ(history.At(Index(5)), Of(2));
  EXPECT_EQ(history.At(Index(8)), Of(2));
  EXPECT_EQ(history.At(Index(100)), Of(3));
}

TEST(ConfigurationHistory, TruncateFrom_BringsTheOneBeforeBack) {  // M5
  ConfigurationHistory history = Three();
  EXPECT_FALSE(history.TruncateFrom(Index(10)));
  EXPECT_TRUE(history.TruncateFrom(Index(9)));
  EXPECT_EQ(history.newest(), Of(2));
  EXPECT_TRUE(history.TruncateFrom(Index(1)));
  EXPECT_EQ(history.newest(), Of(1));
}

TEST(ConfigurationHistory, CompactTo_KeepsTheOneInForceThere) {  // M4
  ConfigurationHistory history = Three();
  history.CompactTo(Index(7));
  EXPECT_EQ(history.At(Index(7)), Of(2));
  EXPECT_EQ(history.newest(), Of(3));
  EXPECT_TRUE(history.TruncateFrom(Index(8)));
  EXPECT_EQ(history.newest(), Of(2));
  EXPECT_FALSE(history.TruncateFrom(Index(8)));
}

TEST(ConfigurationHistory, Reset_LeavesNothingOfBefore) {
  ConfigurationHistory history = Three();
  history.Reset(Index(20), Of(4));
  EXPECT_EQ(history.newest(), Of(4));
  EXPECT_FALSE(history.TruncateFrom(Index(1)));
  EXPECT_EQ(history.newest_index(), Index(20));
}

}  // namespace
}  // namespace synod
