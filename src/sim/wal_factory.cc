// The store that simulated nodes have unless the user brings another: storage/wal.
#include <memory>

#include "synod/sim/store_factory.h"
#include "synod/wal.h"

namespace synod::sim {
namespace {

class WalFactory final : public StoreFactory {
 public:
  absl::StatusOr<std::unique_ptr<LogStore>> Open(const std::string& path, Disk& disk,
                                                 Executor& executor,
                                                 const Options& options) override {
    return wal::Open(path, {.segment_bytes = options.segment_bytes,
                            .reserve_bytes = options.disk.reserve_bytes,
                            .files = &disk,
                            .executor = &executor});
  }
};

}  // namespace

std::unique_ptr<StoreFactory> NewWalFactory() { return std::make_unique<WalFactory>(); }

}  // namespace synod::sim
