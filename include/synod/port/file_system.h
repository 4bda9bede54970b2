// The port for disks: what a durable store needs of one, so that a simulator can be it.
#ifndef SYNOD_PORT_FILE_SYSTEM_H_
#define SYNOD_PORT_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace synod {

// An open file. From one thread at a time. It can be used to its end though it is renamed or
// removed.
class File {
 public:
  // Closes. Nothing becomes durable by that.
  virtual ~File() = default;

  // Writes all of `bytes` behind the file's end. Not durable before the next Sync: a power cut may
  // leave any 512-byte sectors of them, with zeros in place of the others, in a file of any size
  // between the one synced last and the one now. kResourceExhausted without space. After a failure
  // any of that may be the case at once.
  [[nodiscard]] virtual absl::Status Append(std::string_view bytes) = 0;

  // All that was appended, and the size, is durable at return. After a failure it is not known what
  // is, and another Sync that succeeds says nothing (F4): the caller must give the file up, and who
  // opens it next rewrites it.
  [[nodiscard]] virtual absl::Status Sync() = 0;

  // Fills `out` with the bytes from `offset` on, and says how many; less than out.size() only where
  // the file ends. Sees what was appended, synced or not.
  [[nodiscard]] virtual absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                                      std::span<char> out) const = 0;

  [[nodiscard]] virtual absl::StatusOr<uint64_t> Size() const = 0;
};

// Held until it is destroyed, or the process ends however it may.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Files by path, in directories. From any thread; may block. That a file is there under a name, or
// no longer is, becomes durable by SyncDirectory alone. Errors besides those named: kInternal.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A new, empty file to append to and to read. kAlreadyExists if the name is taken.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) = 0;

  // An existing file to read and to sync; appending to it is not asked for. kNotFound if there is
  // none.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) = 0;

  // Cuts the file, which nobody may have open, to `size` bytes. Durable at return. After a failure
  // the file has either size.
  [[nodiscard]] virtual absl::Status Truncate(const std::string& path, uint64_t size) = 0;

  // Makes durable all that is in the file, which nobody may have open: writes it once more, and
  // syncs. So it finds its way to the disk even if another process wrote it and its sync failed,
  // after which the system takes it for written, and a sync alone does nothing (F4).
  [[nodiscard]] virtual absl::Status Rewrite(const std::string& path) = 0;

  // The names in a directory, in no order, without "." and "..". kNotFound if there is none;
  // kFailedPrecondition if it is no directory.
  [[nodiscard]] virtual absl::StatusOr<std::vector<std::string>> List(
      const std::string& directory) = 0;

  // kAlreadyExists if the name is taken; kNotFound if the parent is missing.
  [[nodiscard]] virtual absl::Status CreateDirectory(const std::string& path) = 0;

  // What was created in the directory, renamed in it or removed from it before the call is durable
  // at return; until then a power cut may leave each name as it was or as it is. After a failure
  // it is not known which.
  [[nodiscard]] virtual absl::Status SyncDirectory(const std::string& path) = 0;

  // Within a directory; replaces a file of the name `to` in one step.
  [[nodiscard]] virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;

  // kNotFound if there is no such file.
  [[nodiscard]] virtual absl::Status Remove(const std::string& path) = 0;

  // Creates the file if it is missing. kFailedPrecondition if it is locked, by another process or
  // by this one.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;

  // How many bytes can still be written below `path`.
  [[nodiscard]] virtual absl::StatusOr<uint64_t> FreeBytes(const std::string& path) = 0;
};

// The machine's. Never destroyed.
[[nodiscard]] FileSystem& MachineFileSystem();

}  // namespace synod

#endif  // SYNOD_PORT_FILE_SYSTEM_H_
