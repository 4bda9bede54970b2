// A host for a transport under test: a loop with its thread, and a receiver that remembers.
#ifndef SYNOD_TESTS_CONFORMANCE_TRANSPORT_TEST_NODE_H_
#define SYNOD_TESTS_CONFORMANCE_TRANSPORT_TEST_NODE_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "synod/port/transport.h"

#include "gtest/gtest.h"
#include "src/event_loop.h"

namespace synod::testing {

// How long a test waits for what must come. Only a failing test waits so long.
inline constexpr std::chrono::seconds kPatience(60);

class TestNode : private Receiver {
 public:
  TestNode(StoreIdentity self, std::unique_ptr<Transport> transport)
      : self_(self),
        loop_(internal::EpollLoop::Create().value()),
        transport_(std::move(transport)) {}
  explicit TestNode(NodeId id, std::unique_ptr<Transport> transport)
      : TestNode({.cluster = 7, .node = id, .incarnation = Incarnation(100 + id.value())},
                 std::move(transport)) {}
  ~TestNode() override { Stop(); }

  // Starts the loop and, on it, the transport.
  absl::Status Start() {
    thread_ = std::thread([this] { loop_->Run(); });
    absl::Status status;
    Do([&] {
      status = transport_->Start({.self = self_,
                                  .loop = loop_.get(),
                                  .receiver = this,
                                  .logger = [this](Severity, std::string_view line) {
                                    const std::lock_guard lock(mutex_);
                                    log_.emplace_back(line);
                                    changed_.notify_all();
                                  }});
    });
    return status;
  }

  // Stops the transport and the loop.
  void Stop() {
    if (!thread_.joinable()) return;
    Do([&] {
      transport_->Stop();
      stopped_ = true;
    });
    loop_->Stop();
    thread_.join();
    transport_.reset();
  }

  // Runs `task` on the loop, to its end.
  void Do(const std::function<void()>& task) {
    std::promise<void> done;
    loop_->Post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  void Send(NodeId to, std::vector<Message> messages) {
    Do([&] { transport_->Send(to, messages); });
  }

  // For the loop's thread.
  Transport& transport() { return *transport_; }

  size_t MaxMessageBytes() const { return transport_->MaxMessageBytes(); }
  bool CanSendBulk(NodeId to) {
    bool can = false;
    Do([&] { can = transport_->CanSendBulk(to); });
    return can;
  }

  // What the transport has counted under a name; 0 if nothing has it.
  uint64_t Counter(const std::string& name) const {
    for (const auto& [counter, value] : transport_->Counters()) {
      if (counter == name) return value;
    }
    return 0;
  }
  // Of all counters whose names begin so.
  uint64_t CountersOf(const std::string& prefix) const {
    uint64_t sum = 0;
    for (const auto& [counter, value] : transport_->Counters()) {
      if (counter.starts_with(prefix)) sum += value;
    }
    return sum;
  }

  // Each waits until it holds, and says whether it does.
  bool AwaitMessages(size_t count) {
    return Await([&] { return received_.size() >= count; });
  }
  bool AwaitConnected(NodeId peer, size_t times = 1) {
    return Await([&] {
      return static_cast<size_t>(std::count(connected_.begin(), connected_.end(), peer)) >= times;
    });
  }
  bool AwaitLog(const std::string& part) {
    return Await([&] {
      return std::any_of(log_.begin(), log_.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
      });
    });
  }
  // For conditions that nobody announces, such as counters.
  static bool AwaitThat(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }
  bool AwaitCounter(const std::string& name, uint64_t at_least = 1) const {
    return AwaitThat([&] { return Counter(name) >= at_least; });
  }

  std::vector<Message> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  size_t batches() {
    const std::lock_guard lock(mutex_);
    return batches_;
  }
  std::string log() {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& line : log_) all += line + "\n";
    return all;
  }
  bool was_called_after_stop() const { return called_after_stop_; }

  // Called with each batch, on the loop, before it is remembered. Set before Start.
  std::function<void(Transport&, std::span<Message>)> on_messages;

  // Holds the loop for as long as it lives: nothing is received, nothing sent.
  class Pause {
   public:
    explicit Pause(TestNode& node) {
      std::promise<void> begun;
      node.loop_->Post([&begun, end = end_.get_future()]() mutable {
        begun.set_value();
        end.wait();
      });
      begun.get_future().wait();
    }
    ~Pause() { end_.set_value(); }

   private:
    std::promise<void> end_;
  };

  const StoreIdentity& self() const { return self_; }
  internal::EpollLoop& loop() { return *loop_; }

 private:
  template <class Condition>
  bool Await(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }

  void OnMessages(std::span<Message> batch) override {
    if (stopped_ || !loop_->IsLoopThread()) called_after_stop_ = true;
    if (on_messages) on_messages(*transport_, batch);
    const std::lock_guard lock(mutex_);
    ++batches_;
    for (Message& message : batch) received_.push_back(std::move(message));
    changed_.notify_all();
  }

  void OnPeerConnected(NodeId peer) override {
    if (stopped_ || !loop_->IsLoopThread()) called_after_stop_ = true;
    const std::lock_guard lock(mutex_);
    connected_.push_back(peer);
    changed_.notify_all();
  }

  const StoreIdentity self_;
  std::unique_ptr<internal::EpollLoop> loop_;
  std::unique_ptr<Transport> transport_;
  std::thread thread_;
  bool stopped_ = false;            // On the loop's thread.
  bool called_after_stop_ = false;  // On the loop's thread, then after its end.

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Message> received_;
  size_t batches_ = 0;
  std::vector<NodeId> connected_;
  std::vector<std::string> log_;
};

}  // namespace synod::testing

#endif  // SYNOD_TESTS_CONFORMANCE_TRANSPORT_TEST_NODE_H_
