// Registers under a few keys: the smallest state machine in which every lost, repeated or misplaced
// write shows.
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "synod/sim/linearizability.h"
#include "synod/sim/workload.h"

namespace synod::sim {
namespace {

// A command is "key=value"; its answer is the value before. A query is a key, or nothing for all.
class Registers final : public StateMachine {
 public:
  void Apply(std::span<const Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      const size_t split = batch[i].data.find('=');
      if (split == std::string_view::npos) continue;
      std::string& value = values_[std::string(batch[i].data.substr(0, split))];
      results[i] = std::exchange(value, std::string(batch[i].data.substr(split + 1)));
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

class RegisterWorkload final : public Workload {
 public:
  explicit RegisterWorkload(uint64_t keys) : keys_(keys) {}

  std::unique_ptr<StateMachine> NewStateMachine() override { return std::make_unique<Registers>(); }
  Request Next(uint64_t client, Rng& dice) override {
    const std::string key = "k" + std::to_string(dice.Below(keys_));
    if (dice.Chance(1, 2)) return {.is_write = false, .bytes = key};
    // Now and then one that fills buffers.
    const size_t padding = dice.Chance(1, 32) ? dice.Below(5000) : 0;
    return {.is_write = true,
            .bytes = key + "=" + std::to_string(client) + "." + std::to_string(++writes_) +
                     std::string(padding, 'x')};
  }
  std::string DigestQuery() const override { return ""; }

  std::string Judge(const History<Request>& history) const override {
    // Without the log's word, for as much as a search can do.
    constexpr size_t kMostCalls = 4000;
    if (history.size() > kMostCalls) return {};
    History<Register::Operation> calls;
    for (const Call<Request>& call : history) {
      const Request& request = call.operation;
      const size_t split = request.bytes.find('=');
      Call<Register::Operation> translated;
      translated.client = call.client;
      translated.invoked = call.invoked;
      translated.returned = call.returned;
      translated.operation = {
          .key = request.bytes.substr(0, split),
          .is_write = request.is_write,
          .value = request.is_write ? request.bytes.substr(split + 1) : request.answer,
          .answered = call.HasReturned()};
      calls.push_back(std::move(translated));
    }
    calls = WithoutUnseenWrites(std::move(calls));
    const CheckResult result = CheckLinearizableByKey<Register>(
        std::span<const Call<Register::Operation>>(calls),
        [](const Register::Operation& operation) { return operation.key; }, kMostSteps);
    return result.kind == CheckResult::Kind::kViolation ? result.reason : "";
  }

 private:
  static constexpr size_t kMostSteps = 1'000'000;

  const uint64_t keys_;
  uint64_t writes_ = 0;
};

}  // namespace

std::unique_ptr<Workload> NewRegisterWorkload(uint64_t keys) {
  return std::make_unique<RegisterWorkload>(keys);
}

}  // namespace synod::sim
