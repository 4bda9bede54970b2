// The machine's file system.
#include "synod/port/file_system.h"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace synod {
namespace {

// The status of a call that has just failed.
absl::Status Error(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message = std::string(what) + " " + path + ": " + std::strerror(error);
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return absl::ResourceExhaustedError(message);
    case ENOENT:
      return absl::NotFoundError(message);
    case EEXIST:
      return absl::AlreadyExistsError(message);
    case ENOTDIR:
      return absl::FailedPreconditionError(message);
    default:
      return absl::InternalError(message);
  }
}

constexpr size_t kPieceBytes = 256 * 1024;  // Of a file that is rewritten.

// Repeats a call that a signal has interrupted.
template <class Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool IsOpen() const { return fd_ >= 0; }

 private:
  int fd_;
};

Descriptor OpenDescriptor(const std::string& path, int flags) {
  return Descriptor(Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0644); }));
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  absl::Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count =
          Retry([&] { return ::write(descriptor_.fd(), bytes.data(), bytes.size()); });
      if (count < 0) return Error("writing", path_);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return absl::OkStatus();
  }

  // Not repeated when a signal interrupts it: what a second one says is not about the first (F4).
  absl::Status Sync() override {
    if (::fdatasync(descriptor_.fd()) != 0) return Error("syncing", path_);
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t count = Retry([&] {
        return ::pread(descriptor_.fd(), out.data() + filled, out.size() - filled,
                       static_cast<off_t>(offset + filled));
      });
      if (count < 0) return Error("reading", path_);
      if (count == 0) break;
      filled += static_cast<size_t>(count);
    }
    return filled;
  }

  absl::StatusOr<uint64_t> Size() const override {
    struct stat status {};
    if (::fstat(descriptor_.fd(), &status) != 0) return Error("looking at", path_);
    return static_cast<uint64_t>(status.st_size);
  }

 private:
  const Descriptor descriptor_;
  const std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  const Descriptor descriptor_;  // Closing it unlocks.
};

class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override {
    return OpenFile(path, O_CREAT | O_EXCL | O_RDWR | O_APPEND, "creating");
  }

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override {
    return OpenFile(path, O_RDWR, "opening");
  }

  absl::Status Truncate(const std::string& path, uint64_t size) override {
    const Descriptor descriptor = OpenDescriptor(path, O_RDWR);
    if (!descriptor.IsOpen()) return Error("opening", path);
    if (::ftruncate(descriptor.fd(), static_cast<off_t>(size)) != 0) {
      return Error("truncating", path);
    }
    if (::fsync(descriptor.fd()) != 0) return Error("syncing", path);
    return absl::OkStatus();
  }

  absl::Status Rewrite(const std::string& path) override {
    const Descriptor descriptor = OpenDescriptor(path, O_RDWR);
    if (!descriptor.IsOpen()) return Error("opening", path);
    std::vector<char> piece(kPieceBytes);
    for (off_t offset = 0;;) {
      const ssize_t count =
          Retry([&] { return ::pread(descriptor.fd(), piece.data(), piece.size(), offset); });
      if (count < 0) return Error("reading", path);
      if (count == 0) break;
      for (ssize_t written = 0; written < count;) {
        const ssize_t more = Retry([&] {
          return ::pwrite(descriptor.fd(), piece.data() + written,
                          static_cast<size_t>(count - written), offset + written);
        });
        if (more < 0) return Error("writing", path);
        written += more;
      }
      offset += count;
    }
    if (::fsync(descriptor.fd()) != 0) return Error("syncing", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override {
    DIR* const stream = ::opendir(directory.c_str());
    if (stream == nullptr) return Error("listing", directory);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const absl::Status status = errno == 0 ? absl::OkStatus() : Error("listing", directory);
    ::closedir(stream);
    if (!status.ok()) return status;
    return names;
  }

  absl::Status CreateDirectory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0755) != 0) return Error("creating the directory", path);
    return absl::OkStatus();
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const Descriptor descriptor = OpenDescriptor(path, O_RDONLY | O_DIRECTORY);
    if (!descriptor.IsOpen()) return Error("opening the directory", path);
    if (::fsync(descriptor.fd()) != 0) return Error("syncing the directory", path);
    return absl::OkStatus();
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return Error("renaming", from);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return Error("removing", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    Descriptor descriptor = OpenDescriptor(path, O_CREAT | O_RDWR);
    if (!descriptor.IsOpen()) return Error("opening", path);
    if (Retry([&] { return ::flock(descriptor.fd(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return absl::FailedPreconditionError(path + " is locked");
      return Error("locking", path);
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
  }

  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override {
    struct statvfs status {};
    if (::statvfs(path.c_str(), &status) != 0) return Error("asking for the free space of", path);
    return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
  }

 private:
  static absl::StatusOr<std::unique_ptr<File>> OpenFile(const std::string& path, int flags,
                                                        std::string_view what) {
    Descriptor descriptor = OpenDescriptor(path, flags);
    if (!descriptor.IsOpen()) return Error(what, path);
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }
};

}  // namespace

FileSystem& MachineFileSystem() {
  static PosixFileSystem* const kFiles = new PosixFileSystem;
  return *kFiles;
}

}  // namespace synod
