// How much room the file system has left, asked for seldom enough to be cheap.
#ifndef SYNOD_STORAGE_ROCKSDB_SPACE_H_
#define SYNOD_STORAGE_ROCKSDB_SPACE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// From any thread. Only Refresh asks the file system, and so only Refresh may block. A file system
// that cannot tell counts as having room: running out of it is an error of the write then.
class Space {
 public:
  // How long an answer of the file system holds, unless much is written.
  static constexpr std::chrono::milliseconds kRefreshInterval{200};

  // `files` must outlive the object.
  Space(::rocksdb::FileSystem& files, std::string path, uint64_t reserve_bytes);

  // Asks the file system how much is free, if that is due.
  void Refresh();

  // False below the reserve, as of the last Refresh.
  [[nodiscard]] bool HasRoom() const { return free_bytes() >= reserve_; }

  // Room for a snapshot: half the reserve may go into one, since it lets the log be compacted.
  [[nodiscard]] bool HasRoomForSnapshot() const { return free_bytes() >= reserve_ / 2; }

  // So much was written.
  void Consumed(uint64_t bytes) {
    const int64_t taken = static_cast<int64_t>(bytes);
    until_refresh_.fetch_sub(taken, std::memory_order_relaxed);
  }

  [[nodiscard]] uint64_t free_bytes() const { return free_.load(std::memory_order_relaxed); }

 private:
  ::rocksdb::FileSystem& files_;
  const std::string path_;
  const uint64_t reserve_;
  std::atomic<uint64_t> free_{0};
  std::atomic<int64_t> until_refresh_{0};  // Bytes that may be written before asking again.
  std::atomic<std::chrono::steady_clock::rep> refresh_at_{0};
};

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_SPACE_H_
