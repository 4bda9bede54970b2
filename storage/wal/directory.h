// The store's directory: whose it is, who holds it, and what is in it.
#ifndef SYNOD_STORAGE_WAL_DIRECTORY_H_
#define SYNOD_STORAGE_WAL_DIRECTORY_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/wal/file_system.h"

namespace synod::wal {

// Holds the directory's lock for as long as it lives. The file system must outlive it.
class Directory {
 public:
  // Errors as synod::wal::Open; whatever it refuses it leaves as it was.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Directory>> Open(FileSystem& files,
                                                                       std::string path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string SnapshotsPath() const;

  // Whether a first segment was ever durable: there is nothing to find otherwise, and something
  // must be missing if none is found then.
  [[nodiscard]] bool IsComplete() const { return is_complete_; }
  // The first segment is durable now. Makes the directory for snapshots, which says so.
  [[nodiscard]] absl::Status Complete();

 private:
  Directory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Sets has_format_ and is_complete_; fails for a directory that is not this store's.
  absl::Status CheckContents(bool may_create);
  absl::Status CheckFormat();
  absl::Status Create();
  // Makes the directory durable, and a store's.
  absl::Status Found();
  absl::Status WriteFormat();

  FileSystem& files_;
  const std::string path_;
  bool has_format_ = false;
  bool is_complete_ = false;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_DIRECTORY_H_
