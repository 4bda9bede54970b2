// The receiving half of a snapshot transfer, against every kind of sender.
#include "src/snapshot_receiver.h"

#include <gtest/gtest.h>

#include "synod/base/crc32c.h"

#include "tests/unit/node/fake_host.h"
#include "tests/unit/node/lasting_store.h"

namespace synod::internal {
namespace {

using test::Disk;
using test::FakeHost;
using test::LastingStore;

// Cuts an image into pieces, as the leader of `term` would.
struct Sender {
  NodeId node;
  Term term;
  uint64_t transfer;
  std::string image;
  Index index = Index(10);

  [[nodiscard]] SnapshotMeta Meta() const {
    return {.index = index,
            .term = Term(1),
            .configuration = Configuration::Of({1, 2, 3}),
            .size = image.size(),
            .checksum = Crc32c(0, image)};
  }
  [[nodiscard]] Message Piece(size_t offset, size_t size) const {
    const std::string bytes = image.substr(offset, size);
    return {.group = 1,
            .from = node,
            .to = 3,
            .incarnation = Incarnation(node.value()),
            .term = term,
            .body = SnapshotChunk{.transfer = transfer,
                                  .meta = Meta(),
                                  .offset = offset,
                                  .checksum = Crc32c(0, bytes),
                                  .data = Payload::Copy(bytes)}};
  }
};

class SnapshotReceiverTest : public testing::Test, public SnapshotReceiver::Client {
 protected:
  bool OnSnapshotReceived(NodeId from, Incarnation, Term, const SnapshotMeta& meta,
                          StagedSnapshot staged) override {
    received_from_.push_back(from);
    received_.push_back(meta);
    staged_ = staged;
    return accepts_;
  }

  void Receive(const Message& message) {
    receiver_.OnChunk(message);
    host_.Settle();
  }

  // The last answer to `node`; fails if there is none.
  SnapshotChunkReply LastAnswerTo(NodeId node) {
    for (auto message = host_.sent.rbegin(); message != host_.sent.rend(); ++message) {
      if (message->to == node) return std::get<SnapshotChunkReply>(message->body);
    }
    ADD_FAILURE() << "no answer to node " << node;
    return {};
  }

