#include "env_files.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "status.h"
#include "storage/files/read_file.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::FileOptions;
using ::rocksdb::FSRandomAccessFile;
using ::rocksdb::FSRandomRWFile;
using ::rocksdb::FSWritableFile;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;

// RocksDB writes a file through one object and reads it through another. That to write is null
// until it is needed.
class EnvFile final : public File {
 public:
  EnvFile(::rocksdb::FileSystem& files, std::string path, uint64_t size,
          std::unique_ptr<FSRandomAccessFile> reader, std::unique_ptr<FSWritableFile> writer)
      : files_(files),
        path_(std::move(path)),
        size_(size),
        reader_(std::move(reader)),
        writer_(std::move(writer)) {}
  ~EnvFile() override {
    if (writer_ != nullptr) writer_->Close(IOOptions(), nullptr).PermitUncheckedError();
  }

  absl::Status Append(std::string_view bytes) override {
    IOStatus status = OpenToWrite();
    if (status.ok()) status = writer_->Append(bytes, IOOptions(), nullptr);
    if (status.ok()) size_ += bytes.size();
    return ToStatus(status, "writing " + path_);
  }
  absl::Status Sync() override {
    IOStatus status = OpenToWrite();
    if (status.ok()) status = writer_->Fsync(IOOptions(), nullptr);
    return ToStatus(status, "syncing " + path_);
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    size_t filled = 0;
    while (filled < out.size()) {
      ::rocksdb::Slice bytes;
      const IOStatus status = reader_->Read(offset + filled, out.size() - filled, IOOptions(),
                                            &bytes, out.data() + filled, nullptr);
      if (!status.ok()) return ToStatus(status, "reading " + path_);
      if (bytes.empty()) break;
      if (bytes.data() != out.data() + filled) {
        std::copy_n(bytes.data(), bytes.size(), out.data() + filled);
      }
      filled += bytes.size();
    }
    return filled;
  }
  absl::StatusOr<uint64_t> Size() const override { return size_; }

 private:
  IOStatus OpenToWrite() {
    if (writer_ != nullptr) return IOStatus::OK();
    return files_.ReopenWritableFile(path_, FileOptions(), &writer_, nullptr);
  }

  ::rocksdb::FileSystem& files_;
  const std::string path_;
  uint64_t size_;
  const std::unique_ptr<FSRandomAccessFile> reader_;
  std::unique_ptr<FSWritableFile> writer_;
};

class EnvLock final : public FileLock {
 public:
  EnvLock(::rocksdb::FileSystem& files, ::rocksdb::FileLock* lock) : files_(files), lock_(lock) {}
  ~EnvLock() override { files_.UnlockFile(lock_, IOOptions(), nullptr).PermitUncheckedError(); }

 private:
  ::rocksdb::FileSystem& files_;
  ::rocksdb::FileLock* const lock_;
};

}  // namespace

absl::Status EnvFiles::CheckFree(const std::string& path) {
  const IOStatus status = files_.FileExists(path, IOOptions(), nullptr);
  if (status.ok()) return absl::AlreadyExistsError(path + " is there already");
  if (status.IsNotFound()) return absl::OkStatus();
  return ToStatus(status, "looking for " + path);
}

absl::StatusOr<std::unique_ptr<File>> EnvFiles::Create(const std::string& path) {
  if (absl::Status status = CheckFree(path); !status.ok()) return status;
  std::unique_ptr<FSWritableFile> writer;
  std::unique_ptr<FSRandomAccessFile> reader;
  IOStatus status = files_.NewWritableFile(path, FileOptions(), &writer, nullptr);
  if (status.ok()) status = files_.NewRandomAccessFile(path, FileOptions(), &reader, nullptr);
  if (!status.ok()) return ToStatus(status, "creating " + path);
  return std::make_unique<EnvFile>(files_, path, 0, std::move(reader), std::move(writer));
}

absl::StatusOr<std::unique_ptr<File>> EnvFiles::Open(const std::string& path) {
  std::unique_ptr<FSRandomAccessFile> reader;
  uint64_t size = 0;
  IOStatus status = files_.NewRandomAccessFile(path, FileOptions(), &reader, nullptr);
  if (status.ok()) status = files_.GetFileSize(path, IOOptions(), &size, nullptr);
  if (!status.ok()) return ToStatus(status, "opening " + path);
  return std::make_unique<EnvFile>(files_, path, size, std::move(reader), nullptr);
}

