// Tests of base/strong_id.h: what may and what may not be done with a strong integer.
#include "synod/base/strong_id.h"

#include <cstdint>
#include <sstream>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

#include "synod/base/ids.h"

namespace synod {
namespace {

template <class A, class B>
concept Comparable = requires(A a, B b) {
  a == b;
};
template <class A>
concept Countable = requires(A a) {
  ++a;
};
template <class A, class B>
concept Addable = requires(A a, B b) {
  a + b;
};

TEST(StrongId, DifferentKinds_DoNotMix) {
  static_assert(!Comparable<Term, Index>);
  static_assert(!Comparable<NodeId, GroupId>);
  static_assert(!std::is_convertible_v<Term, Index>);
  static_assert(!std::is_convertible_v<Term, uint64_t>);
  static_assert(!Addable<Index, Index>);
}

TEST(StrongId, Names_AreWrittenAsLiteralsAndNotCountedWith) {
  static_assert(std::is_convertible_v<int, NodeId>);
  static_assert(!Countable<NodeId>);
  static_assert(!Countable<Incarnation>);
  const std::vector<NodeId> members = {1, 2, 3};
  EXPECT_EQ(members[2].value(), 3u);
}

TEST(StrongId, Ordinals_AreCountedWithAndNotMadeByMistake) {
  static_assert(!std::is_convertible_v<int, Term>);
  static_assert(!std::is_convertible_v<int, Index>);
  Index index(7);
  EXPECT_EQ(++index, Index(8));
  EXPECT_EQ(index + 2, Index(10));
  EXPECT_EQ(index - 8, Index());
  EXPECT_EQ(index - Index(3), 5u);
  EXPECT_LT(Index(9), Index(10));
}

// As the peer URLs of synod-kv and the flags of others take it.
TEST(StrongId, Incarnation_IsWrittenInHexadecimal) {
  std::ostringstream text;
  text << Incarnation(0x6b1f0c9d2e7a4853) << " " << Incarnation() << " "
       << Incarnation(~uint64_t{0});
  EXPECT_EQ(text.str(), "6b1f0c9d2e7a4853 0 ffffffffffffffff");
}

TEST(StrongId, Default_IsZero) {
  EXPECT_TRUE(Term().IsZero());
  EXPECT_FALSE(Term(1).IsZero());
}

TEST(StrongId, EqualValues_HashAlikeAndPrintTheirValue) {
  const std::unordered_set<Index> set = {Index(1), Index(2), Index(1)};
  EXPECT_EQ(set.size(), 2u);
  std::ostringstream out;
  out << Index(42);
  EXPECT_EQ(out.str(), "42");
}

}  // namespace
}  // namespace synod
