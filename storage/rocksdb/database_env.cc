#include "database_env.h"

#include <algorithm>
#include <string>
#include <utility>

#include "rocksdb/file_system.h"
#include "rocksdb/system_clock.h"
#include "table_check.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::DataVerificationInfo;
using ::rocksdb::FileOptions;
using ::rocksdb::FSRandomAccessFile;
using ::rocksdb::FSWritableFile;
using ::rocksdb::IODebugContext;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;
using ::rocksdb::Slice;

// Zeros are written in pieces of this size, each of them once for many small writes.
constexpr size_t kAheadBytes = 256 * 1024;
// A write from this size on takes so long that the journal does not matter, and writing its place
// twice would.
constexpr size_t kLargeWriteBytes = 32 * 1024;

class LogFile final : public ::rocksdb::FSWritableFileOwnerWrapper {
 public:
  explicit LogFile(std::unique_ptr<FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    const uint64_t end = size_ + data.size();
    if (end > prepared_ && data.size() < kLargeWriteBytes) {
      IOStatus status = Prepare(options, context);
      // What is left may be enough for the data.
      if (!status.ok() && !status.IsNoSpace()) return status;
    }
    IOStatus status = FSWritableFileWrapper::PositionedAppend(data, size_, options, context);
    if (!status.ok()) return status;
    size_ = end;
    prepared_ = std::max(prepared_, end);
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    IOStatus status;
    if (prepared_ > size_) status = FSWritableFileWrapper::Truncate(size_, options, context);
    const IOStatus closed = FSWritableFileWrapper::Close(options, context);
    return status.ok() ? closed : status;
  }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }
  // Allocates blocks ahead, and the zeros have done so.
  void PrepareWrite(size_t, size_t, const IOOptions&, IODebugContext*) override {}

 private:
  // Behind what is there, and not in place of it.
  IOStatus Prepare(const IOOptions& options, IODebugContext* context) {
    static const std::string kZeros(kAheadBytes, '\0');
    IOStatus status = FSWritableFileWrapper::PositionedAppend(kZeros, prepared_, options, context);
    if (status.ok()) prepared_ += kZeros.size();
    return status;
  }

  uint64_t size_ = 0;      // Of what was written,
  uint64_t prepared_ = 0;  // and of the file.
};

class DatabaseFileSystem final : public ::rocksdb::FileSystemWrapper {
 public:
  explicit DatabaseFileSystem(const std::shared_ptr<::rocksdb::FileSystem>& base)
      : FileSystemWrapper(base) {}

  const char* Name() const override { return "synod::rocksdb::DatabaseFileSystem"; }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* context) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(path, options, result, context);
    if (status.ok() && path.ends_with(".log")) {
      *result = std::make_unique<LogFile>(std::move(*result));
    }
    return status;
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* result,
                               IODebugContext* context) override {
    IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, result, context);
    if (!status.ok() || !path.ends_with(".sst")) return status;
    uint64_t size = 0;
    status = GetFileSize(path, options.io_options, &size, context);
    if (status.ok()) status = CheckTable(**result, size);
    if (!status.ok()) result->reset();
    return status;
  }
};

class DatabaseEnv final : public ::rocksdb::EnvWrapper {
 public:
  explicit DatabaseEnv(::rocksdb::Env* base) : EnvWrapper(base) {
    file_system_ = std::make_shared<DatabaseFileSystem>(base->GetFileSystem());
    system_clock_ = base->GetSystemClock();
  }
  const char* Name() const override { return "synod::rocksdb::DatabaseEnv"; }
};

}  // namespace

std::unique_ptr<::rocksdb::Env> MakeDatabaseEnv(::rocksdb::Env* base) {
  return std::make_unique<DatabaseEnv>(base);
}

}  // namespace synod::rocksdb
