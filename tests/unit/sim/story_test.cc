// What a person reads about the end of a run.
#include "src/sim/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/sim/scenario.h"

namespace synod::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Instant At(int time) { return Instant() + std::chrono::milliseconds(time); }

TEST(Story, Tell_NothingHappened_IsEmpty) { EXPECT_THAT(Story().Tell(), IsEmpty()); }

TEST(Story, Tell_EventsAndFaults_AreSentencesInOrder) {
  const Fault fault{.at = std::chrono::milliseconds(3), .kind = FaultKind::kStop, .nodes = {2}};
  Story story;
  story.Note(At(1), Story::What::kVotes, 3, 7, 2);
  story.Note(At(2), Story::What::kLeads, 2, 7, 40);
  story.Note(At(3), fault);
  story.Note(At(3), Story::What::kStops, 2);
  EXPECT_THAT(story.Tell(),
              ElementsAre("0.001000 s: node 3 votes in term 7 for node 2",
                          "0.002000 s: node 2 leads term 7, with a log to 40",
                          "0.003000 s: -- stop node=2 down=0", "0.003000 s: node 2 is stopped"));
}

TEST(Story, Tell_WhatGoesOn_IsOneSentence) {
  Story story;
  for (int i = 1; i <= 1000; ++i) {
    story.Note(At(i), Story::What::kCommits, 2, 7, static_cast<uint64_t>(i));
    story.Note(At(i), Story::What::kAnswered, NodeId(), 0, static_cast<uint64_t>(i));
  }
  EXPECT_THAT(story.Tell(),
              ElementsAre("0.001000 to 1.000000 s: node 2, the leader of term 7, commits to 1000",
                          EndsWith("clients are answered 1000 times, the last write at 1000")));
  // But not across what explains a difference.
  story.Note(At(1001), Story::What::kEnters, 2, 8);
  story.Note(At(1002), Story::What::kCommits, 2, 8, 1001);
  EXPECT_THAT(story.Tell(), SizeIs(4));
}

TEST(Story, Tell_ManyEvents_KeepsTheLast) {
  Story story;
  for (uint64_t term = 1; term <= 1000; ++term) {
    story.Note(At(1), Story::What::kEnters, 1, term);
  }
  EXPECT_THAT(story.Tell(2), ElementsAre(EndsWith("term 999"), EndsWith("term 1000")));
  EXPECT_THAT(story.Tell(100'000).back(), EndsWith("term 1000"));
}

}  // namespace
}  // namespace synod::sim
