// A log store that tells the judge what its disk must hold.
#ifndef SYNOD_SRC_SIM_SHADOW_STORE_H_
#define SYNOD_SRC_SIM_SHADOW_STORE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "synod/port/executor.h"
#include "synod/port/log_store.h"

#include "src/sim/judge.h"
#include "src/sim/life.h"

namespace synod::sim {

class ShadowStore final : public LogStore {
 public:
  // `disk`: what the store works on. Calls `on_durable` after each write that it says is.
  ShadowStore(Life& life, Judge& judge, Executor& disk, std::unique_ptr<LogStore> store,
              std::function<void()> on_durable)
      : life_(life),
        judge_(judge),
        disk_(disk),
        on_durable_(std::move(on_durable)),
        store_(std::move(store)) {}

  absl::Status Bootstrap(const StoreIdentity& identity, GroupId group,
                         const Configuration& initial) override {
    return store_->Bootstrap(identity, group, initial);
  }
  absl::StatusOr<StoreIdentity> Identity() const override { return store_->Identity(); }
  absl::StatusOr<std::vector<GroupId>> Groups() const override { return store_->Groups(); }
  absl::StatusOr<DurableState> Load(GroupId group) override {
    auto state = store_->Load(group);
    if (state.ok()) judge_.OnLoad(NodeId(life_.node()), *state);
    return state;
  }
  void Write(std::vector<GroupWrite> batch, Done done) override {
    // One group to a host: the batch is that group's write.
    judge_.OnWrite(NodeId(life_.node()), batch.front().persist);
    store_->Write(std::move(batch), [this, done = std::move(done)](absl::Status status) mutable {
      if (status.ok() && life_.IsAlive()) {
        judge_.OnDurable(NodeId(life_.node()));
        on_durable_();
      }
      // That it is done is known some time after it is so: what is written meanwhile is not. What
      // has shared a sync becomes known at once.
      reports_.emplace_back([status = std::move(status), done = std::move(done)]() mutable {
        done(std::move(status));
      });
      if (reports_.size() == 1) disk_.Post([this] { Report(); });
    });
  }
  bool HasSpace() const override { return store_->HasSpace(); }
  absl::StatusOr<std::unique_ptr<SnapshotWriter>> NewSnapshot(GroupId group) override {
    return store_->NewSnapshot(group);
  }
  void DiscardStaged(GroupId group, StagedSnapshot staged) override {
    judge_.OnDiscarded();
    store_->DiscardStaged(group, staged);
  }
  absl::StatusOr<OpenedSnapshot> OpenSnapshot(GroupId group) override {
    return store_->OpenSnapshot(group);
  }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return store_->Counters();
  }

 private:
  void Report() {
    for (Executor::Task& report : std::exchange(reports_, {})) {
      life_.world().CountEvent();
      report();
    }
  }

  Life& life_;
  Judge& judge_;
  Executor& disk_;
  const std::function<void()> on_durable_;
  std::vector<Executor::Task> reports_;  // Outlives the store, whose writes are reported here.
  const std::unique_ptr<LogStore> store_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_SHADOW_STORE_H_
