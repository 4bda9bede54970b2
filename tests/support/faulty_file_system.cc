#include "tests/support/faulty_file_system.h"

#include <string>
#include <utility>
#include <vector>

#include "rocksdb/system_clock.h"

namespace synod::test {
namespace {

using ::rocksdb::FileOptions;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;
using ::rocksdb::Slice;
using Context = ::rocksdb::IODebugContext;

IOStatus ToIOStatus(const absl::Status& status) {
  const std::string message(status.message());
  if (status.ok()) return IOStatus::OK();
  if (absl::IsNotFound(status)) return IOStatus::PathNotFound(message);
  if (absl::IsResourceExhausted(status)) return IOStatus::NoSpace(message);
  return IOStatus::IOError(message);
}

std::string Normalize(const std::string& path) {
  std::string result;
  for (const char c : path) {
    if (c != '/' || !result.ends_with('/')) result.push_back(c);
  }
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

class HeldLock final : public ::rocksdb::FileLock {
 public:
  explicit HeldLock(std::unique_ptr<synod::FileLock> lock) : lock_(std::move(lock)) {}

 private:
  const std::unique_ptr<synod::FileLock> lock_;
};

class SilentLogger final : public ::rocksdb::Logger {
 public:
  using ::rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// RocksDB waits for a second after each background error, in case the disk comes to its senses.
class RestlessClock final : public ::rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "RestlessClock"; }
  void SleepForMicroseconds(int) override {}
};

class FaultyEnv final : public ::rocksdb::EnvWrapper {
 public:
  explicit FaultyEnv(std::shared_ptr<::rocksdb::FileSystem> files)
      : EnvWrapper(::rocksdb::NewCompositeEnv(files)) {
    file_system_ = std::move(files);
    system_clock_ = std::make_shared<RestlessClock>(::rocksdb::SystemClock::Default());
  }
  const char* Name() const override { return "FaultyEnv"; }
};

class ReadableFile final : public ::rocksdb::FSSequentialFile,
                           public ::rocksdb::FSRandomAccessFile {
 public:
  explicit ReadableFile(std::unique_ptr<File> file) : file_(std::move(file)) {}

  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                Context* context) override {
    const IOStatus status = Read(position_, n, options, result, scratch, context);
    if (status.ok()) position_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t n) override {
    position_ += n;
    return IOStatus::OK();
  }
  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                Context*) const override {
    const auto count = file_->ReadAt(offset, {scratch, n});
    if (count.ok()) *result = Slice(scratch, *count);
    return ToIOStatus(count.status());
  }
  IOStatus InvalidateCache(size_t, size_t) override { return IOStatus::OK(); }
  bool use_direct_io() const override { return false; }
  size_t GetRequiredBufferAlignment() const override { return 1; }
  ::rocksdb::Temperature GetTemperature() const override {
    return ::rocksdb::Temperature::kUnknown;
  }

 private:
  const std::unique_ptr<File> file_;
  uint64_t position_ = 0;
};

class WritableFile final : public ::rocksdb::FSWritableFile {
 public:
  WritableFile(std::unique_ptr<sim::DiskFile> file, uint64_t position)
      : file_(std::move(file)), position_(position) {}

  using FSWritableFile::Append;
  using FSWritableFile::PositionedAppend;
  IOStatus Append(const Slice& bytes, const IOOptions&, Context*) override {
    const IOStatus status = ToIOStatus(file_->WriteAt(position_, bytes.ToStringView()));
    if (status.ok()) position_ += bytes.size();
    return status;
  }
  IOStatus PositionedAppend(const Slice& bytes, uint64_t offset, const IOOptions&,
                            Context*) override {
    return ToIOStatus(file_->WriteAt(offset, bytes.ToStringView()));
  }
  IOStatus PositionedAppend(const Slice& bytes, uint64_t offset, const IOOptions& options,
                            const ::rocksdb::DataVerificationInfo&, Context* context) override {
    return PositionedAppend(bytes, offset, options, context);
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, Context*) override {
    return ToIOStatus(file_->Resize(size));
  }
  IOStatus Close(const IOOptions&, Context*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, Context*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, Context*) override { return ToIOStatus(file_->Sync()); }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, Context*) override { return file_->Size().value(); }

 private:
  const std::unique_ptr<sim::DiskFile> file_;
  uint64_t position_;
};

class ChangeableFile final : public ::rocksdb::FSRandomRWFile {
 public:
  explicit ChangeableFile(std::unique_ptr<sim::DiskFile> file) : file_(std::move(file)) {}

  IOStatus Write(uint64_t offset, const Slice& bytes, const IOOptions&, Context*) override {
    return ToIOStatus(file_->WriteAt(offset, bytes.ToStringView()));
  }
  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                Context*) const override {
    const auto count = file_->ReadAt(offset, {scratch, n});
    if (count.ok()) *result = Slice(scratch, *count);
    return ToIOStatus(count.status());
  }
  IOStatus Flush(const IOOptions&, Context*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, Context*) override { return ToIOStatus(file_->Sync()); }
  IOStatus Close(const IOOptions&, Context*) override { return IOStatus::OK(); }

 private:
  const std::unique_ptr<sim::DiskFile> file_;
};

class Handle final : public ::rocksdb::FSDirectory {
 public:
  Handle(sim::Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, Context*) override {
    return ToIOStatus(disk_.SyncDirectory(path_));
  }
  IOStatus Close(const IOOptions&, Context*) override { return IOStatus::OK(); }

