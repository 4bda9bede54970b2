#include "storage/files/directory.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/files/read_file.h"

namespace synod::storage {
namespace {

constexpr std::string_view kFormatFile = "FORMAT";
constexpr std::string_view kFormatTemporary = "FORMAT.tmp";
constexpr std::string_view kLockFile = "LOCK";
constexpr std::string_view kSnapshots = "snapshots";

// What may be in a directory that is a store's in the making, or nobody's.
bool IsHarmless(std::string_view name) {
  return name == kLockFile || name == kFormatTemporary || name == "lost+found";
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Of whatever else FORMAT may say, no more is shown.
constexpr size_t kLongestName = 60;

// What FORMAT begins with.
std::string Magic(const Format& format) { return std::string(format.name) + ", format "; }

}  // namespace

absl::StatusOr<std::unique_ptr<Directory>> Directory::Open(FileSystem& files, std::string path,
                                                           Format format, bool may_create) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty()) return absl::InvalidArgumentError("the path of the log store is empty");

  std::unique_ptr<Directory> directory(new Directory(files, std::move(path), format));
  absl::Status status = directory->CheckContents(may_create);
  if (status.ok() && !may_create && !directory->is_complete_) {
    status = absl::NotFoundError(directory->path_ + " holds no log store");
  }
  if (!status.ok()) return status;
  auto lock = files.Lock(directory->path_ + "/" + std::string(kLockFile));
  if (!lock.ok()) {
    if (!absl::IsFailedPrecondition(lock.status())) return lock.status();
    return absl::FailedPreconditionError(
        "the log store " + directory->path_ +
        " is held by another process, or is open twice in this one: " +
        std::string(lock.status().message()));
  }
  directory->lock_ = *std::move(lock);
  // Again, now that nobody else can be at it: another process may have created it in between.
  status = directory->CheckContents(/*may_create=*/false);
  if (status.ok() && !directory->is_complete_) status = directory->Found();
  if (!status.ok()) return status;
  return directory;
}

std::string Directory::SnapshotsPath() const { return path_ + "/" + std::string(kSnapshots); }

absl::Status Directory::CheckContents(bool may_create) {
  const auto names = files_.List(path_);
  if (absl::IsNotFound(names.status()) && may_create) return Create();
  if (absl::IsFailedPrecondition(names.status())) {
    return absl::FailedPreconditionError(path_ + " is a file; a log store is a directory");
  }
  if (absl::IsNotFound(names.status())) {
    return absl::NotFoundError(path_ +
                               " does not exist, and so holds no log store: is its disk mounted? "
                               "A new one is made with create_if_missing.");
  }
  if (!names.ok()) return names.status();
  has_format_ = Has(*names, kFormatFile);
  is_complete_ = has_format_ && Has(*names, kSnapshots);
  if (has_format_) return CheckFormat();
  const auto foreign = std::find_if_not(names->begin(), names->end(), IsHarmless);
  if (foreign == names->end()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      path_ + " is not empty and not a log store (there is '" + *foreign +
      "', and no file FORMAT). Nothing was changed. Give the log store a directory of its own.");
}

absl::Status Directory::Create() {
  absl::Status status = files_.CreateDirectory(path_);
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(std::string(status.message()) + " (its parent must exist)");
  }
  return status;
}

// Whoever began this before may have been killed at any step, and so none of it may be durable.
absl::Status Directory::Found() {
  // Else the whole store could vanish with a power cut (F6).
  absl::Status status = files_.SyncDirectory(ParentOf(path_));
  if (status.ok() && !has_format_) status = WriteFormat();
  // Before anything else is in the directory, which would be somebody else's without the format.
  if (status.ok()) status = files_.SyncDirectory(path_);
  return status;
}

absl::Status Directory::CheckFormat() {
  const auto text = ReadFile(files_, path_ + "/" + std::string(kFormatFile));
  if (!text.ok()) return text.status();
  const std::string magic = Magic(format_);
  uint32_t version = 0;
  if (text->starts_with(magic) && text->ends_with('\n')) {
    const char* end = text->data() + text->size() - 1;
    const auto parsed = std::from_chars(text->data() + magic.size(), end, version);
    if (parsed.ec != std::errc() || parsed.ptr != end) version = 0;
  }
  if (version == 0) {
    const std::string_view other = std::string_view(*text).substr(0, text->find(','));
    return absl::FailedPreconditionError(path_ + ", as its file FORMAT says, is a '" +
                                         std::string(other.substr(0, kLongestName)) + "', not a '" +
                                         std::string(format_.name) +
                                         "'. Nothing was changed. Open it with the log store that "
                                         "made it.");
  }
  if (version < format_.oldest) {
    return absl::FailedPreconditionError(path_ + " was written by an older version (format " +
                                         std::to_string(version) + ", this one reads none before " +
                                         std::to_string(format_.oldest) +
                                         "). Nothing was changed. Start the older version.");
  }
  if (version > format_.version) {
    return absl::FailedPreconditionError(path_ + " was written by a newer version (format " +
                                         std::to_string(version) + ", this one reads up to " +
                                         std::to_string(format_.version) +
                                         "). Nothing was changed. Start the newer version.");
  }
  return absl::OkStatus();
}

absl::Status Directory::WriteFormat() {
  const std::string temporary = path_ + "/" + std::string(kFormatTemporary);
  absl::Status status = files_.Remove(temporary);  // Of an attempt that was cut short.
  if (!status.ok() && !absl::IsNotFound(status)) return status;
  auto file = files_.Create(temporary);
  if (!file.ok()) return file.status();
  status = (*file)->Append(Magic(format_) + std::to_string(format_.version) + "\n");
  if (status.ok()) status = (*file)->Sync();
  if (status.ok()) status = files_.Rename(temporary, path_ + "/" + std::string(kFormatFile));
  return status;
}

absl::Status Directory::Complete() {
  absl::Status status = is_complete_ ? absl::OkStatus() : files_.CreateDirectory(SnapshotsPath());
  // Whoever has made it before may have been killed before this.
  if (status.ok()) status = files_.SyncDirectory(path_);
  is_complete_ = status.ok();
  return status;
}

}  // namespace synod::storage
