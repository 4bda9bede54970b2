// What a replica's parts need of a host, with time and turns in a test's hands.
#ifndef SYNOD_TESTS_UNIT_NODE_FAKE_HOST_H_
#define SYNOD_TESTS_UNIT_NODE_FAKE_HOST_H_

#include <algorithm>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/crc32c.h"
#include "synod/base/rng.h"
#include "synod/memory.h"

#include "gtest/gtest.h"
#include "src/host_services.h"

namespace synod::test {

class FakeLoop final : public EventLoop {
 public:
  Instant Now() const override { return now_; }
  absl::Status Watch(int, uint8_t, absl::AnyInvocable<void(uint8_t)>) override {
    return absl::UnimplementedError("no descriptors here");
  }
  void Rewatch(int, uint8_t) override {}
  void Unwatch(int) override {}
  TimerId RunAt(Instant when, absl::AnyInvocable<void()> task) override {
    timers_.emplace(when, std::move(task));
    return TimerId{++last_timer_};
  }
  void Cancel(TimerId) override {}
  void Defer(absl::AnyInvocable<void()> task) override { Post(std::move(task)); }
  void Post(absl::AnyInvocable<void()> task) override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  bool IsLoopThread() const override { return true; }

  // False if nothing was posted.
  bool RunPosted() {
    std::vector<absl::AnyInvocable<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(posted_);
    }
    for (auto& task : tasks) task();
    return !tasks.empty();
  }

  void Advance(Duration by) {
    const Instant end = now_ + by;
    while (!timers_.empty() && timers_.begin()->first <= end) {
      now_ = std::max(now_, timers_.begin()->first);
      absl::AnyInvocable<void()> task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
    now_ = end;
  }

 private:
  Instant now_ = Instant(std::chrono::hours(1));
  std::multimap<Instant, absl::AnyInvocable<void()>> timers_;
  uint64_t last_timer_ = 0;
  std::mutex mutex_;
  std::vector<absl::AnyInvocable<void()>> posted_;  // Under mutex_.
};

class FakeHost final : public internal::HostServices {
 public:
  explicit FakeHost(NodeId node, std::unique_ptr<LogStore> store = memory::Create())
      : store_(std::move(store)),
        identity_{.cluster = 7, .node = node, .incarnation = Incarnation(node.value())} {
    EXPECT_TRUE(store_->Bootstrap(identity_, 1, Configuration::Of({1, 2, 3})).ok());
  }
  // Tasks of the executors use what is below.
  ~FakeHost() override {
    writer_->Stop();
    mover_->Stop();
  }

  FakeLoop& loop() override { return loop_; }
  Instant Clock() const override { return loop_.Now(); }
  LogStore& store() override { return *store_; }
  Executor& snapshot_writer() override { return *writer_; }
  Executor& snapshot_mover() override { return *mover_; }
  std::unique_ptr<Executor> NewExecutor() override { return NewThreadExecutor().value(); }
  uint64_t DrawSeed() override {
    static Rng seeds(1);
    return seeds.Next();
  }
  void Log(Severity, std::string_view line) override { logged.emplace_back(line); }
  const StoreIdentity& identity() const override { return identity_; }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override { return {}; }
  void Send(Message message) override { sent.push_back(std::move(message)); }
  absl::Status CheckAddress(const std::string& address) const override {
    return address == "nowhere" ? absl::InvalidArgumentError("no address") : absl::OkStatus();
  }
  absl::Status SetPeer(GroupId, NodeId peer, const std::string& address) override {
    addresses[peer] = address;
    return absl::OkStatus();
  }
  absl::Status CheckAcceptorAddress(const std::string& address) const override {
    return address == "nowhere" ? absl::InvalidArgumentError("no acceptor") : absl::OkStatus();
  }
  absl::Status SetAcceptor(GroupId, const MemberRecord& acceptor) override {
    acceptors[acceptor.node] = acceptor.incarnation;
    return absl::OkStatus();
  }
  void ForgetPeer(GroupId, NodeId peer) override {
    addresses.erase(peer);
    acceptors.erase(peer);
  }
  bool CanSendBulk(NodeId) const override { return can_send_bulk; }
  void MarkDirty(internal::ReplicaImpl&) override {}
  void MarkToApply(internal::ReplicaImpl&) override {}

  // Until neither the loop nor the executors have anything to do.
  void Settle() {
    do {
      for (Executor* executor : {writer_.get(), mover_.get()}) {
        std::promise<void> idle;
        executor->Post([&] { idle.set_value(); });
        idle.get_future().get();
      }
    } while (loop_.RunPosted());
  }

  // Makes `image` the group's snapshot at `index`.
  SnapshotMeta Install(Index index, const std::string& image) {
    SnapshotMeta meta{.index = index,
                      .term = Term(1),
                      .configuration = Configuration::Of({1, 2, 3}),
                      .size = image.size(),
                      .checksum = Crc32c(0, image)};
    auto writer = store_->NewSnapshot(1);
    EXPECT_TRUE(writer.ok() && (*writer)->Append(image).ok());
    const auto staged = (*writer)->Finish();
    EXPECT_TRUE(staged.ok());
    Persist persist;
    persist.token = PersistToken(++last_token_);
    persist.snapshot = InstallStaged{.staged = *staged, .meta = meta, .resets_log = true};
    std::vector<GroupWrite> batch;
    batch.push_back({.group = 1, .persist = std::move(persist)});
    store_->Write(std::move(batch), [](const absl::Status& status) { EXPECT_TRUE(status.ok()); });
    return meta;
  }

  std::vector<Message> sent;
  std::vector<std::string> logged;
  std::map<NodeId, std::string> addresses;
  std::map<NodeId, Incarnation> acceptors;
  bool can_send_bulk = true;

 private:
  const std::unique_ptr<LogStore> store_;
  const StoreIdentity identity_;
  FakeLoop loop_;
  uint64_t last_token_ = 0;
  const std::unique_ptr<Executor> writer_ = NewThreadExecutor().value();
  const std::unique_ptr<Executor> mover_ = NewThreadExecutor().value();
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_NODE_FAKE_HOST_H_
