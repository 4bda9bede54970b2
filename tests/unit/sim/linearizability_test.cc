// Tests of sim/linearizability.h: known histories, and random ones against a search that tries
// everything.
#include "synod/sim/linearizability.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "synod/base/rng.h"

namespace synod::sim {
namespace {

using Op = Register::Operation;
using Kind = CheckResult::Kind;

Instant At(int64_t time) { return Instant(Duration(time)); }

Call<Op> Write(const std::string& value, int64_t from, int64_t to, uint64_t index = 0) {
  return {.operation = {.key = "k", .is_write = true, .value = value},
          .invoked = At(from),
          .returned = At(to),
          .index = Index(index)};
}
Call<Op> Read(const std::string& value, int64_t from, int64_t to, uint64_t index = 0) {
  return {.operation = {.key = "k", .value = value},
          .invoked = At(from),
          .returned = At(to),
          .index = Index(index)};
}
Call<Op> Unknown(Call<Op> call) {
  call.returned = kNever;
  return call;
}

bool IsWrite(const Op& op) { return op.is_write; }

Kind Search(const History<Op>& history) { return CheckLinearizable<Register>(history).kind; }
Kind Witness(const History<Op>& history) { return CheckWitness<Register>(history, IsWrite).kind; }

TEST(Linearizable, EmptyHistory_Is) {
  EXPECT_EQ(Search({}), Kind::kLinearizable);
  EXPECT_EQ(Witness({}), Kind::kLinearizable);
}

TEST(Linearizable, ReadOverlapsAWrite_MaySeeEither) {
  EXPECT_EQ(Search({Write("a", 0, 10), Read("", 1, 9)}), Kind::kLinearizable);
  EXPECT_EQ(Search({Write("a", 0, 10), Read("a", 1, 9)}), Kind::kLinearizable);
}

TEST(Linearizable, ReadAfterAWrite_MustSeeIt) {
  const CheckResult result =
      CheckLinearizable<Register>(History<Op>{Write("a", 0, 10), Read("", 11, 20)});
  EXPECT_EQ(result.kind, Kind::kViolation);
  EXPECT_EQ(result.culprit, 1u);
  EXPECT_FALSE(result.reason.empty());
}

TEST(Linearizable, TouchingAtAnInstant_CountsAsConcurrent) {
  EXPECT_EQ(Search({Write("a", 0, 10), Read("", 10, 20)}), Kind::kLinearizable);
}

TEST(Linearizable, TwoReadsOfAConcurrentWrite_MustNotGoBack) {
  EXPECT_EQ(Search({Write("a", 0, 100), Read("a", 1, 10), Read("", 11, 20)}), Kind::kViolation);
  EXPECT_EQ(Search({Write("a", 0, 100), Read("", 1, 10), Read("a", 11, 20)}), Kind::kLinearizable);
}

TEST(Linearizable, WriteWithoutReturn_MayTakeEffectLaterOrNever) {
  const Call<Op> lost = Unknown(Write("b", 5, 0));
  EXPECT_EQ(Search({Write("a", 0, 1), lost, Read("a", 10, 20)}), Kind::kLinearizable);
  EXPECT_EQ(Search({Write("a", 0, 1), lost, Read("a", 10, 20), Read("b", 30, 40)}),
            Kind::kLinearizable);
  EXPECT_EQ(Search({Write("a", 0, 1), lost, Read("b", 10, 20), Read("a", 30, 40)}),
            Kind::kViolation);
  EXPECT_EQ(Search({Write("a", 0, 1), Read("b", 2, 4), lost}), Kind::kViolation)
      << "Not before it was invoked.";
}

TEST(Linearizable, KeysAreIndependent_EachIsSearchedByItself) {
  Call<Op> other = Read("", 11, 20);
  other.operation.key = "other";
  const auto key_of = [](const Op& op) { return op.key; };
  EXPECT_TRUE(CheckLinearizableByKey<Register>(History<Op>{Write("a", 0, 10), other}, key_of).ok());
  const CheckResult result = CheckLinearizableByKey<Register>(
      History<Op>{other, Write("a", 0, 10), Read("", 11, 20)}, key_of);
  EXPECT_EQ(result.kind, Kind::kViolation);
  EXPECT_EQ(result.culprit, 2u) << "A position in the whole history.";
}

TEST(Linearizable, OutOfSteps_SaysSo) {
  EXPECT_EQ(CheckLinearizable<Register>(History<Op>{Write("a", 0, 10), Read("", 11, 20)}, 1).kind,
            Kind::kGaveUp);
}

TEST(WithoutUnseenWrites, LeavesOutOnlyWhatCannotMatter) {
  const History<Op> history = WithoutUnseenWrites(
      {Unknown(Write("a", 0, 0)), Unknown(Write("b", 0, 0)), Write("c", 0, 1), Read("b", 2, 3)});
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].operation.value, "b");
}

