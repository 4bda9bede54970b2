#include "tests/sim/rocksdb_factory.h"

#include <map>

#include "synod/rocksdb.h"

#include "tests/sim/simulated_env.h"

namespace synod::sim {
namespace {

class RocksdbFactory final : public StoreFactory {
 public:
  Order DiskOrder() const override { return Order::kJournal; }

  absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string& path, Disk& disk,
                                                 Executor& executor,
                                                 const Options& options) override {
    std::unique_ptr<::rocksdb::Env>& env = envs_[&disk];
    env = NewSimulatedEnv(disk, executor, path + "/db");
    return rocksdb::Open(path, {.reserve_bytes = options.disk.reserve_bytes,
                                .write_buffer_bytes = options.segment_bytes,
                                .logger = {},
                                .env = env.get(),
                                .executor = &executor});
  }

 private:
  std::map<const Disk*, std::unique_ptr<::rocksdb::Env>> envs_;  // Of the store last opened there.
};

}  // namespace

std::unique_ptr<StoreFactory> NewRocksdbFactory() { return std::make_unique<RocksdbFactory>(); }

}  // namespace synod::sim
