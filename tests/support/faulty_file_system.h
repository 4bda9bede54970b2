// A disk for RocksDB that can lose power, lie and fail: files live in memory, and what was not
// synced is known.
#ifndef SYNOD_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
#define SYNOD_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "synod/base/rng.h"

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace synod::test {

// What becomes of a change that was not synced when the power went.
enum class Unsynced {
  kDropped,  // Gone: the worst that a disk may do.
  kTorn,     // Of each file some prefix arrived, of each directory all changes or none.
  kKept,     // All there, as after a killed process.
};

// Models what POSIX promises and no more: bytes are durable once their file is synced, and that a
// file exists under a name (or no longer does) once the directory is. Files only grow.
//
// Every change is one operation, counted from 1. Thread-safe. Everything that has files open must
// be destroyed before Restart.
class FaultyFileSystem final : public ::rocksdb::FileSystem {
 public:
  FaultyFileSystem();

  // --- Power.

  // Operation number `operation` and all that follow fail. What it would have written may have
  // reached the disk: it counts as written and not synced.
  void CutPowerAt(uint64_t operation);
  [[nodiscard]] bool PowerIsOff() const;
  [[nodiscard]] uint64_t operations() const;
  // Off, if it is not, and on again. Draws from `seed` what is torn where.
  void Restart(Unsynced unsynced, uint64_t seed);

  // --- A disk that fails or lies.

  // The `count`-th sync of a file from now on fails, and as on Linux its unsynced bytes count as
  // clean: later syncs of the file succeed, and do not make them durable.
  void FailSync(uint64_t count);
  // Syncs, of directories too, report success and do nothing.
  void SetSyncsLie(bool lie);
  // How many bytes may be in files before appending fails for want of space.
  void SetCapacity(uint64_t bytes);

  // --- Damage, done to what is durable.

  // Names of the regular files below `directory`, in order.
  [[nodiscard]] std::vector<std::string> FilesBelow(const std::string& directory) const;
  [[nodiscard]] uint64_t SizeOf(const std::string& path) const;
  // Flips the lowest bit of the byte.
  void FlipBit(const std::string& path, uint64_t offset);
  void CutTo(const std::string& path, uint64_t size);

  // --- rocksdb::FileSystem.

  using IOOptions = ::rocksdb::IOOptions;
  using IOStatus = ::rocksdb::IOStatus;
  using FileOptions = ::rocksdb::FileOptions;
  using Context = ::rocksdb::IODebugContext;

  const char* Name() const override { return "FaultyFileSystem"; }
  IOStatus NewSequentialFile(const std::string& path, const FileOptions& options,
                             std::unique_ptr<::rocksdb::FSSequentialFile>* result,
                             Context* context) override;
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<::rocksdb::FSRandomAccessFile>* result,
                               Context* context) override;
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<::rocksdb::FSWritableFile>* result,
                           Context* context) override;
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<::rocksdb::FSDirectory>* result, Context* context) override;
  IOStatus FileExists(const std::string& path, const IOOptions& options, Context* context) override;
  IOStatus GetChildren(const std::string& path, const IOOptions& options,
                       std::vector<std::string>* result, Context* context) override;
  IOStatus DeleteFile(const std::string& path, const IOOptions& options, Context* context) override;
  IOStatus CreateDir(const std::string& path, const IOOptions& options, Context* context) override;
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options,
                              Context* context) override;
  IOStatus DeleteDir(const std::string& path, const IOOptions& options, Context* context) override;
  IOStatus GetFileSize(const std::string& path, const IOOptions& options, uint64_t* size,
                       Context* context) override;
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions& options,
                                   uint64_t* time, Context* context) override;
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      Context* context) override;
  IOStatus LockFile(const std::string& path, const IOOptions& options, ::rocksdb::FileLock** lock,
                    Context* context) override;
  IOStatus UnlockFile(::rocksdb::FileLock* lock, const IOOptions& options,
                      Context* context) override;
  IOStatus GetTestDirectory(const IOOptions& options, std::string* path, Context* context) override;
  IOStatus NewLogger(const std::string& path, const IOOptions& options,
                     std::shared_ptr<::rocksdb::Logger>* result, Context* context) override;
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions& options, std::string* result,
                           Context* context) override;
  IOStatus IsDirectory(const std::string& path, const IOOptions& options, bool* is_directory,
                       Context* context) override;
  IOStatus GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* free,
                        Context* context) override;

 private:
  class ReadableFile;
  class WritableFile;
  class Handle;

  struct Node {
    bool is_directory = false;
    std::string bytes;
    size_t synced = 0;          // Bytes that survive; a prefix, since files only grow.
    bool lost_a_write = false;  // A sync has failed: nothing beyond `synced` will ever be durable.
  };
  // Shared by the two trees and the open handles: a file that is deleted lives on in each of them.
  using Tree = std::map<std::string, std::shared_ptr<Node>>;

  // Counts an operation; an error if the power is off, or goes off with it.
  IOStatus Operate();
  [[nodiscard]] std::shared_ptr<Node> Find(const std::string& path) const;
  IOStatus Create(const std::string& path, bool is_directory, std::shared_ptr<Node>* node);
  IOStatus Append(Node& node, const ::rocksdb::Slice& bytes);
  IOStatus Sync(Node& node);
  IOStatus SyncEntries(const std::string& directory);
  // Makes the durable entries of `directory` those that it has now.
  void CopyEntries(const std::string& directory);

  mutable std::mutex mutex_;
  Tree now_;      // What processes see. By absolute path.
  Tree durable_;  // What is there after the power was cut.
  std::set<std::string> locked_;
  uint64_t operations_ = 0;
  uint64_t cut_at_ = std::numeric_limits<uint64_t>::max();
  uint64_t syncs_until_failure_ = 0;  // 0: none fails.
  bool syncs_lie_ = false;
  uint64_t capacity_ = std::numeric_limits<uint64_t>::max();
  uint64_t used_ = 0;
};

// The file system with the machine's threads, and a clock on which nobody sleeps.
[[nodiscard]] std::unique_ptr<::rocksdb::Env> MakeEnv(std::shared_ptr<FaultyFileSystem> files);

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
