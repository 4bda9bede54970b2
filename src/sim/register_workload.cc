// Registers under a few keys: the smallest state machine in which every lost, repeated or misplaced
// write shows.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/sim/linearizability.h"
#include "synod/sim/workload.h"

namespace synod::sim {
namespace {

// Of a value, without what fills buffers. No two writes of a run name theirs alike.
std::string_view NameOf(std::string_view value) { return value.substr(0, value.find('x')); }

// "key=value" writes, and "key?name=value" does so if what is there has that name. Both answer with
// the value before.
struct Parsed {
  std::string_view key;
  std::optional<std::string_view> expected;
  std::string_view value;

  explicit Parsed(std::string_view command) {
    const size_t value_at = command.find('=');
    key = command.substr(0, value_at);
    if (value_at == std::string_view::npos) return;
    value = command.substr(value_at + 1);
    const size_t expected_at = key.find('?');
    if (expected_at == std::string_view::npos) return;
    expected = key.substr(expected_at + 1);
    key = key.substr(0, expected_at);
  }
};

// A query is a key, or nothing for all.
class Registers final : public StateMachine {
 public:
  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      const Parsed command(batch[i].data);
      std::string& value = values_[std::string(command.key)];
      results[i] = value;
      if (!command.expected || *command.expected == NameOf(value)) value = command.value;
    }
  }
  absl::StatusOr<std::string> Query(std::string_view request) const override {
    if (request.empty()) return Image();
    const auto found = values_.find(request);
    return found == values_.end() ? std::string() : found->second;
  }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return std::make_unique<View>(Image());
  }
  absl::Status Restore(ByteSource& image) override {
    std::string bytes;
    for (;;) {
      std::string piece(1024, '\0');
      const auto count = image.Read(piece);
      if (!count.ok()) return count.status();
      bytes += piece.substr(0, *count);
      if (*count < piece.size()) break;
    }
    values_.clear();
    for (size_t at = 0; at < bytes.size();) {
      const size_t split = bytes.find('=', at);
      const size_t end = bytes.find('\n', split);
      if (end == bytes.npos) return absl::DataLossError("the image is no list of registers");
      values_[bytes.substr(at, split - at)] = bytes.substr(split + 1, end - split - 1);
      at = end + 1;
    }
    return absl::OkStatus();
  }

 private:
  class View final : public SnapshotView {
   public:
    explicit View(std::string image) : image_(std::move(image)) {}
    absl::Status WriteTo(ByteSink& sink) const override { return sink.Append(image_); }

   private:
    const std::string image_;
  };

  [[nodiscard]] std::string Image() const {
    std::string image;
    for (const auto& [key, value] : values_) image += key + "=" + value + "\n";
    return image;
  }

  std::map<std::string, std::string, std::less<>> values_;
};

// One key, by the names of its values. Every answer tells which value was there.
struct NamedRegister {
  struct Operation {
    std::string key;
    bool is_write = false;
    std::optional<std::string> expected;
    std::string value;                  // What it writes.
    std::optional<std::string> before;  // What was there, if it was answered.
  };
  using State = std::string;

  static State Initial() { return {}; }
  static bool Step(State& state, const Operation& operation) {
    if (operation.before && *operation.before != state) return false;
    const bool takes_effect =
        operation.is_write && (!operation.expected || *operation.expected == state);
    if (takes_effect) state = operation.value;
    return true;
  }
  static uint64_t Hash(const State& state) { return std::hash<std::string>{}(state); }
  static bool IsRead(const Operation& operation) { return !operation.is_write; }
};

NamedRegister::Operation Translated(const Call<Request>& call) {
  const Parsed command(call.operation.bytes);
  NamedRegister::Operation operation;
  operation.key = command.key;
  operation.is_write = call.operation.is_write;
  if (command.expected) operation.expected = *command.expected;
  operation.value = NameOf(command.value);
  if (call.HasReturned()) operation.before = NameOf(call.operation.answer);
  return operation;
}

