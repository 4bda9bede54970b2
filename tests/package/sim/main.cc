// A user's own state machine, simulated: once as it should be, and once with a bug that shows as
// soon as a replica goes on from a snapshot.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <synod/sim/simulation.h>

// Adds up what it is told. Its image is its sum, in digits.
class Sum : public synod::StateMachine {
 public:
  explicit Sum(bool forgets) : forgets_(forgets) {}

  void Apply(std::span<const synod::Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      sum_ += std::stoull(std::string(batch[i].data));
      results[i] = std::to_string(sum_);
    }
  }
  absl::StatusOr<std::string> Query(std::string_view) const override {
    return std::to_string(sum_);
  }
  absl::StatusOr<std::unique_ptr<synod::SnapshotView>> Snapshot() const override {
    return std::make_unique<View>(std::to_string(sum_));
  }
  absl::Status Restore(synod::ByteSource& image) override {
    std::string digits(20, '\0');
    const absl::StatusOr<size_t> size = image.Read(digits);
    if (!size.ok()) return size.status();
    sum_ = forgets_ ? 0 : std::stoull(digits.substr(0, *size));
    return absl::OkStatus();
  }

 private:
  struct View : synod::SnapshotView {
    explicit View(std::string text) : image(std::move(text)) {}
    absl::Status WriteTo(synod::ByteSink& sink) const override { return sink.Append(image); }
    const std::string image;
  };

  const bool forgets_;
  uint64_t sum_ = 0;
};

class SumWorkload : public synod::sim::Workload {
 public:
  explicit SumWorkload(bool forgets) : forgets_(forgets) {}

  std::unique_ptr<synod::StateMachine> NewStateMachine() override {
    return std::make_unique<Sum>(forgets_);
  }
  synod::sim::Request Next(uint64_t, synod::Rng& dice) override {
    if (dice.Chance(1, 2)) return {.is_write = false, .bytes = ""};
    return {.is_write = true, .bytes = std::to_string(++commands_)};
  }
  std::string DigestQuery() const override { return ""; }

 private:
  const bool forgets_;
  uint64_t commands_ = 0;
};

synod::sim::Report Simulate(bool forgets) {
  synod::sim::Options options;
  options.snapshot_after_entries = 10;
  options.faults.crash = std::chrono::seconds(1);
  SumWorkload workload(forgets);
  return synod::sim::Run(options, workload);
}

int main() {
  const synod::sim::Report sound = Simulate(false);
  const synod::sim::Report faulty = Simulate(true);
  std::printf("sound: %s, %d commands, %d restores; faulty: %s\n",
              sound.ok ? "ok" : sound.violation.what.c_str(),
              static_cast<int>(sound.counts.committed), static_cast<int>(sound.counts.restores),
              faulty.violation.rule.c_str());
  return sound.ok && sound.counts.restores > 0 && faulty.violation.rule == "equal states" ? 0 : 1;
}
