#include "directory.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "format.h"
#include "status.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::IOOptions;

constexpr std::string_view kFormatFile = "FORMAT";
constexpr std::string_view kFormatTemporary = "FORMAT.tmp";
constexpr std::string_view kLockFile = "LOCK";
constexpr std::string_view kMagic = "synod rocksdb log store, format ";

// What may be in a directory that is a store's in the making, or nobody's.
bool IsHarmless(std::string_view name) {
  return name == "." || name == ".." || name == kLockFile || name == kFormatTemporary ||
         name == "lost+found";
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::Status SyncDirectory(::rocksdb::FileSystem& files, const std::string& path) {
  std::unique_ptr<::rocksdb::FSDirectory> directory;
  ::rocksdb::IOStatus status = files.NewDirectory(path, IOOptions(), &directory, nullptr);
  if (status.ok()) status = directory->Fsync(IOOptions(), nullptr);
  return ToStatus(status, "syncing the directory " + path);
}

absl::StatusOr<std::unique_ptr<Directory>> Directory::Open(::rocksdb::FileSystem& files,
                                                           std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty()) return absl::InvalidArgumentError("the path of the log store is empty");

  std::unique_ptr<Directory> directory(new Directory(files, std::move(path)));
  absl::Status status = directory->CreateIfMissing();
  if (status.ok()) status = directory->CheckContents();
  if (status.ok()) status = directory->Lock();
  // Again, now that nobody else can be at it: another process may have created it in between.
  if (status.ok()) status = directory->CheckContents();
  if (status.ok() && !directory->has_format_) status = directory->WriteFormat();
  if (status.ok()) status = directory->CreateParts();
  if (!status.ok()) return status;
  return directory;
}

Directory::~Directory() {
  if (lock_ != nullptr) files_.UnlockFile(lock_, IOOptions(), nullptr).PermitUncheckedError();
}

absl::Status Directory::CreateIfMissing() {
  const ::rocksdb::IOStatus exists = files_.FileExists(path_, IOOptions(), nullptr);
  if (exists.ok()) {
    bool is_directory = false;
    const ::rocksdb::IOStatus asked =
        files_.IsDirectory(path_, IOOptions(), &is_directory, nullptr);
    if (asked.ok() && !is_directory) {
      return absl::FailedPreconditionError(path_ + " is a file; a log store is a directory");
    }
    return ToStatus(asked, "looking at " + path_);
  }
  if (!exists.IsNotFound()) return ToStatus(exists, "looking for " + path_);
  absl::Status status = ToStatus(files_.CreateDir(path_, IOOptions(), nullptr),
                                 "creating the directory " + path_ + " (its parent must exist)");
  // Else the whole store could vanish with a power cut (F6).
  if (status.ok()) status = SyncDirectory(files_, ParentOf(path_));
  return status;
}

absl::Status Directory::CheckContents() {
  std::vector<std::string> names;
  absl::Status status = ToStatus(files_.GetChildren(path_, IOOptions(), &names, nullptr),
                                 "listing the directory " + path_);
  if (!status.ok()) return status;
  has_format_ = std::find(names.begin(), names.end(), kFormatFile) != names.end();
  if (has_format_) return CheckFormat();
  const auto foreign = std::find_if_not(names.begin(), names.end(), IsHarmless);
  if (foreign == names.end()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      path_ + " is not empty and not a log store (there is '" + *foreign +
      "', and no file FORMAT). Nothing was changed. Give the log store a directory of its own.");
}

absl::Status Directory::CheckFormat() {
  std::string text;
  absl::Status status =
      ToStatus(::rocksdb::ReadFileToString(&files_, path_ + "/" + std::string(kFormatFile), &text),
               "reading the format of " + path_);
  if (!status.ok()) return status;
  uint32_t version = 0;
  if (text.starts_with(kMagic) && text.ends_with('\n')) {
    const char* end = text.data() + text.size() - 1;
    const auto parsed = std::from_chars(text.data() + kMagic.size(), end, version);
    if (parsed.ec != std::errc() || parsed.ptr != end) version = 0;
  }
  if (version == 0) {
    return absl::FailedPreconditionError(
        path_ + "/FORMAT does not say that this directory is a log store. Nothing was changed.");
  }
  if (version > kFormatVersion) {
    return absl::FailedPreconditionError(path_ + " was written by a newer version (format " +
                                         std::to_string(version) + ", this one reads up to " +
                                         std::to_string(kFormatVersion) +
                                         "). Nothing was changed. Start the newer version.");
  }
  return absl::OkStatus();
}

absl::Status Directory::Lock() {
  const ::rocksdb::IOStatus status =
      files_.LockFile(path_ + "/" + std::string(kLockFile), IOOptions(), &lock_, nullptr);
  if (status.ok()) return absl::OkStatus();
  lock_ = nullptr;
  return absl::FailedPreconditionError(
      "the log store " + path_ +
      " is held by another process, or is open twice in this one: " + status.ToString());
}

absl::Status Directory::WriteFormat() {
  const std::string temporary = path_ + "/" + std::string(kFormatTemporary);
  const std::string text = std::string(kMagic) + std::to_string(kFormatVersion) + "\n";
  ::rocksdb::IOStatus status =
      ::rocksdb::WriteStringToFile(&files_, text, temporary, /*should_sync=*/true);
  if (status.ok()) {
    status =
        files_.RenameFile(temporary, path_ + "/" + std::string(kFormatFile), IOOptions(), nullptr);
  }
  if (!status.ok()) return ToStatus(status, "creating the log store in " + path_);
  // Before anything else is in the directory, which would be somebody else's without the format.
  return SyncDirectory(files_, path_);
}

absl::Status Directory::CreateParts() {
  for (const std::string& part : {DatabasePath(), SnapshotsPath()}) {
    absl::Status status = ToStatus(files_.CreateDirIfMissing(part, IOOptions(), nullptr),
                                   "creating the directory " + part);
    if (!status.ok()) return status;
  }
  return SyncDirectory(files_, path_);
}

}  // namespace synod::rocksdb
