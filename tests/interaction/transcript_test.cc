// Replays every transcript of this folder and compares. With SYNOD_REWRITE=1 in the environment it
// writes them anew instead; the difference is then for people to judge.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/interaction/driver.h"

namespace synod::test {
namespace {

std::filesystem::path PathOf(const std::string& story) {
  return std::filesystem::path(SYNOD_TRANSCRIPTS) / (story + ".txt");
}

std::vector<std::string> Stories() {
  std::vector<std::string> stories;
  for (const auto& file : std::filesystem::directory_iterator(SYNOD_TRANSCRIPTS)) {
    const std::string story = file.path().stem().string();
    if (file.path().extension() == ".txt" && story != "CMakeLists") stories.push_back(story);
  }
  std::sort(stories.begin(), stories.end());
  return stories;
}

// The first line in which they differ, with its number.
std::string DifferenceOf(const std::string& expected, const std::string& actual) {
  std::istringstream a(expected);
  std::istringstream b(actual);
  for (int number = 1;; ++number) {
    std::string in_file;
    std::string now;
    const bool more_a = static_cast<bool>(std::getline(a, in_file));
    const bool more_b = static_cast<bool>(std::getline(b, now));
    if (!more_a && !more_b) return "";
    if (more_a != more_b || in_file != now) {
      return "line " + std::to_string(number) + "\n  in the file: " + in_file +
             "\n  now:         " + now;
    }
  }
}

class Transcript : public ::testing::TestWithParam<std::string> {};

TEST_P(Transcript, Replayed_IsUnchanged) {
  std::ifstream file(PathOf(GetParam()));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(text.empty());
  const std::string replayed = TranscriptDriver().Replay(text);
  EXPECT_THAT(replayed, ::testing::Not(::testing::HasSubstr("make no sense")));
  EXPECT_THAT(replayed, ::testing::Not(::testing::HasSubstr("there is no ")));
  const char* rewrite = std::getenv("SYNOD_REWRITE");
  if (!HasFailure() && rewrite != nullptr && std::string_view(rewrite) == "1") {
    std::ofstream(PathOf(GetParam())) << replayed;
    return;
  }
  EXPECT_EQ(text, replayed) << DifferenceOf(text, replayed)
                            << "\nIf this is right, run again with SYNOD_REWRITE=1.";
}

INSTANTIATE_TEST_SUITE_P(Story, Transcript, ::testing::ValuesIn(Stories()),
                         [](const auto& story) { return story.param; });

// The driver itself: a mistake in a transcript must not pass for an outcome.
TEST(TranscriptDriver, UnknownCommandOrArguments_AreSaidToBe) {
  EXPECT_EQ(TranscriptDriver().Replay("campaign 1\n"),
            "campaign 1\n----\n  there is no cluster yet\n");
  EXPECT_EQ(TranscriptDriver().Replay("cluster 3\n\ncrown 1\n\ncampaign 4\n"),
            "cluster 3\n----\n  ok\n\ncrown 1\n----\n  there is no such command\n\n"
            "campaign 4\n----\n  the arguments make no sense here\n");
}

TEST(TranscriptDriver, OldOutcome_IsReplacedAndCommentsAreKept) {
  EXPECT_EQ(
      TranscriptDriver().Replay("# A comment.\n\ncluster 3\n----\nold\nlines\n\n# The end.\n"),
      "# A comment.\n\ncluster 3\n----\n  ok\n\n# The end.\n");
}

}  // namespace
}  // namespace synod::test