absl::Status EnvFiles::Truncate(const std::string& path, uint64_t size) {
  std::unique_ptr<FSWritableFile> file;
  // Asked first, because opening it would create it.
  IOStatus status = files_.FileExists(path, IOOptions(), nullptr);
  if (status.ok()) status = files_.ReopenWritableFile(path, FileOptions(), &file, nullptr);
  if (status.ok()) status = file->Truncate(size, IOOptions(), nullptr);
  if (status.ok()) status = file->Fsync(IOOptions(), nullptr);
  if (status.ok()) status = file->Close(IOOptions(), nullptr);
  return ToStatus(status, "truncating " + path);
}

absl::Status EnvFiles::Rewrite(const std::string& path) {
  const auto bytes = storage::ReadFile(*this, path);
  if (!bytes.ok()) return bytes.status();
  std::unique_ptr<FSRandomRWFile> file;
  IOStatus status = files_.NewRandomRWFile(path, FileOptions(), &file, nullptr);
  if (status.ok()) status = file->Write(0, *bytes, IOOptions(), nullptr);
  if (status.ok()) status = file->Fsync(IOOptions(), nullptr);
  if (status.ok()) status = file->Close(IOOptions(), nullptr);
  return ToStatus(status, "rewriting " + path);
}

absl::StatusOr<std::vector<std::string>> EnvFiles::List(const std::string& directory) {
  bool is_directory = false;
  std::vector<std::string> names;
  IOStatus status = files_.IsDirectory(directory, IOOptions(), &is_directory, nullptr);
  if (status.ok() && !is_directory) {
    return absl::FailedPreconditionError(directory + " is no directory");
  }
  if (status.ok()) status = files_.GetChildren(directory, IOOptions(), &names, nullptr);
  if (!status.ok()) return ToStatus(status, "listing " + directory);
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  return names;
}

absl::Status EnvFiles::CreateDirectory(const std::string& path) {
  if (absl::Status status = CheckFree(path); !status.ok()) return status;
  return ToStatus(files_.CreateDir(path, IOOptions(), nullptr), "creating the directory " + path);
}

absl::Status EnvFiles::SyncDirectory(const std::string& path) {
  std::unique_ptr<::rocksdb::FSDirectory> directory;
  IOStatus status = files_.NewDirectory(path, IOOptions(), &directory, nullptr);
  if (status.ok()) status = directory->Fsync(IOOptions(), nullptr);
  return ToStatus(status, "syncing the directory " + path);
}

absl::Status EnvFiles::Rename(const std::string& from, const std::string& to) {
  return ToStatus(files_.RenameFile(from, to, IOOptions(), nullptr), "renaming " + from);
}

absl::Status EnvFiles::Remove(const std::string& path) {
  return ToStatus(files_.DeleteFile(path, IOOptions(), nullptr), "removing " + path);
}

absl::StatusOr<std::unique_ptr<FileLock>> EnvFiles::Lock(const std::string& path) {
  ::rocksdb::FileLock* lock = nullptr;
  const IOStatus status = files_.LockFile(path, IOOptions(), &lock, nullptr);
  if (!status.ok()) {
    const std::string_view why = status.getState() == nullptr ? "" : status.getState();
    // RocksDB's own words (7.8): whether there is a file to lock is another question than whether
    // somebody holds it.
    if (status.IsPathNotFound() ||
        why.find("while open a file for lock") != std::string_view::npos) {
      return ToStatus(status, "opening " + path);
    }
    return absl::FailedPreconditionError(why.empty() ? status.ToString() : std::string(why));
  }
  return std::make_unique<EnvLock>(files_, lock);
}

absl::StatusOr<uint64_t> EnvFiles::FreeBytes(const std::string& path) {
  uint64_t free = 0;
  const IOStatus status = files_.GetFreeSpace(path, IOOptions(), &free, nullptr);
  if (!status.ok()) return ToStatus(status, "asking for the free space of " + path);
  return free;
}

}  // namespace synod::rocksdb
