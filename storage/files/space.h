// How much room the file system has left, as of the last time that it was asked.
#ifndef SYNOD_STORAGE_FILES_SPACE_H_
#define SYNOD_STORAGE_FILES_SPACE_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "synod/port/file_system.h"

namespace synod::storage {

// From any thread. Only Refresh asks the file system, and so only Refresh may block. A file system
// that cannot tell counts as having room: running out of it is an error of the write then.
class Space {
 public:
  // `files` must outlive the object.
  Space(FileSystem& files, std::string path, uint64_t reserve_bytes);

  void Refresh();

  // False below the reserve.
  [[nodiscard]] bool HasRoom() const { return free_bytes() >= reserve_; }
  // Half the reserve may go into a snapshot, since it lets the log be compacted.
  [[nodiscard]] bool HasRoomForSnapshot() const { return free_bytes() >= reserve_ / 2; }
  [[nodiscard]] uint64_t free_bytes() const { return free_.load(std::memory_order_relaxed); }

 private:
  FileSystem& files_;
  const std::string path_;
  const uint64_t reserve_;
  std::atomic<uint64_t> free_{0};
};

}  // namespace synod::storage

#endif  // SYNOD_STORAGE_FILES_SPACE_H_
