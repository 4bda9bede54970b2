// What the simulator keeps of the replicas' states, and what it says of two that differ.
#include "src/sim/states.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod::sim {
namespace {

using ::testing::EndsWith;
using ::testing::IsNull;
using ::testing::NotNull;
using ::testing::Optional;

TEST(States, Note_FirstAtAnIndex_IsKeptWithItsNode) {
  States states;
  EXPECT_THAT(states.At(Index(7)), IsNull());
  EXPECT_TRUE(states.Note(2, Index(7), "a"));
  EXPECT_TRUE(states.Note(1, Index(7), "a"));
  EXPECT_FALSE(states.Note(3, Index(7), "b"));
  EXPECT_TRUE(states.Note(3, Index(8), "b"));
  ASSERT_THAT(states.At(Index(7)), NotNull());
  EXPECT_EQ(states.At(Index(7))->node, NodeId(2));
  EXPECT_THAT(states.At(Index(7))->text, Optional(std::string("a")));
}

TEST(States, Note_ManyLargeStates_KeepsTheTextsOfTheLast) {
  States states;
  const std::string half(States::kTextBytes / 2, 'x');
  for (uint64_t index = 1; index <= 3; ++index) ASSERT_TRUE(states.Note(1, Index(index), half));
  EXPECT_FALSE(states.At(Index(1))->text);
  EXPECT_TRUE(states.At(Index(2))->text);
  EXPECT_TRUE(states.At(Index(3))->text);
  EXPECT_TRUE(states.Note(2, Index(1), half)) << "The hash is there.";
  EXPECT_FALSE(states.Note(2, Index(1), "other"));
}

TEST(States, Note_StateLargerThanAllTheSpace_LeavesTheOthersTheirs) {
  States states;
  ASSERT_TRUE(states.Note(1, Index(1), "small"));
  ASSERT_TRUE(states.Note(1, Index(2), std::string(States::kTextBytes + 1, 'x')));
  EXPECT_TRUE(states.At(Index(1))->text);
  EXPECT_FALSE(states.At(Index(2))->text);
}

TEST(Excerpt, ShortText_IsQuotedAndEscaped) {
  EXPECT_EQ(Excerpt(""), "\"\"");
  EXPECT_EQ(Excerpt(std::string_view("a\n\0\"", 4)), R"("a\n\x00\"")");
}

TEST(Excerpt, LongText_IsCut) {
  EXPECT_EQ(Excerpt(std::string(1000, 'a')), '"' + std::string(80, 'a') + "\"…");
}

TEST(Difference, OneByte_IsShownInBoth) {
  EXPECT_EQ(
      Difference("node 1", "ann 1\n", "node 2", "ann 2\n"),
      "\n    from byte 4 on, of 6 and 6\n      node 1: \"ann 1\\n\"\n      node 2: \"ann 2\\n\"");
}

TEST(Difference, FarInLongTexts_IsShownWithWhatSurroundsIt) {
  const std::string text(100'000, 'a');
  std::string other = text;
  other[50'000] = 'b';
  const std::string told = Difference("x", text, "y", other);
  EXPECT_THAT(told, EndsWith("y: …\"" + std::string(30, 'a') + 'b' + std::string(49, 'a') + "\"…"));
  EXPECT_LT(told.size(), 400u);
}

TEST(Difference, OneIsTheBeginningOfTheOther_IsShown) {
  EXPECT_THAT(Difference("x", "", "y", "ab"), EndsWith("\n      x: \"\"\n      y: \"ab\""));
}

}  // namespace
}  // namespace synod::sim
