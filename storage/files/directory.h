// A store's directory: whose it is, who holds it, and whether it was made to the end.
#ifndef SYNOD_STORAGE_FILES_DIRECTORY_H_
#define SYNOD_STORAGE_FILES_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

namespace synod::storage {

// What the file FORMAT says: "<name>, format <version>\n".
struct Format {
  std::string_view name;
  uint32_t oldest = 1;   // Of the versions that are known,
  uint32_t version = 0;  // and the newest, in which new stores are made.
};

// Holds the directory's lock for as long as it lives. The file system must outlive it.
//
// It is made in steps, and whoever makes it may be killed or lose power at any of them: LOCK and
// FORMAT, then what the store keeps in it, and at last, by Complete, the directory for snapshots.
// Each is durable before the next is begun.
class Directory {
 public:
  // Opens the directory, or creates it if it is empty or missing and `may_create`. Durable at
  // return, with FORMAT.
  //
  // kFailedPrecondition if it is held, holds something else, or is of a version that is not known;
  // kNotFound if its parent is missing, or if it may not be created and was never complete.
  // Whatever is refused is left as it was.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Directory>> Open(FileSystem& files,
                                                                       std::string path,
                                                                       Format format,
                                                                       bool may_create);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string SnapshotsPath() const;

  // Whether what the store keeps here was ever durable: there is nothing to find otherwise, and
  // what is not found then was lost.
  [[nodiscard]] bool IsComplete() const { return is_complete_; }
  // It is durable now: makes the directory for snapshots, which says so. To be called at each
  // start, because whoever made it may have been killed before its name was durable.
  [[nodiscard]] absl::Status Complete();

 private:
  Directory(FileSystem& files, std::string path, Format format)
      : files_(files), path_(std::move(path)), format_(format) {}

  // Sets has_format_ and is_complete_; fails for a directory that is not this store's.
  absl::Status CheckContents(bool may_create);
  absl::Status CheckFormat();
  absl::Status Create();
  // Makes the directory durable, and a store's.
  absl::Status Found();
  absl::Status WriteFormat();

  FileSystem& files_;
  const std::string path_;
  const Format format_;
  bool has_format_ = false;
  bool is_complete_ = false;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace synod::storage

#endif  // SYNOD_STORAGE_FILES_DIRECTORY_H_
