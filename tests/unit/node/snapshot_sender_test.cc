// The sending half of a snapshot transfer, against every kind of receiver.
#include "src/snapshot_sender.h"

#include <future>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/unit/node/fake_host.h"

namespace synod::internal {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::FakeHost;

class SnapshotSenderTest : public testing::Test, public SnapshotSender::Client {
 protected:
  bool IsSnapshotWanted(NodeId, Term) const override { return wanted_; }
  void OnSnapshotSendEnded(NodeId to, Term term, bool delivered) override {
    ended_.emplace_back(to, term, delivered);
  }

  void Start(NodeId to = 2) {
    sender_.Start({.to = to, .term = Term(5)});
    host_.Settle();
  }
  void Answer(uint64_t next_offset, bool rejected = false) {
    const uint64_t transfer = std::get<SnapshotChunk>(host_.sent.back().body).transfer;
    sender_.OnReply(2, {.transfer = transfer, .next_offset = next_offset, .rejected = rejected});
    host_.Settle();
  }
  void Advance(Duration by) {
    host_.loop().Advance(by);
    host_.Settle();
  }
  [[nodiscard]] uint64_t OffsetSent(size_t i) const {
    return std::get<SnapshotChunk>(host_.sent.at(i).body).offset;
  }

  static constexpr uint64_t kPiece = 256 * 1024;
  const std::string image_ = std::string(6 * kPiece, 'a') + "end";

