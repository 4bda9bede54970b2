#include "space.h"

#include <limits>
#include <utility>

namespace synod::rocksdb {

using Clock = std::chrono::steady_clock;

Space::Space(::rocksdb::FileSystem& files, std::string path, uint64_t reserve_bytes)
    : files_(files), path_(std::move(path)), reserve_(reserve_bytes) {
  Refresh();
}

void Space::Refresh() {
  const Clock::rep now = Clock::now().time_since_epoch().count();
  Clock::rep due = refresh_at_.load(std::memory_order_relaxed);
  if (now < due && until_refresh_.load(std::memory_order_relaxed) > 0) return;
  const Clock::rep next = now + Clock::duration(kRefreshInterval).count();
  // Whoever moves the instant asks; the others go by the last answer.
  if (!refresh_at_.compare_exchange_strong(due, next, std::memory_order_relaxed)) return;

  uint64_t free = 0;
  const ::rocksdb::IOStatus status =
      files_.GetFreeSpace(path_, ::rocksdb::IOOptions(), &free, nullptr);
  if (!status.ok()) free = std::numeric_limits<uint64_t>::max();
  free_.store(free, std::memory_order_relaxed);
  // Asks again when an eighth of the reserve may have gone, however soon that is.
  until_refresh_.store(static_cast<int64_t>(reserve_ / 8 + 1), std::memory_order_relaxed);
}

}  // namespace synod::rocksdb
