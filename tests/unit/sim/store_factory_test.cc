// Simulated nodes keep their logs in the stores that the user brings.
#include <memory>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "synod/memory.h"
#include "synod/sim/simulation.h"

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
  EXPECT_EQ(stores.disks(), 3u);
  EXPECT_EQ(stores.opened(), 3 + report.counts.starts);
}

TEST(StoreFactory, Run_NoStoresGiven_AreThoseOfTheWal) {
  const Report report = sim::Run(WithCrashes(), *NewRegisterWorkload(3));
  EXPECT_EQ(sim::Run(WithCrashes(), *NewRegisterWorkload(3), *NewWalFactory()).hash, report.hash);
}

TEST(StoreFactory, Run_StoreThatForgets_BreaksARule) {
  MemoryFactory stores;
  EXPECT_EQ(sim::Run(WithCrashes(), *NewRegisterWorkload(3), stores).violation.rule, "recovery");
}

}  // namespace
}  // namespace synod::sim