// Calls without a return, which each would double the search. Of one whose value nobody met it is
// the same whether it took effect: it is left out. Any other took effect before the first who met
// its value returned; and since nothing comes between it and the first who did, it may as well have
// waited until one of them was invoked. That is made its time. Who meets a value is told of it, or
// is a compare-and-set that took effect because of it.
class UnknownOutcomes {
 public:
  using Calls = History<NamedRegister::Operation>;

  explicit UnknownOutcomes(Calls& calls) {
    for (auto& call : calls) {
      if (!call.HasReturned() && call.operation.is_write) unknown_[call.operation.value] = &call;
    }
    for (const auto& call : calls) {
      if (call.HasReturned()) Meet(*call.operation.before, call.invoked, call.returned);
    }
    for (auto& [call, time] : times_) {
      call->invoked = std::max(call->invoked, time.from);
      call->returned = time.to;
    }
    std::erase_if(calls, [](const auto& call) { return !call.HasReturned(); });
  }

 private:
  struct Time {
    Instant from = kNever;
    Instant to = kNever;
  };

  // From one compare-and-set to what it expected, and so on.
  void Meet(const std::string& value, Instant from, Instant to) {
    const std::string* met = &value;
    for (auto found = unknown_.find(*met); found != unknown_.end(); found = unknown_.find(*met)) {
      Time& time = times_[found->second];
      if (time.from <= from && time.to <= to) return;
      time = {.from = std::min(time.from, from), .to = std::min(time.to, to)};
      if (!found->second->operation.expected) return;
      met = &*found->second->operation.expected;
    }
  }

  std::map<std::string, Call<NamedRegister::Operation>*> unknown_;  // By the value that it writes.
  std::map<Call<NamedRegister::Operation>*, Time> times_;
};

class RegisterWorkload final : public Workload {
 public:
  explicit RegisterWorkload(uint64_t keys) : keys_(keys), last_(keys) {}

  std::unique_ptr<StateMachine> NewStateMachine() override { return std::make_unique<Registers>(); }
  Request Next(uint64_t client, Rng& dice) override {
    const uint64_t number = dice.Below(keys_);
    const std::string key = "k" + std::to_string(number);
    if (dice.Chance(1, 2)) return {.is_write = false, .bytes = key};
    const std::string name = std::to_string(client) + "." + std::to_string(++writes_);
    // What was asked for last is there, or is not yet, or never will be.
    const std::string expected = std::exchange(last_[number], name);
    const std::string condition = writes_ % 4 == 0 ? "?" + expected : "";
    // Now and then one that fills buffers.
    const size_t padding = dice.Chance(1, 32) ? dice.Below(5000) : 0;
    return {.is_write = true, .bytes = key + condition + "=" + name + std::string(padding, 'x')};
  }
  std::string DigestQuery() const override { return ""; }

  // Without the log's word.
  std::string Judge(const History<Request>& history, Counts& counts) const override {
    std::map<std::string, History<NamedRegister::Operation>> by_key;
    for (const Call<Request>& call : history) {
      NamedRegister::Operation operation = Translated(call);
      const std::string key = operation.key;
      by_key[key].push_back({.client = call.client,
                             .operation = std::move(operation),
                             .invoked = call.invoked,
                             .returned = call.returned,
                             .index = {}});
    }
    for (auto& [key, calls] : by_key) {
      const UnknownOutcomes unknown(calls);
      const CheckResult result = CheckLinearizable<NamedRegister>(calls, kMostSteps);
      if (result.kind == CheckResult::Kind::kViolation) return result.reason;
      if (result.kind == CheckResult::Kind::kGaveUp) {
        ++counts.searches_given_up;
      } else {
        counts.calls_searched += calls.size();
      }
    }
    return {};
  }

 private:
  // More than any run is known to have taken.
  static constexpr uint64_t kMostSteps = 10'000'000;

  const uint64_t keys_;
  uint64_t writes_ = 0;
  std::vector<std::string> last_;  // The name of the value that was asked for last, of each key.
};

}  // namespace

std::unique_ptr<Workload> NewRegisterWorkload(uint64_t keys) {
  return std::make_unique<RegisterWorkload>(keys);
}

}  // namespace synod::sim
