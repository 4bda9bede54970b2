// Simulated nodes keep their logs in the stores that the user brings.
#include <map>
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "synod/memory.h"
#include "synod/sim/simulation.h"

#include "src/sim/faulty_disk.h"
#include "tests/unit/node/lasting_store.h"

namespace synod::sim {
namespace {

using std::chrono::seconds;

// Every start finds what the store keeps without a disk: nothing.
class MemoryFactory final : public StoreFactory {
 public:
  absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string&, Disk&, Executor&,
                                                 const Options&) override {
    return memory::Create();
  }
};

// Says of every write that it is durable, and leaves it where a power cut loses it.
class LyingFactory final : public StoreFactory {
 public:
  absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string& path, Disk& disk,
                                                 Executor& executor,
                                                 const Options& options) override {
    auto store = stores_->Open(path, disk, executor, options);
    static_cast<FaultyDisk&>(disk).SetSyncsLie(/*files=*/true, /*directories=*/true);
    return store;
  }

 private:
  const std::unique_ptr<StoreFactory> stores_ = NewWalFactory();
};

// The first node that starts cannot write, though nothing is wrong with its disk.
class FailingFactory final : public StoreFactory {
 public:
  absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string&, Disk& disk, Executor&,
                                                 const Options& options) override {
    std::unique_ptr<test::Disk>& its = disks_[&disk];
    if (its == nullptr) its = std::make_unique<test::Disk>();
    if (++opened_ == options.nodes + 1) its->fail_writes = true;
    return std::make_unique<test::LastingStore>(*its);
  }

 private:
  std::map<const Disk*, std::unique_ptr<test::Disk>> disks_;
  uint64_t opened_ = 0;
};

// Counts what it opens.
class CountingFactory final : public StoreFactory {
 public:
  Order DiskOrder() const override { return Order::kJournal; }
  absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string& path, Disk& disk,
                                                 Executor& executor,
                                                 const Options& options) override {
    ++opened_;
    disks_.insert(&disk);
    return stores_->Open(path, disk, executor, options);
  }
  [[nodiscard]] uint64_t opened() const { return opened_; }
  [[nodiscard]] size_t disks() const { return disks_.size(); }

 private:
  const std::unique_ptr<StoreFactory> stores_ = NewWalFactory();
  uint64_t opened_ = 0;
  std::set<const Disk*> disks_;
};

Scenario WithCrashes() {
  Options options{.seed = 3, .storm = seconds(5)};
  options.faults.crash = seconds(1);
  return Expand(options);
}

TEST(StoreFactory, Run_EveryBootstrapAndStart_OpensAStore) {
  CountingFactory stores;
  const Report report = sim::Run(WithCrashes(), *NewRegisterWorkload(3), stores);
  EXPECT_TRUE(report.ok) << report.violation.what;
  EXPECT_GT(report.counts.crashes, 0u);
  EXPECT_GE(stores.disks(), 3u);
  EXPECT_EQ(stores.opened(), 3 + report.counts.starts + report.counts.examined_disks);
}

TEST(StoreFactory, Run_NoStoresGiven_AreThoseOfTheWal) {
  const Report report = sim::Run(WithCrashes(), *NewRegisterWorkload(3));
  EXPECT_EQ(sim::Run(WithCrashes(), *NewRegisterWorkload(3), *NewWalFactory()).hash, report.hash);
}

// Nothing else goes wrong, so that only a look at the disk can tell.
TEST(StoreFactory, Run_SyncsDoNothing_BreaksTheRuleThatDurableIsOnTheDisk) {
  LyingFactory stores;
  Options options{.seed = 3, .storm = seconds(60)};
  options.think_time = std::chrono::milliseconds(10);
  const Report report = sim::Run(Expand(options), *NewRegisterWorkload(3), stores);
  EXPECT_EQ(report.violation.rule, "durable is on the disk (I5)");
}

TEST(StoreFactory, Run_StoreFailsOnAWholeDisk_BreaksTheRuleThatNobodyGivesUp) {
  FailingFactory stores;
  const Report report = sim::Run(Expand({.seed = 3}), *NewRegisterWorkload(3), stores);
  EXPECT_EQ(report.violation.rule, "nobody gives up");
}

TEST(StoreFactory, Run_StoreThatForgets_BreaksARule) {
  MemoryFactory stores;
  EXPECT_EQ(sim::Run(WithCrashes(), *NewRegisterWorkload(3), stores).violation.rule, "recovery");
}

}  // namespace
}  // namespace synod::sim
