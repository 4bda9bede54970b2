// Tests of base/payload.h: shared immutable bytes, and the buffers that they are cut from.
#include "synod/base/payload.h"

#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace synod {
namespace {

TEST(Payload, Copied_OutlivesItsSource) {
  std::string source = "command";
  const Payload payload = Payload::Copy(source);
  source.assign(source.size(), 'x');
  EXPECT_EQ(payload.view(), "command");
  EXPECT_EQ(payload.size(), 7u);
}

TEST(Payload, OfNoBytes_IsEmptyAndEqualToDefault) {
  EXPECT_TRUE(Payload::Copy("").empty());
  EXPECT_EQ(Payload::Copy(""), Payload());
}

TEST(Payload, WithZeroBytesInside_KeepsThem) {
  const std::string bytes("a\0b\0", 4);
  EXPECT_EQ(Payload::Copy(bytes).view(), bytes);
}

TEST(Payload, CopyConstructed_SharesTheBytes) {
  const Payload a = Payload::Copy("shared");
  const Payload b = a;  // NOLINT(performance-unnecessary-copy-initialization): the subject.
  EXPECT_EQ(a.view().data(), b.view().data());
}

TEST(Payload, MovedFrom_IsEmpty) {
  Payload a = Payload::Copy("moved");
  const Payload b = std::move(a);
  EXPECT_EQ(b.view(), "moved");
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the subject.
}

TEST(Payload, AssignedToItself_IsUnchanged) {
  Payload a = Payload::Copy("self");
  const Payload& same = a;
  a = same;
  EXPECT_EQ(a.view(), "self");
}

TEST(Payload, Equality_IsOfBytesNotOfBlocks) {
  EXPECT_EQ(Payload::Copy("ab"), Payload::Copy("ab"));
  EXPECT_NE(Payload::Copy("ab"), Payload::Copy("ac"));
}

TEST(Buffer, SharedSlices_KeepTheBlockAfterTheBufferIsGone) {
  Payload head;
  Payload tail;
  {
    Buffer buffer(8);
    std::memcpy(buffer.data(), "headtail", 8);
    head = buffer.Share(0, 4);
    tail = buffer.Share(4, 4);
  }
  EXPECT_EQ(head.view(), "head");
  head = Payload();
  EXPECT_EQ(tail.view(), "tail");
}

TEST(Buffer, WithoutCapacity_SharesOnlyNothing) {
  Buffer buffer;
  EXPECT_EQ(buffer.data(), nullptr);
  EXPECT_TRUE(buffer.Share(0, 0).empty());
}

TEST(BufferDeathTest, SliceBeyondItsEnd_Aborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Buffer buffer(4);
  EXPECT_DEATH((void)buffer.Share(2, 3), "a slice lies within its buffer");
  EXPECT_DEATH((void)buffer.Share(5, 0), "a slice lies within its buffer");
}

TEST(Payload, CopiedAndDroppedByManyThreads_IsFreedOnce) {
  Payload payload = Payload::Copy("counted");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([mine = payload] {
      for (int round = 0; round < 1000; ++round) {
        const Payload copy = mine;
        EXPECT_EQ(copy.size(), 7u);
      }
    });
  }
  payload = Payload();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace synod