  // What was received, as it reads once it is installed.
  std::string InstalledImage() {
    Persist persist;
    persist.token = PersistToken(1);
    persist.snapshot =
        InstallStaged{.staged = staged_, .meta = received_.back(), .resets_log = true};
    std::vector<GroupWrite> batch;
    batch.push_back({.group = 1, .persist = std::move(persist)});
    host_.store().Write(std::move(batch),
                        [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
    auto opened = host_.store().OpenSnapshot(1);
    EXPECT_TRUE(opened.ok());
    std::string bytes(1000, '\0');
    const auto size = opened->image->Read(bytes);
    EXPECT_TRUE(size.ok());
    return bytes.substr(0, size.value_or(0));
  }

  FakeHost host_{3};
  SnapshotReceiver receiver_{host_, 1, *this};
  bool accepts_ = true;
  std::vector<NodeId> received_from_;
  std::vector<SnapshotMeta> received_;
  StagedSnapshot staged_;
};

TEST_F(SnapshotReceiverTest, AllPieces_MakeTheWhole) {
  const Sender sender{1, Term(5), 1, "hello world"};
  Receive(sender.Piece(0, 6));
  EXPECT_EQ(LastAnswerTo(1), (SnapshotChunkReply{.transfer = 1, .next_offset = 6}));
  EXPECT_TRUE(received_.empty());
  Receive(sender.Piece(6, 5));
  ASSERT_EQ(received_.size(), 1u);
  EXPECT_EQ(received_[0], sender.Meta());
  EXPECT_EQ(LastAnswerTo(1), (SnapshotChunkReply{.transfer = 1, .next_offset = 11}));
  EXPECT_EQ(InstalledImage(), "hello world");
}

TEST_F(SnapshotReceiverTest, EmptyImage_TakesOnePiece) {
  const Sender sender{1, Term(5), 1, ""};
  Receive(sender.Piece(0, 0));
  ASSERT_EQ(received_.size(), 1u);
  EXPECT_EQ(InstalledImage(), "");
}

TEST_F(SnapshotReceiverTest, RepeatedAndReorderedPieces_AreWrittenOnce) {
  const Sender sender{1, Term(5), 1, "hello world"};
  Receive(sender.Piece(0, 6));
  Receive(sender.Piece(0, 6));
  Receive(sender.Piece(8, 3));
  EXPECT_EQ(LastAnswerTo(1).next_offset, 6u);
  Receive(sender.Piece(6, 2));
  Receive(sender.Piece(0, 6));
  Receive(sender.Piece(8, 3));
  ASSERT_EQ(received_.size(), 1u);
  EXPECT_EQ(InstalledImage(), "hello world");
}

TEST_F(SnapshotReceiverTest, TwoLeadersAtOnce_TheNewerOnesIsTakenWhole) {  // S4
  const Sender old_leader{1, Term(5), 1, "old image"};
  const Sender new_leader{2, Term(6), 1, "new image"};
  Receive(old_leader.Piece(0, 4));
  Receive(new_leader.Piece(0, 4));
  Receive(old_leader.Piece(4, 5));
  Receive(new_leader.Piece(4, 5));
  ASSERT_EQ(received_from_, (std::vector<NodeId>{2}));
  EXPECT_EQ(InstalledImage(), "new image");
}

TEST_F(SnapshotReceiverTest, OlderLeaderBegins_DoesNotReplaceTheNewerOne) {
  const Sender old_leader{1, Term(5), 1, "old image"};
  const Sender new_leader{2, Term(6), 1, "new image"};
  Receive(new_leader.Piece(0, 4));
  Receive(old_leader.Piece(0, 9));
  Receive(new_leader.Piece(4, 5));
  ASSERT_EQ(received_from_, (std::vector<NodeId>{2}));
}

// In Multi-Paxos anyone may send what is chosen, in any round. A sender that had died kept all
// others waiting (seed 21437).
TEST_F(SnapshotReceiverTest, SenderIsSilentForLong_GivesWayToAnother) {
  const Sender dead{1, Term(6), 1, "image one"};
  const Sender alive{2, Term(5), 1, "image two"};
  Receive(dead.Piece(0, 4));
  host_.loop().Advance(SnapshotReceiver::kGiveUpAfter - std::chrono::milliseconds(1));
  Receive(dead.Piece(0, 4));
  host_.loop().Advance(SnapshotReceiver::kGiveUpAfter - std::chrono::milliseconds(1));
  Receive(alive.Piece(0, 9));
  EXPECT_TRUE(received_.empty());
  host_.loop().Advance(std::chrono::milliseconds(1));
  Receive(alive.Piece(0, 9));
  ASSERT_EQ(received_from_, (std::vector<NodeId>{2}));
  EXPECT_EQ(InstalledImage(), "image two");
}

TEST_F(SnapshotReceiverTest, SenderIsSilentOnceAllIsThere_KeepsItsPlace) {
  const Sender first{1, Term(6), 1, "image one"};
  const Sender second{2, Term(5), 1, "image two"};
  receiver_.OnChunk(first.Piece(0, 9));
  host_.loop().Advance(SnapshotReceiver::kGiveUpAfter);
  receiver_.OnChunk(second.Piece(0, 9));
  host_.Settle();
  EXPECT_EQ(received_from_, (std::vector<NodeId>{1}));
}

TEST_F(SnapshotReceiverTest, LaterAttemptOfTheSameLeader_ReplacesTheEarlier) {
  const Sender first{1, Term(5), 1, "image one"};
  const Sender second{1, Term(5), 2, "image two", Index(11)};
  Receive(first.Piece(0, 4));
  Receive(second.Piece(0, 4));
  Receive(first.Piece(4, 5));
  Receive(second.Piece(4, 5));
  ASSERT_EQ(received_.size(), 1u);
  EXPECT_EQ(received_[0].index, Index(11));
}

TEST_F(SnapshotReceiverTest, BeginningIsMissing_IsRejected) {
  const Sender sender{1, Term(5), 1, "hello world"};
  Receive(sender.Piece(6, 5));
  EXPECT_TRUE(LastAnswerTo(1).rejected);
  EXPECT_TRUE(received_.empty());
}

TEST_F(SnapshotReceiverTest, DamagedPiece_EndsTheTransfer) {
  const Sender sender{1, Term(5), 1, "hello world"};
  Receive(sender.Piece(0, 6));
  Message damaged = sender.Piece(6, 5);
  std::get<SnapshotChunk>(damaged.body).checksum ^= 1;
  Receive(damaged);
  EXPECT_TRUE(LastAnswerTo(1).rejected);
  EXPECT_EQ(receiver_.failures(), 1u);
  Receive(sender.Piece(6, 5));
  EXPECT_TRUE(received_.empty());
}

TEST_F(SnapshotReceiverTest, PieceBeyondTheEnd_EndsTheTransfer) {
  const Sender sender{1, Term(5), 1, "hello world"};
  Receive(sender.Piece(0, 6));
  Message beyond = sender.Piece(6, 5);
  auto& chunk = std::get<SnapshotChunk>(beyond.body);
  chunk.data = Payload::Copy("world!");
  chunk.checksum = Crc32c(0, chunk.data.view());
  Receive(beyond);
  EXPECT_TRUE(LastAnswerTo(1).rejected);
  EXPECT_TRUE(received_.empty());
}

TEST_F(SnapshotReceiverTest, WholeDoesNotMatchItsChecksum_IsRejected) {
  Sender sender{1, Term(5), 1, "hello world"};
  Message first = sender.Piece(0, 6);
  Message last = sender.Piece(6, 5);
  std::get<SnapshotChunk>(first.body).meta.checksum ^= 1;
  std::get<SnapshotChunk>(last.body).meta.checksum ^= 1;
  Receive(first);
  Receive(last);
  EXPECT_TRUE(LastAnswerTo(1).rejected);
  EXPECT_TRUE(received_.empty());
}

TEST_F(SnapshotReceiverTest, ImpossibleMeta_IsRejected) {
  const auto rejected = [&](auto change) {
    const Sender sender{1, Term(5), 1, "hello"};
    Message message = sender.Piece(0, 5);
    change(std::get<SnapshotChunk>(message.body).meta);
    host_.sent.clear();
    Receive(message);
    return LastAnswerTo(1).rejected;
  };
  EXPECT_TRUE(rejected([](SnapshotMeta& meta) { meta.index = Index(); }));
  EXPECT_TRUE(rejected([](SnapshotMeta& meta) { meta.term = Term(); }));
  EXPECT_TRUE(rejected([](SnapshotMeta& meta) { meta.term = kMaxTerm + 1; }));
  EXPECT_TRUE(rejected([](SnapshotMeta& meta) { meta.configuration.voters.clear(); }));
  EXPECT_TRUE(rejected([](SnapshotMeta& meta) { meta.configuration.voters = {3, 1}; }));
  EXPECT_TRUE(rejected([](SnapshotMeta& meta) { meta.configuration.voters.assign(16, 1); }));
  EXPECT_TRUE(received_.empty());
}

TEST_F(SnapshotReceiverTest, FinalAnswerIsLost_IsRepeated) {
  const Sender sender{1, Term(5), 1, "hello"};
  Receive(sender.Piece(0, 5));
  host_.sent.clear();
  Receive(sender.Piece(0, 5));
  EXPECT_EQ(LastAnswerTo(1), (SnapshotChunkReply{.transfer = 1, .next_offset = 5}));
  EXPECT_EQ(received_.size(), 1u);
}

// Until then nothing may say that the snapshot has arrived, and yet the sender must not give up.
TEST_F(SnapshotReceiverTest, RepeatedWhileItIsFinished_IsAnsweredWithoutNews) {
  const Sender sender{1, Term(5), 1, "hello world"};
  Receive(sender.Piece(0, 6));
  receiver_.OnChunk(sender.Piece(6, 5));
  host_.sent.clear();
  receiver_.OnChunk(sender.Piece(6, 5));
  EXPECT_EQ(LastAnswerTo(1), (SnapshotChunkReply{.transfer = 1, .next_offset = 6}));
  host_.Settle();
  EXPECT_EQ(LastAnswerTo(1), (SnapshotChunkReply{.transfer = 1, .next_offset = 11}));
  EXPECT_EQ(received_.size(), 1u);
}

TEST_F(SnapshotReceiverTest, EmptyImageRepeatedWhileItIsFinished_IsNotAnswered) {
  const Sender sender{1, Term(5), 1, ""};
  receiver_.OnChunk(sender.Piece(0, 0));
  receiver_.OnChunk(sender.Piece(0, 0));
  EXPECT_TRUE(host_.sent.empty());
  host_.Settle();
  EXPECT_EQ(LastAnswerTo(1), (SnapshotChunkReply{.transfer = 1, .next_offset = 0}));
}

TEST_F(SnapshotReceiverTest, SameSnapshotBeginsAgainWhileItIsFinished_TheFirstIsTaken) {
  const Sender first{1, Term(5), 1, "hello"};
  const Sender second{1, Term(5), 2, "hello"};
  receiver_.OnChunk(first.Piece(0, 5));
  receiver_.OnChunk(second.Piece(0, 3));
  host_.Settle();
  ASSERT_EQ(received_.size(), 1u);
  EXPECT_EQ(InstalledImage(), "hello");
}

TEST_F(SnapshotReceiverTest, AnotherSnapshotBeginsWhileOneIsFinished_ReplacesIt) {
  const Sender first{1, Term(5), 1, "hello"};
  const Sender second{1, Term(5), 2, "world", Index(11)};
  receiver_.OnChunk(first.Piece(0, 5));
  receiver_.OnChunk(second.Piece(0, 5));
  host_.Settle();
  ASSERT_EQ(received_.size(), 1u);
  EXPECT_EQ(InstalledImage(), "world");
}

TEST_F(SnapshotReceiverTest, DiskStaysFull_EachIsRejectedButALineASecondIsLogged) {
  Disk disk;
  disk.fail_snapshots = true;
  FakeHost host(3, std::make_unique<LastingStore>(disk));
  SnapshotReceiver receiver(host, 1, *this);
  for (uint64_t attempt = 1; attempt <= 100; ++attempt) {
    receiver.OnChunk(Sender{1, Term(5), attempt, "hello"}.Piece(0, 5));
    host.Settle();
    EXPECT_TRUE(std::get<SnapshotChunkReply>(host.sent.back().body).rejected);
    host.loop().Advance(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(host.sent.size(), 100u);
  EXPECT_GE(host.logged.size(), 5u);
  EXPECT_LE(host.logged.size(), 7u);  // The first one's beginning, and five seconds.
}

TEST_F(SnapshotReceiverTest, CoreHasNoUseForIt_IsRejectedAndDiscarded) {
  accepts_ = false;
  const Sender sender{1, Term(5), 1, "hello"};
  Receive(sender.Piece(0, 5));
  EXPECT_TRUE(LastAnswerTo(1).rejected);
  EXPECT_TRUE(absl::IsNotFound(host_.store().OpenSnapshot(1).status()));
}

TEST_F(SnapshotReceiverTest, StopInTheMiddle_NothingComesOfIt) {
  const Sender sender{1, Term(5), 1, "hello"};
  receiver_.OnChunk(sender.Piece(0, 5));
  receiver_.Stop();
  host_.Settle();
  EXPECT_TRUE(received_.empty());
}

}  // namespace
}  // namespace synod::internal