TEST(Witness, AnswersAndClocksFitTheLog_IsLinearizable) {
  EXPECT_EQ(Witness({Write("a", 0, 10, 1), Read("", 1, 9, 0), Read("a", 5, 12, 1),
                     Write("b", 11, 20, 4), Read("b", 21, 22, 7)}),
            Kind::kLinearizable);
}

TEST(Witness, ReadMissesAWriteThatHadReturned_IsAViolation) {
  EXPECT_EQ(Witness({Write("a", 0, 10, 1), Read("", 11, 20, 0)}), Kind::kViolation);
}

TEST(Witness, ReadDoesNotSeeWhatItsIndexSays_IsAViolation) {
  EXPECT_EQ(Witness({Write("a", 0, 10, 1), Read("", 11, 20, 1)}), Kind::kViolation);
}

TEST(Witness, LaterWriteHasTheLowerIndex_IsAViolation) {
  EXPECT_EQ(Witness({Write("a", 0, 10, 2), Write("b", 11, 20, 1)}), Kind::kViolation);
}

TEST(Witness, TwoWritesAtOneIndexOrOneAtNone_IsAViolation) {
  EXPECT_EQ(Witness({Write("a", 0, 10, 1), Write("b", 0, 10, 1)}), Kind::kViolation);
  EXPECT_EQ(Witness({Write("a", 0, 10)}), Kind::kViolation);
}

TEST(Witness, WriteTookEffectBeforeAReadThatHadReturned_IsAViolation) {
  EXPECT_EQ(Witness({Write("b", 11, 20, 1), Read("b", 0, 10, 1)}), Kind::kViolation)
      << "At its own index.";
  EXPECT_EQ(Witness({Write("a", 0, 1, 1), Read("a", 4, 5, 1), Read("a", 2, 3, 1)}),
            Kind::kLinearizable)
      << "Reads of one index come in no order.";
}

// --- Random histories ---

// A history of a register that works, by a few clients: each operation takes effect at a random
// instant within its span, and has that instant as its index.
History<Op> DrawHistory(Rng& rng, size_t operations, uint64_t clients) {
  struct Effect {
    int64_t at;
    size_t call;
  };
  History<Op> history;
  std::vector<Effect> effects;
  std::vector<int64_t> free_at(clients, 0);
  for (size_t i = 0; i < operations; ++i) {
    const uint64_t client = rng.Below(clients);
    const int64_t from = free_at[client] + static_cast<int64_t>(rng.Below(20));
    const int64_t to = from + 1 + static_cast<int64_t>(rng.Below(40));
    free_at[client] = to + 1;
    Call<Op> call =
        rng.Chance(1, 2) ? Write("v" + std::to_string(i), from, to) : Read("", from, to);
    call.client = client;
    effects.push_back(
        {from + static_cast<int64_t>(rng.Below(static_cast<uint64_t>(to - from))), i});
    history.push_back(call);
  }
  std::stable_sort(effects.begin(), effects.end(),
                   [](const Effect& a, const Effect& b) { return a.at < b.at; });
  std::string state;
  uint64_t index = 0;
  for (const Effect& effect : effects) {
    Call<Op>& call = history[effect.call];
    if (call.operation.is_write) {
      state = call.operation.value;
      ++index;
    } else {
      call.operation.value = state;
    }
    call.index = Index(index);
  }
  return history;
}

// What CheckWitness promises, pair by pair.
bool LogExplains(const History<Op>& history) {
  const auto place = [&](size_t i) {
    return std::pair(history[i].index, !history[i].operation.is_write);
  };
  std::vector<size_t> log(history.size());
  std::iota(log.begin(), log.end(), size_t{0});
  std::erase_if(
      log, [&](size_t i) { return history[i].index.IsZero() && IsWrite(history[i].operation); });
  if (std::any_of(history.begin(), history.end(), [](const Call<Op>& call) {
        return call.HasReturned() && call.index.IsZero() && IsWrite(call.operation);
      })) {
    return false;
  }
  std::sort(log.begin(), log.end(), [&](size_t a, size_t b) { return place(a) < place(b); });
  auto state = Register::Initial();
  for (size_t i : log) {
    if (!Register::Step(state, history[i].operation)) return false;
  }
  for (size_t a : log) {
    for (size_t b : log) {
      if (a == b) continue;
      if (IsWrite(history[a].operation) && place(a) == place(b)) return false;
      if (history[a].returned < history[b].invoked && place(b) < place(a)) return false;
    }
  }
  return true;
}

// A register of whose operations the search does not know which of them only read.
struct PlainRegister {
  using Operation = Register::Operation;
  using State = Register::State;
  static State Initial() { return Register::Initial(); }
  static bool Step(State& state, const Op& operation) { return Register::Step(state, operation); }
  static uint64_t Hash(const State& state) { return Register::Hash(state); }
};
static_assert(KnowsReads<Register> && !KnowsReads<PlainRegister>);

