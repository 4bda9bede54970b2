// The machine that this process runs on.
#include "src/machine.h"

#include <future>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "synod/base/rng.h"

#include "src/entropy.h"
#include "src/event_loop.h"

namespace synod::internal {

namespace {

class RealMachine final : public Machine {
 public:
  RealMachine(std::unique_ptr<EpollLoop> loop, uint64_t entropy)
      : loop_(std::move(loop)), seeds_(entropy), thread_([this] {
          if (is_to_run_.get_future().get()) loop_->Run();
        }) {}
  ~RealMachine() override {
    if (!thread_.joinable()) return;
    is_to_run_.set_value(false);
    thread_.join();
  }

  EventLoop& loop() override { return *loop_; }
  Instant Clock() const override { return EpollLoop::Clock(); }

  void StartLoop(TurnEnd turn_end) override {
    loop_->SetTurnEnd(std::move(turn_end));
    is_started_ = true;
    is_to_run_.set_value(true);
  }

  void StopLoop() override {
    if (!is_started_ || !thread_.joinable()) return;
    loop_->Stop();
    thread_.join();
  }

  std::unique_ptr<Executor> NewExecutor() override {
    absl::StatusOr<std::unique_ptr<Executor>> executor = NewThreadExecutor();
    return executor.ok() ? *std::move(executor) : nullptr;
  }

  uint64_t DrawSeed() override {
    const std::lock_guard lock(seeds_mutex_);
    return seeds_.Next();
  }

 private:
  const std::unique_ptr<EpollLoop> loop_;
  std::mutex seeds_mutex_;
  Rng seeds_;  // Under seeds_mutex_.
  bool is_started_ = false;
  std::promise<bool> is_to_run_;
  // The loop's. Last: it uses all of the above. There from the beginning, for only the beginning
  // may fail.
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Machine>> NewRealMachine(Duration spin) {
  absl::StatusOr<std::unique_ptr<EpollLoop>> loop = EpollLoop::Create(spin);
  if (!loop.ok()) return loop.status();
  const absl::StatusOr<uint64_t> entropy = DrawEntropy();
  if (!entropy.ok()) return entropy.status();
  try {
    return std::make_unique<RealMachine>(*std::move(loop), *entropy);
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError("cannot start a thread for the loop: " +
                                        std::string(error.what()));
  }
}

}  // namespace synod::internal
