#include "tests/conformance/state_machine/suite.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/byte_stream.h"

namespace synod::testing {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StateMachineConformance);

namespace {

class StringSink final : public ByteSink {
 public:
  absl::Status Append(std::string_view piece) override {
    bytes.append(piece);
    return absl::OkStatus();
  }
  std::string bytes;
};

class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : rest_(bytes) {}
  absl::StatusOr<size_t> Read(std::span<char> out) override {
    const size_t size = std::min(out.size(), rest_.size());
    std::copy_n(rest_.data(), size, out.data());
    rest_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view rest_;
};

std::string Write(const SnapshotView& view) {
  StringSink sink;
  const absl::Status written = view.WriteTo(sink);
  EXPECT_TRUE(written.ok()) << written;
  return sink.bytes;
}

}  // namespace

std::vector<std::string> StateMachineConformance::Apply(StateMachine& machine, size_t first,
                                                        size_t last, size_t batch) {
  std::vector<std::string> all;
  while (first < last) {
    const size_t end = std::min(last, first + batch);
    std::vector<Command> commands;
    for (; first < end; ++first) {
      commands.push_back({.index = Index(first + 1), .data = GetParam().commands[first]});
    }
    std::vector<std::string> results(commands.size());
    machine.Apply(commands, results);
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<std::string> StateMachineConformance::Answers(const StateMachine& machine) {
  std::vector<std::string> answers;
  for (const std::string& query : GetParam().queries) {
    const absl::StatusOr<std::string> answer = machine.Query(query);
    answers.push_back(answer.ok() ? *answer : answer.status().ToString());
  }
  return answers;
}

std::string StateMachineConformance::ImageOf(const StateMachine& machine) {
  const auto view = machine.Snapshot();
  EXPECT_TRUE(view.ok()) << view.status();
  return view.ok() ? Write(**view) : std::string();
}

void StateMachineConformance::Restore(StateMachine& machine, const std::string& image) {
  StringSource source(image);
  const absl::Status restored = machine.Restore(source);
  EXPECT_TRUE(restored.ok()) << restored;
}

// Else the rest would show nothing.
TEST_P(StateMachineConformance, AllCommandsApplied_AnswersAreOthers) {
  const auto machine = New();
  const std::vector<std::string> empty = Answers(*machine);
  Apply(*machine, 0, GetParam().commands.size());
  EXPECT_NE(Answers(*machine), empty);
}

TEST_P(StateMachineConformance, AppliedInOtherBatches_GivesEqualResultsAndStates) {
  const size_t all = GetParam().commands.size();
  const auto one_by_one = New();
  const std::vector<std::string> results = Apply(*one_by_one, 0, all);
  for (const size_t batch : {size_t{2}, size_t{3}, all}) {
    const auto other = New();
    EXPECT_EQ(Apply(*other, 0, all, batch), results) << batch;
    EXPECT_EQ(Answers(*other), Answers(*one_by_one)) << batch;
    EXPECT_EQ(ImageOf(*other), ImageOf(*one_by_one)) << batch;
  }
}

TEST_P(StateMachineConformance, RestoredAtAnyCommand_IsEqualThenAndEverAfter) {
  const size_t all = GetParam().commands.size();
  for (size_t at = 0; at <= all; ++at) {
    const auto original = New();
    Apply(*original, 0, at);
    const auto restored = New();
    Restore(*restored, ImageOf(*original));
    EXPECT_EQ(Answers(*restored), Answers(*original)) << at;
    EXPECT_EQ(ImageOf(*restored), ImageOf(*original)) << at;
    EXPECT_EQ(Apply(*restored, at, all), Apply(*original, at, all)) << at;
    EXPECT_EQ(Answers(*restored), Answers(*original)) << at;
  }
}

TEST_P(StateMachineConformance, RestoredOverAnotherState_KeepsNothingOfIt) {
  const size_t all = GetParam().commands.size();
  const auto original = New();
  Apply(*original, 0, all / 2);
  for (const size_t overwritten : {size_t{1}, all}) {
    const auto restored = New();
    Apply(*restored, 0, overwritten);
    Restore(*restored, ImageOf(*original));
    EXPECT_EQ(Answers(*restored), Answers(*original));
    EXPECT_EQ(ImageOf(*restored), ImageOf(*original));
  }
}

// The image is written later, and elsewhere.
TEST_P(StateMachineConformance, StateMovesOnWhileASnapshotIsHeld_ImageStaysAsItWas) {
  const size_t all = GetParam().commands.size();
  const auto machine = New();
  Apply(*machine, 0, all / 2);
  const std::string image = ImageOf(*machine);
  const auto view = machine->Snapshot();
  ASSERT_TRUE(view.ok()) << view.status();
  Apply(*machine, all / 2, all);
  EXPECT_EQ(Write(**view), image);
}

TEST_P(StateMachineConformance, Queried_ChangesNothing) {
  const size_t all = GetParam().commands.size();
  const auto asked = New();
  const auto left_alone = New();
  for (size_t at = 0; at < all; ++at) {
    const std::vector<std::string> answers = Answers(*asked);
    EXPECT_EQ(Answers(*asked), answers);
    EXPECT_EQ(Apply(*asked, at, at + 1), Apply(*left_alone, at, at + 1));
  }
  EXPECT_EQ(ImageOf(*asked), ImageOf(*left_alone));
}

}  // namespace synod::testing
