// How much room the file system has left, asked for seldom enough to be cheap.
#ifndef SYNOD_STORAGE_ROCKSDB_SPACE_H_
#define SYNOD_STORAGE_ROCKSDB_SPACE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// From any thread. A file system that cannot tell counts as having room: running out of it is an
// error of the write then.
class Space {
 public:
  // `files` must outlive the object.
  Space(::rocksdb::FileSystem& files, std::string path, uint64_t reserve_bytes);

  // False below the reserve. Follows what happens to the file system within kRefreshInterval, and
  // what this store writes more closely.
  [[nodiscard]] bool HasRoom() const;

  // Room for a snapshot: half the reserve may go into one, since it lets the log be compacted.
  [[nodiscard]] bool HasRoomForSnapshot() const;

  // So much was written.
  void Consumed(uint64_t bytes) {
    const int64_t taken = static_cast<int64_t>(bytes);
    until_refresh_.fetch_sub(taken, std::memory_order_relaxed);
  }

  [[nodiscard]] uint64_t free_bytes() const { return free_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::chrono::milliseconds kRefreshInterval{200};
  void RefreshIfDue() const;

  ::rocksdb::FileSystem& files_;
  const std::string path_;
  const uint64_t reserve_;
  mutable std::atomic<uint64_t> free_{0};
  mutable std::atomic<int64_t> until_refresh_{0};  // Bytes that may be written before asking again.
  mutable std::atomic<std::chrono::steady_clock::rep> refresh_at_{0};
};

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_SPACE_H_
