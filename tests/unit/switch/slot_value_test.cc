#include "synod/switch/slot_value.h"

#include <cstddef>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/switch/link_under_test.h"

namespace synod::slots::testing {
namespace {

std::string HexOf(const SlotValue& value) {
  std::string hex;
  for (const std::byte byte : value.bytes) {
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
  }
  return hex;
}

TEST(SlotValueOf, Entry_FitsOrIsADigest) {
  const Entry small = CommandAt(5, 3, std::string(32, 'x'));
  EXPECT_FALSE(IsDigest(ToSlotValue(small)));
  EXPECT_EQ(ToEntry(ToSlotValue(small), 5, {.round = Term(3), .node = 1, .incarnation = {}}),
            small);
  const Entry large = CommandAt(5, 3, std::string(33, 'x'));
  const SlotValue digest = ToSlotValue(large);
  EXPECT_TRUE(IsDigest(digest));
  EXPECT_EQ(ToEntry(digest, 5, {}), std::nullopt);
  EXPECT_NE(digest, ToSlotValue(CommandAt(6, 3, std::string(33, 'x')))) << "Of another slot.";
  EXPECT_NE(digest, ToSlotValue(CommandAt(5, 3, std::string(33, 'y'))));
  Entry other_kind = large;
  other_kind.kind = EntryKind::kConfiguration;
  EXPECT_NE(digest.bytes, ToSlotValue(other_kind).bytes);
}

// As tools that read a slot compute it, by docs/switch.md.
TEST(SlotValueOf, Digest_IsWhatTheFormatSays) {
  EXPECT_EQ(HexOf(ToSlotValue(CommandAt(7, 1, std::string(33, 'a')))),
            "0bf7c9d74accacad8c57d84ccc17ec41a87120210e1db6a2ab260ee2b02581a8");
  Entry other = CommandAt((uint64_t{1} << 40) + 5, 1, std::string(1000, 'x'));
  other.kind = EntryKind::kConfiguration;
  EXPECT_EQ(HexOf(ToSlotValue(other)),
            "2e2435a2559a13f1855a1fd24b0e57ff3606bbdc84a88715ac8ca2a1bd59b359");
}

TEST(SlotValueOf, WhatNoProposerWrites_IsNoEntry) {
  EXPECT_EQ(ToEntry({.kind = 0}, 1, {}), std::nullopt);
  EXPECT_EQ(ToEntry({.kind = 4}, 1, {}), std::nullopt);
  EXPECT_EQ(ToEntry({.kind = 2, .length = 33}, 1, {}), std::nullopt);
}

}  // namespace
}  // namespace synod::slots::testing
