// The files that hold snapshot images: written aside, synced, and then either referred to by the
// store's log or deleted.
#ifndef SYNOD_STORAGE_FILES_SNAPSHOT_FILES_H_
#define SYNOD_STORAGE_FILES_SNAPSHOT_FILES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/byte_stream.h"
#include "synod/port/file_system.h"
#include "synod/port/log_store.h"

#include "storage/files/space.h"

namespace synod::storage {

// The installed snapshot and the file that holds its image. Index 0: none.
struct SnapshotRecord {
  SnapshotMeta meta;
  uint64_t file = 0;

  friend bool operator==(const SnapshotRecord&, const SnapshotRecord&) = default;
};

// From any thread. A file is named by its group and a number that is never used twice while it may
// still be found.
class SnapshotFiles {
 public:
  // `files` and `space` must outlive the object and every writer and source it hands out.
  SnapshotFiles(FileSystem& files, std::string path, Space& space);

  // Deletes what no group refers to: unfinished images, and finished ones that were never
  // installed. Returns how many those were. Called once, before anything else.
  [[nodiscard]] absl::StatusOr<uint64_t> Sweep(
      const std::function<bool(GroupId, uint64_t file)>& is_referred_to);

  [[nodiscard]] absl::StatusOr<std::unique_ptr<SnapshotWriter>> Create(GroupId group);

  // Gives up the finished image of `group` to the log, which refers to it from now on. False
  // if there is none, or not with the size and the checksum in `meta`.
  [[nodiscard]] bool TakeStaged(GroupId group, StagedSnapshot staged, const SnapshotMeta& meta);
  // Deletes it instead.
  void Discard(GroupId group, StagedSnapshot staged);
  // An installed image was replaced. Who reads it may go on.
  void Remove(GroupId group, uint64_t file);

  // The source compares the checksum at the end. kDataLoss if the file is missing or has another
  // size than the record says.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<ByteSource>> Read(
      GroupId group, const SnapshotRecord& record) const;

 private:
  friend class SnapshotFileWriter;

  struct Staged {
    GroupId group;
    uint64_t size = 0;
    uint32_t checksum = 0;
  };

  [[nodiscard]] std::string PathOf(GroupId group, uint64_t file) const;
  void Stage(uint64_t file, Staged staged);

  FileSystem& files_;
  const std::string path_;
  Space& space_;

  mutable std::mutex mutex_;
  uint64_t last_file_ = 0;
  std::map<uint64_t, Staged> staged_;  // By file number, which is the StagedSnapshot's value.
};

}  // namespace synod::storage

#endif  // SYNOD_STORAGE_FILES_SNAPSHOT_FILES_H_