  using Ended = std::vector<std::tuple<NodeId, Term, bool>>;
  FakeHost host_{1};
  SnapshotSender sender_{host_, 1, *this};
  bool wanted_ = true;
  Ended ended_;
};

TEST_F(SnapshotSenderTest, Window_MovesWithTheAnswers) {
  const SnapshotMeta meta = host_.Install(Index(10), image_);
  Start();
  ASSERT_EQ(host_.sent.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(OffsetSent(i), i * kPiece);
  EXPECT_EQ(host_.sent[0].term, Term(5));
  EXPECT_EQ(std::get<SnapshotChunk>(host_.sent[0].body).meta, meta);
  Answer(2 * kPiece);
  ASSERT_EQ(host_.sent.size(), 6u);
  Answer(6 * kPiece);
  ASSERT_EQ(host_.sent.size(), 7u);
  EXPECT_EQ(std::get<SnapshotChunk>(host_.sent[6].body).data.view(), "end");
  EXPECT_TRUE(ended_.empty());
  Answer(meta.size);
  EXPECT_EQ(ended_, (Ended{{2, Term(5), true}}));
}

TEST_F(SnapshotSenderTest, EmptyImage_TakesOnePiece) {
  host_.Install(Index(10), "");
  Start();
  ASSERT_EQ(host_.sent.size(), 1u);
  Answer(0);
  EXPECT_EQ(ended_, (Ended{{2, Term(5), true}}));
}

TEST_F(SnapshotSenderTest, NoAnswer_SendsAgainAndGivesUpInTheEnd) {
  host_.Install(Index(10), image_);
  Start();
  Advance(milliseconds(900));
  EXPECT_EQ(host_.sent.size(), 4u);
  Advance(milliseconds(200));
  ASSERT_EQ(host_.sent.size(), 8u);
  EXPECT_EQ(OffsetSent(4), 0u);
  Advance(minutes(1));
  EXPECT_EQ(ended_, (Ended{{2, Term(5), false}}));
}

// It syncs a large file, or restores another one.
TEST_F(SnapshotSenderTest, AnswersWithoutNews_KeepItGoing) {
  const SnapshotMeta meta = host_.Install(Index(10), image_);
  Start();
  Answer(2 * kPiece);
  for (int second = 0; second < 300; ++second) {
    Advance(seconds(1));
    Answer(2 * kPiece);
  }
  EXPECT_TRUE(ended_.empty());
  Answer(6 * kPiece);
  Answer(meta.size);
  EXPECT_EQ(ended_, (Ended{{2, Term(5), true}}));
}

TEST_F(SnapshotSenderTest, AnswersEnd_GivesUp) {
  host_.Install(Index(10), image_);
  Start();
  Answer(2 * kPiece);
  Advance(minutes(1));
  EXPECT_TRUE(ended_.empty());
  Advance(seconds(1));
  EXPECT_EQ(ended_, (Ended{{2, Term(5), false}}));
}

TEST_F(SnapshotSenderTest, OwnDiskTakesItsTime_ThePeerIsNotGivenUp) {
  host_.Install(Index(10), image_);
  std::promise<void> may_read;
  host_.snapshot_mover().Post([&] { may_read.get_future().wait(); });
  sender_.Start({.to = 2, .term = Term(5)});
  host_.loop().Advance(minutes(5));
  EXPECT_TRUE(ended_.empty());
  may_read.set_value();
  host_.Settle();
  Advance(seconds(30));
  EXPECT_TRUE(ended_.empty());
  EXPECT_GE(host_.sent.size(), 4u);
}

// An id of the life before may come up again in an answer, never in a transfer.
TEST_F(SnapshotSenderTest, AnswerToAnEarlierLife_HasNoEffect) {
  host_.Install(Index(10), image_);
  Start();
  const uint64_t earlier = std::get<SnapshotChunk>(host_.sent.back().body).transfer;
  SnapshotSender reborn(host_, 1, *this);
  reborn.Start({.to = 2, .term = Term(6)});
  host_.Settle();
  const size_t sent = host_.sent.size();
  reborn.OnReply(2, {.transfer = earlier, .next_offset = 2 * kPiece, .rejected = false});
  reborn.OnReply(2, {.transfer = earlier, .next_offset = 0, .rejected = true});
  host_.Settle();
  EXPECT_EQ(host_.sent.size(), sent);
  EXPECT_TRUE(ended_.empty());
  reborn.Stop();
}

TEST_F(SnapshotSenderTest, RejectedAgainAndAgain_LogsALineASecond) {
  host_.Install(Index(10), image_);
  for (int attempt = 0; attempt < 100; ++attempt) {
    Start();
    Answer(0, /*rejected=*/true);
    Advance(milliseconds(50));
  }
  EXPECT_EQ(ended_.size(), 100u);
  EXPECT_GE(host_.logged.size(), 5u);
  EXPECT_LE(host_.logged.size(), 7u);  // The first one's beginning, and five seconds.
}

TEST_F(SnapshotSenderTest, Rejected_EndsUndelivered) {
  host_.Install(Index(10), image_);
  Start();
  Answer(0, /*rejected=*/true);
  EXPECT_EQ(ended_, (Ended{{2, Term(5), false}}));
}

TEST_F(SnapshotSenderTest, OfficeIsLost_StopsSending) {  // S6
  host_.Install(Index(10), image_);
  Start();
  wanted_ = false;
  Advance(seconds(1));
  EXPECT_EQ(ended_.size(), 1u);
  EXPECT_EQ(host_.sent.size(), 4u);
}

TEST_F(SnapshotSenderTest, BulkLaneIsFull_WaitsForIt) {
  host_.Install(Index(10), image_);
  host_.can_send_bulk = false;
  Start();
  EXPECT_TRUE(host_.sent.empty());
  host_.can_send_bulk = true;
  Advance(milliseconds(50));
  EXPECT_EQ(host_.sent.size(), 4u);
}

TEST_F(SnapshotSenderTest, AnswersThatCannotBe_AreIgnored) {
  host_.Install(Index(10), image_);
  Start();
  Answer(image_.size());  // Of what was not even sent.
  const uint64_t transfer = std::get<SnapshotChunk>(host_.sent[0].body).transfer;
  sender_.OnReply(3, {.transfer = transfer, .next_offset = kPiece, .rejected = true});
  sender_.OnReply(2, {.transfer = transfer + 1, .next_offset = kPiece, .rejected = true});
  host_.Settle();
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(host_.sent.size(), 4u);
}

TEST_F(SnapshotSenderTest, NoSnapshot_EndsUndelivered) {
  Start();
  EXPECT_EQ(ended_, (Ended{{2, Term(5), false}}));
}

TEST_F(SnapshotSenderTest, AskedAgainForTheSamePeer_BeginsAnew) {
  host_.Install(Index(10), image_);
  Start();
  const uint64_t first = std::get<SnapshotChunk>(host_.sent[0].body).transfer;
  Start();
  ASSERT_EQ(host_.sent.size(), 8u);
  EXPECT_GT(std::get<SnapshotChunk>(host_.sent[4].body).transfer, first);
  EXPECT_TRUE(ended_.empty());
}

TEST_F(SnapshotSenderTest, Stop_EndsInSilence) {
  host_.Install(Index(10), image_);
  sender_.Start({.to = 2, .term = Term(5)});
  sender_.Stop();
  host_.Settle();
  EXPECT_TRUE(host_.sent.empty());
  EXPECT_TRUE(ended_.empty());
}

}  // namespace
}  // namespace synod::internal
