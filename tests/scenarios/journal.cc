#include "tests/scenarios/journal.h"

#include <string>
#include <utility>

namespace synod::sim {
namespace {

class Journal final : public StateMachine {
 public:
  void Apply(std::span<const Command> batch, std::span<std::string>) override {
    for (const Command& command : batch) text_ += std::string(command.data) + " ";
  }
  absl::StatusOr<std::string> Query(std::string_view) const override { return text_; }
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return std::make_unique<View>(text_);
  }
  absl::Status Restore(ByteSource& image) override {
    std::string text;
    for (;;) {
      std::string piece(64 * 1024, '\0');
      const auto count = image.Read(piece);
      if (!count.ok()) return count.status();
      text += piece.substr(0, *count);
      if (*count < piece.size()) break;
    }
    text_ = std::move(text);
    return absl::OkStatus();
  }

 private:
  class View final : public SnapshotView {
   public:
    explicit View(std::string text) : text_(std::move(text)) {}
    absl::Status WriteTo(ByteSink& sink) const override { return sink.Append(text_); }

   private:
    const std::string text_;
  };

  std::string text_;
};

class JournalWorkload final : public Workload {
 public:
  std::unique_ptr<StateMachine> NewStateMachine() override { return std::make_unique<Journal>(); }
  Request Next(uint64_t, Rng&) override { return {}; }
  std::string DigestQuery() const override { return ""; }
};

}  // namespace

std::unique_ptr<Workload> NewJournalWorkload() { return std::make_unique<JournalWorkload>(); }

}  // namespace synod::sim
