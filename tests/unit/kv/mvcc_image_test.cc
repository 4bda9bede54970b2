#include <gtest/gtest.h>

#include "kv/mvcc.h"
#include "tests/unit/kv/store_test_util.h"

namespace synod_kv {
namespace {

Store SomeStore() {
  Store store;
  for (int i = 0; i < 50; ++i) Put(store, "key" + std::to_string(i % 20), std::to_string(i));
  Delete(store, "key1", "key15");
  Put(store, std::string("\0\xff", 2), std::string(300'000, 'x'));
  EXPECT_TRUE(store.Compact(20).ok());
  return store;
}

TEST(Image, RoundTrip_OfAHistory_RestoresItExactly) {
  const Store store = SomeStore();
  absl::StatusOr<StoreState> state = FromImage(ImageOf(store));
  ASSERT_TRUE(state.ok()) << state.status();
  const Store restored(*std::move(state));
  EXPECT_EQ(restored.revision(), store.revision());
  EXPECT_EQ(restored.compacted(), store.compacted());
  EXPECT_EQ(restored.state().bytes, store.state().bytes);
  EXPECT_EQ(ImageOf(restored), ImageOf(store));
  for (int64_t at = store.compacted(); at <= store.revision(); ++at) {
    EXPECT_EQ(ReadAll(restored, at), ReadAll(store, at));
    EXPECT_EQ(restored.state().Hash(at), store.state().Hash(at));
  }
}

TEST(Image, OfAnEmptyStore_RoundTrips) {
  absl::StatusOr<StoreState> state = FromImage(ImageOf(Store()));
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->revision, 1);
  EXPECT_EQ(state->versions.size(), 0u);
}

TEST(Image, WrittenFromACopy_WhileTheStoreMovesOn_HoldsTheMomentOfTheCopy) {
  Store store = SomeStore();
  const std::string before = ImageOf(store);
  const StoreState copy = store.state();
  Put(store, "later", "1");
  Delete(store, "key2", "key9");
  ASSERT_TRUE(store.Compact(store.revision()).ok());
  StringSink sink;
  ASSERT_TRUE(copy.WriteTo(sink).ok());
  EXPECT_EQ(sink.bytes(), before);
}

TEST(Image, CutAnywhere_IsRefused) {
  const std::string image = ImageOf(SomeStore());
  for (size_t size = 0; size < image.size(); size += size < 4000 ? 1 : 9973) {
    EXPECT_TRUE(absl::IsDataLoss(FromImage(image.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(absl::IsDataLoss(FromImage(image + "x").status()));
}

TEST(Image, OfANewerFormat_IsRefusedSayingSo) {
  std::string image = ImageOf(Store());
  image[7] = 9;
  const absl::Status status = FromImage(image).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(std::string(status.message()).find("format 9"), std::string::npos);
}

TEST(Image, WithForeignContent_IsRefused) {
  EXPECT_TRUE(absl::IsDataLoss(FromImage(std::string(1000, 'z')).status()));
}

// Whatever a byte is changed to, what comes out is an error or a store that upholds its own order.
TEST(Image, WithAnyByteChanged_NeverBreaksTheStore) {
  Store small;
  for (int i = 0; i < 6; ++i) Put(small, i % 2 == 0 ? "a" : "b", "v");
  Delete(small, "a");
  const std::string image = ImageOf(small);
  for (size_t at = 0; at < image.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = image;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      absl::StatusOr<StoreState> state = FromImage(damaged);
      if (!state.ok()) continue;
      Store store(*std::move(state));
      EXPECT_TRUE(store.Compact(store.revision()).ok() || store.compacted() == store.revision());
      ReadAll(store, store.revision());
    }
  }
}

}  // namespace
}  // namespace synod_kv