 private:
  sim::Disk& disk_;
  const std::string path_;
};

class FaultyFileSystem final : public ::rocksdb::FileSystem {
 public:
  explicit FaultyFileSystem(sim::Disk& disk) : disk_(disk) {}

  const char* Name() const override { return "FaultyFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<::rocksdb::FSSequentialFile>* result,
                             Context*) override {
    return OpenToRead(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<::rocksdb::FSRandomAccessFile>* result,
                               Context*) override {
    return OpenToRead(path, result);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<::rocksdb::FSWritableFile>* result, Context*) override {
    const absl::Status created = disk_.Create(Normalize(path)).status();
    if (!created.ok() && !absl::IsAlreadyExists(created)) return ToIOStatus(created);
    auto file = disk_.OpenToChange(Normalize(path));
    absl::Status status = file.status();
    if (status.ok() && !created.ok()) status = (*file)->Resize(0);
    if (status.ok()) *result = std::make_unique<WritableFile>(*std::move(file), 0);
    return ToIOStatus(status);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<::rocksdb::FSWritableFile>* result,
                              Context* context) override {
    auto file = disk_.OpenToChange(Normalize(path));
    if (absl::IsNotFound(file.status())) return NewWritableFile(path, options, result, context);
    const uint64_t size = (*file)->Size().value();
    *result = std::make_unique<WritableFile>(*std::move(file), size);
    return IOStatus::OK();
  }
  IOStatus NewRandomRWFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<::rocksdb::FSRandomRWFile>* result, Context*) override {
    auto file = disk_.OpenToChange(Normalize(path));
    if (file.ok()) *result = std::make_unique<ChangeableFile>(*std::move(file));
    return ToIOStatus(file.status());
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<::rocksdb::FSDirectory>* result, Context*) override {
    const absl::Status status = disk_.List(Normalize(path)).status();
    if (status.ok()) *result = std::make_unique<Handle>(disk_, Normalize(path));
    return ToIOStatus(status);
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, Context*) override {
    const absl::Status status = disk_.List(Normalize(path)).status();
    return absl::IsNotFound(status) ? IOStatus::NotFound() : IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory,
                       Context*) override {
    const absl::Status status = disk_.List(Normalize(path)).status();
    *is_directory = status.ok();
    return absl::IsNotFound(status) ? ToIOStatus(status) : IOStatus::OK();
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       Context*) override {
    auto names = disk_.List(Normalize(path));
    if (names.ok()) *result = *std::move(names);
    return ToIOStatus(names.status());
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* size,
                       Context*) override {
    const auto file = disk_.Open(Normalize(path));
    if (file.ok()) *size = (*file)->Size().value();
    return ToIOStatus(file.status());
  }
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions& options,
                                   uint64_t* time, Context* context) override {
    *time = 0;
    return FileExists(path, options, context);
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions&, uint64_t* free,
                        Context*) override {
    const auto bytes = disk_.FreeBytes(Normalize(path));
    if (bytes.ok()) *free = *bytes;
    return ToIOStatus(bytes.status());
  }

  IOStatus CreateDir(const std::string& path, const IOOptions&, Context*) override {
    return ToIOStatus(disk_.CreateDirectory(Normalize(path)));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, Context*) override {
    const absl::Status status = disk_.CreateDirectory(Normalize(path));
    return absl::IsAlreadyExists(status) ? IOStatus::OK() : ToIOStatus(status);
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, Context*) override {
    return ToIOStatus(disk_.Remove(Normalize(path)));
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, Context*) override {
    return ToIOStatus(disk_.Remove(Normalize(path)));
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      Context*) override {
    return ToIOStatus(disk_.Rename(Normalize(from), Normalize(to)));
  }
  IOStatus Truncate(const std::string& path, size_t size, const IOOptions&, Context*) override {
    const auto file = disk_.OpenToChange(Normalize(path));
    return ToIOStatus(file.ok() ? (*file)->Resize(size) : file.status());
  }

  IOStatus LockFile(const std::string& path, const IOOptions&, ::rocksdb::FileLock** lock,
                    Context*) override {
    auto held = disk_.Lock(Normalize(path));
    // RocksDB's interface passes it as a bare pointer.
    if (held.ok()) *lock = new HeldLock(*std::move(held));
    return ToIOStatus(held.status());
  }
  IOStatus UnlockFile(::rocksdb::FileLock* lock, const IOOptions&, Context*) override {
    delete lock;
    return IOStatus::OK();
  }

  IOStatus GetTestDirectory(const IOOptions&, std::string* path, Context*) override {
    *path = "/test";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&,
                     std::shared_ptr<::rocksdb::Logger>* result, Context*) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result,
                           Context*) override {
    *result = Normalize(path);
    return IOStatus::OK();
  }

 private:
  template <class Readable>
  IOStatus OpenToRead(const std::string& path, std::unique_ptr<Readable>* result) {
    auto file = disk_.Open(Normalize(path));
    if (file.ok()) *result = std::make_unique<ReadableFile>(*std::move(file));
    return ToIOStatus(file.status());
  }

  sim::Disk& disk_;
};

}  // namespace

std::shared_ptr<::rocksdb::FileSystem> MakeFileSystem(sim::Disk& disk) {
  return std::make_shared<FaultyFileSystem>(disk);
}

std::unique_ptr<::rocksdb::Env> MakeEnv(std::shared_ptr<::rocksdb::FileSystem> files) {
  return std::make_unique<FaultyEnv>(std::move(files));
}

}  // namespace synod::test
