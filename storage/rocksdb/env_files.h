// The files of RocksDB's Env, for what the store keeps beside the database.
#ifndef SYNOD_STORAGE_ROCKSDB_ENV_FILES_H_
#define SYNOD_STORAGE_ROCKSDB_ENV_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

#include "rocksdb/file_system.h"

namespace synod::rocksdb {

// So that the Env alone decides where everything is. Whether a name is taken is asked before it is
// used, and not in one step with that: it is for a directory that nobody else works in.
class EnvFiles final : public FileSystem {
 public:
  // `files` must outlive it.
  explicit EnvFiles(::rocksdb::FileSystem& files) : files_(files) {}

  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override;
  absl::Status Truncate(const std::string& path, uint64_t size) override;
  absl::Status Rewrite(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  // RocksDB does not say why it cannot lock: all its errors are kFailedPrecondition.
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override;

 private:
  absl::Status CheckFree(const std::string& path);

  ::rocksdb::FileSystem& files_;
};

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_ENV_FILES_H_
