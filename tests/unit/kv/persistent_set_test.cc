#include "kv/persistent_set.h"

#include <functional>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <synod/base/rng.h>

namespace synod_kv {
namespace {

using Numbers = PersistentSet<int, std::less<>>;

std::vector<int> Elements(const Numbers& set) {
  std::vector<int> elements;
  for (auto cursor = set.Begin(); !cursor.AtEnd(); cursor.Next()) elements.push_back(*cursor);
  return elements;
}

TEST(PersistentSet, Empty_Traversed_IsAtItsEnd) {
  const Numbers set;
  EXPECT_TRUE(set.Begin().AtEnd());
  EXPECT_TRUE(set.LowerBound(0).AtEnd());
  EXPECT_EQ(set.Find(0), nullptr);
  EXPECT_EQ(set.size(), 0u);
}

TEST(PersistentSet, LowerBound_BetweenElements_FindsTheNextOne) {
  Numbers set;
  for (int i : {50, 10, 30, 20, 40}) set.Insert(i);
  EXPECT_EQ(*set.LowerBound(20), 20);
  EXPECT_EQ(*set.LowerBound(21), 30);
  EXPECT_EQ(*set.Find(41), 50);
  EXPECT_TRUE(set.LowerBound(51).AtEnd());
}

TEST(PersistentSet, Cursor_SoughtTwice_GoesOnFromTheNewPlace) {
  Numbers set;
  for (int i = 0; i < 100; ++i) set.Insert(i);
  auto cursor = set.LowerBound(70);
  cursor.Seek(30);
  cursor.Next();
  EXPECT_EQ(*cursor, 31);
}

TEST(PersistentSet, Copy_WhileTheOriginalChanges_StaysAsItWas) {
  Numbers set;
  for (int i = 0; i < 1000; ++i) set.Insert(2 * i);
  const Numbers copy = set;
  const std::vector<int> before = Elements(copy);
  for (int i = 0; i < 1000; ++i) set.Insert(2 * i + 1);
  for (int i = 0; i < 500; ++i) set.Erase(2 * i);
  EXPECT_EQ(Elements(copy), before);
  EXPECT_EQ(copy.size(), 1000u);
  EXPECT_EQ(set.size(), 1500u);
}

TEST(PersistentSet, RandomChangesAndCopies_ComparedWithStdSet_AreEqual) {
  synod::Rng rng(7);
  Numbers set;
  std::set<int> model;
  std::vector<std::pair<Numbers, std::set<int>>> copies;
  for (int step = 0; step < 20'000; ++step) {
    const int value = static_cast<int>(rng.Below(500));
    if (model.count(value) == 0) {
      model.insert(value);
      set.Insert(value);
    } else {
      model.erase(value);
      set.Erase(value);
    }
    if (step % 1000 == 0) copies.emplace_back(set, model);
  }
  copies.emplace_back(set, model);
  for (const auto& [copy, expected] : copies) {
    EXPECT_EQ(Elements(copy), std::vector<int>(expected.begin(), expected.end()));
    EXPECT_EQ(copy.size(), expected.size());
  }
}

// For ThreadSanitizer and AddressSanitizer as much as for the assertion.
TEST(PersistentSet, Copy_ReadByAnotherThreadWhileTheOriginalChanges_IsConsistent) {
  Numbers set;
  for (int i = 0; i < 10'000; ++i) set.Insert(i);
  long sum = 0;
  std::thread reader([copy = set, &sum] {
    for (auto cursor = copy.Begin(); !cursor.AtEnd(); cursor.Next()) sum += *cursor;
  });
  for (int i = 0; i < 10'000; i += 2) set.Erase(i);
  for (int i = 10'000; i < 15'000; ++i) set.Insert(i);
  reader.join();
  EXPECT_EQ(sum, 10'000L * 9'999L / 2);
}

}  // namespace
}  // namespace synod_kv
