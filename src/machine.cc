// The machine that this process runs on.
#include "src/machine.h"

#include <random>
#include <thread>
#include <utility>

#include "src/event_loop.h"

namespace synod::internal {

namespace {

class RealMachine final : public Machine {
 public:
  explicit RealMachine(std::unique_ptr<EpollLoop> loop) : loop_(std::move(loop)) {}

  EventLoop& loop() override { return *loop_; }
  Instant Clock() const override { return EpollLoop::Clock(); }

  void StartLoop(TurnEnd turn_end) override {
    loop_->SetTurnEnd(std::move(turn_end));
    thread_ = std::thread([this] { loop_->Run(); });
  }

  void StopLoop() override {
    if (!thread_.joinable()) return;
    loop_->Stop();
    thread_.join();
  }

  std::unique_ptr<Executor> NewExecutor() override { return NewThreadExecutor(); }

  uint64_t DrawSeed() override {
    std::random_device entropy;
    const uint64_t high = entropy();
    return (high << 32) ^ entropy();
  }

 private:
  const std::unique_ptr<EpollLoop> loop_;
  std::thread thread_;  // The loop's.
};

}  // namespace

absl::StatusOr<std::unique_ptr<Machine>> NewRealMachine(Duration spin) {
  absl::StatusOr<std::unique_ptr<EpollLoop>> loop = EpollLoop::Create(spin);
  if (!loop.ok()) return loop.status();
  return std::make_unique<RealMachine>(*std::move(loop));
}

}  // namespace synod::internal