// Every order of the operations, and of the calls without a return every choice: slow and simple.
bool SomeOrderExplains(const History<Op>& history) {
  std::vector<size_t> order(history.size());
  std::iota(order.begin(), order.end(), size_t{0});
  do {
    bool fits = true;
    for (size_t a = 0; a < order.size() && fits; ++a) {
      for (size_t b = a + 1; b < order.size() && fits; ++b) {
        fits = !(history[order[b]].returned < history[order[a]].invoked);
      }
    }
    if (!fits) continue;
    std::vector<size_t> pending;
    for (size_t i : order) {
      if (!history[i].HasReturned()) pending.push_back(i);
    }
    for (size_t chosen = 0; chosen < (size_t{1} << pending.size()); ++chosen) {
      auto state = Register::Initial();
      bool explains = true;
      for (size_t i : order) {
        const auto at = std::find(pending.begin(), pending.end(), i);
        if (at != pending.end() && ((chosen >> (at - pending.begin())) & 1) == 0) continue;
        explains = explains && Register::Step(state, history[i].operation);
      }
      if (explains) return true;
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

TEST(RandomHistory, OfARegisterThatWorks_BothCheckersAgree) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    const History<Op> history = DrawHistory(rng, 60, 1 + rng.Below(6));
    EXPECT_EQ(Search(history), Kind::kLinearizable) << "seed " << seed;
    EXPECT_EQ(Witness(history), Kind::kLinearizable) << "seed " << seed;
  }
}

TEST(RandomHistory, WithAWrongAnswer_TheWitnessSeesIt) {
  int wrong = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    History<Op> history = DrawHistory(rng, 40, 4);
    Call<Op>& call = history[rng.Below(history.size())];
    if (call.operation.is_write || call.operation.value.empty()) continue;
    call.operation.value = "";
    ++wrong;
    EXPECT_EQ(Witness(history), Kind::kViolation) << "seed " << seed;
  }
  EXPECT_GT(wrong, 50);
}

TEST(RandomHistory, TimesAndPlacesAltered_WitnessAgreesWithItsDefinition) {
  int violations = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Rng rng(seed);
    History<Op> history = DrawHistory(rng, 8, 4);
    Call<Op>& call = history[rng.Below(history.size())];
    if (rng.Chance(1, 2)) {
      call.index = Index(rng.Below(6));
    } else {
      const Duration shift(static_cast<int64_t>(rng.Below(60)));
      call.invoked -= shift;
      call.returned -= shift;
    }
    const bool explained = LogExplains(history);
    violations += !explained;
    EXPECT_EQ(Witness(history), explained ? Kind::kLinearizable : Kind::kViolation)
        << "seed " << seed;
  }
  EXPECT_GT(violations, 200);
  EXPECT_LT(violations, 1300);
}

TEST(RandomHistory, LongAndBusy_SearchFindsTheOneWrongAnswer) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    History<Op> history = DrawHistory(rng, 1000, 8);
    for (Call<Op>& call : history) {
      if (rng.Chance(1, 50)) call = Unknown(call);
      call.operation.answered = call.HasReturned();
    }
    EXPECT_EQ(Search(WithoutUnseenWrites(history)), Kind::kLinearizable) << "seed " << seed;
    const auto read = std::find_if(history.rbegin(), history.rend(), [](const Call<Op>& call) {
      return !call.operation.is_write && call.HasReturned();
    });
    read->operation.value = "nobody wrote this";
    EXPECT_EQ(Search(WithoutUnseenWrites(history)), Kind::kViolation) << "seed " << seed;
  }
}

TEST(RandomHistory, SmallAndAltered_SearchAgreesWithTryingEverything) {
  int violations = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    Rng rng(seed);
    History<Op> history = DrawHistory(rng, 6, 3);
    // Answers and spans are altered at random: some such histories are linearizable still.
    for (Call<Op>& call : history) {
      if (!call.operation.is_write && rng.Chance(1, 3)) {
        const Call<Op>& other = history[rng.Below(history.size())];
        call.operation.value = other.operation.is_write ? other.operation.value : "";
      }
      if (rng.Chance(1, 5)) {
        call.returned = kNever;
        call.operation.answered = false;
      }
    }
    const bool explained = SomeOrderExplains(history);
    violations += !explained;
    EXPECT_EQ(Search(history), explained ? Kind::kLinearizable : Kind::kViolation)
        << "seed " << seed;
    EXPECT_EQ(CheckLinearizable<PlainRegister>(history).ok(), explained) << "seed " << seed;
    EXPECT_EQ(Search(WithoutUnseenWrites(history)),
              explained ? Kind::kLinearizable : Kind::kViolation)
        << "seed " << seed;
  }
  EXPECT_GT(violations, 200);
  EXPECT_LT(violations, 1300);
}

}  // namespace
}  // namespace synod::sim
