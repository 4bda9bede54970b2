// The store's directory: whose it is, who holds it, and what is in it.
#ifndef SYNOD_STORAGE_ROCKSDB_DIRECTORY_H_
#define SYNOD_STORAGE_ROCKSDB_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// Holds the directory's lock for as long as it lives. The file system must outlive it.
class Directory {
 public:
  // Errors as synod::rocksdb::Open; whatever it refuses it leaves as it was.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Directory>> Open(::rocksdb::FileSystem& files,
                                                                       std::string path);

  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string DatabasePath() const { return path_ + "/db"; }
  [[nodiscard]] std::string SnapshotsPath() const { return path_ + "/snapshots"; }

 private:
  Directory(::rocksdb::FileSystem& files, std::string path)
      : files_(files), path_(std::move(path)) {}

  absl::Status CreateIfMissing();
  // Sets has_format_; fails for a directory that is not this store's.
  absl::Status CheckContents();
  absl::Status CheckFormat();
  absl::Status Lock();
  absl::Status WriteFormat();
  absl::Status CreateParts();

  ::rocksdb::FileSystem& files_;
  const std::string path_;
  bool has_format_ = false;
  ::rocksdb::FileLock* lock_ = nullptr;
};

// Makes the entries of the directory durable: what was created in it, renamed in it or deleted from
// it.
[[nodiscard]] absl::Status SyncDirectory(::rocksdb::FileSystem& files, const std::string& path);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_DIRECTORY_H_
