#include "snapshot_files.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "synod/base/crc32c.h"

#include "directory.h"
#include "status.h"

namespace synod::rocksdb {
namespace {

using ::rocksdb::FileOptions;
using ::rocksdb::IOOptions;
using ::rocksdb::Slice;

constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr std::string_view kSuffix = ".snapshot";

struct FileName {
  GroupId group;
  uint64_t file = 0;
  bool is_temporary = false;
};

std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()));
  return number;
}

// "<group>-<file>.snapshot", with ".tmp" while it is written.
std::optional<FileName> ParseFileName(std::string_view name) {
  FileName parsed;
  if (name.ends_with(kTemporarySuffix)) {
    parsed.is_temporary = true;
    name.remove_suffix(kTemporarySuffix.size());
  }
  const std::optional<uint64_t> group = TakeNumber(name);
  if (!group || !name.starts_with('-')) return std::nullopt;
  name.remove_prefix(1);
  const std::optional<uint64_t> file = TakeNumber(name);
  if (!file || name != kSuffix) return std::nullopt;
  parsed.group = GroupId(*group);
  parsed.file = *file;
  return parsed;
}

absl::Status Damaged(GroupId group, const std::string& path, std::string_view what) {
  return absl::DataLossError("group " + std::to_string(group.value()) + ": the snapshot " + path +
                             " " + std::string(what));
}

class SnapshotFileSource final : public ByteSource {
 public:
  SnapshotFileSource(std::unique_ptr<::rocksdb::FSSequentialFile> file, GroupId group,
                     std::string path, const SnapshotMeta& meta)
      : file_(std::move(file)),
        group_(group),
        path_(std::move(path)),
        size_(meta.size),
        checksum_(meta.checksum) {}

  absl::StatusOr<size_t> Read(std::span<char> out) override {
    size_t filled = 0;
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - read_));
    while (filled < wanted) {
      Slice bytes;
      const ::rocksdb::IOStatus status =
          file_->Read(wanted - filled, IOOptions(), &bytes, out.data() + filled, nullptr);
      if (!status.ok()) return ToStatus(status, "reading the snapshot " + path_);
      if (bytes.empty()) return Damaged(group_, path_, "ends early");
      if (bytes.data() != out.data() + filled) {
        std::copy_n(bytes.data(), bytes.size(), out.data() + filled);
      }
      computed_ = Crc32c(computed_, {bytes.data(), bytes.size()});
      filled += bytes.size();
      read_ += bytes.size();
    }
    // Together with the last bytes, so that nobody takes a damaged image for complete.
    if (read_ == size_ && computed_ != checksum_) {
      return Damaged(group_, path_, "does not match its checksum");
    }
    return filled;
  }

 private:
  const std::unique_ptr<::rocksdb::FSSequentialFile> file_;
  const GroupId group_;
  const std::string path_;
  const uint64_t size_;
  const uint32_t checksum_;
  uint64_t read_ = 0;
  uint32_t computed_ = 0;
};

}  // namespace

class SnapshotFileWriter final : public SnapshotWriter {
 public:
  SnapshotFileWriter(SnapshotFiles& owner, GroupId group, uint64_t file, std::string path,
                     std::unique_ptr<::rocksdb::FSWritableFile> output)
      : owner_(owner),
        group_(group),
        number_(file),
        path_(std::move(path)),
        output_(std::move(output)) {
    buffer_.reserve(kBufferBytes);
  }

  ~SnapshotFileWriter() override {
    if (output_ == nullptr) return;
    output_->Close(IOOptions(), nullptr).PermitUncheckedError();
    Delete();
  }

  absl::Status Append(std::string_view bytes) override {
    size_ += bytes.size();
    checksum_ = Crc32c(checksum_, bytes);
    while (failure_.ok() && !bytes.empty()) {
      const size_t count = std::min(bytes.size(), kBufferBytes - buffer_.size());
      buffer_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (buffer_.size() == kBufferBytes) failure_ = Flush();
    }
    return failure_;
  }

  absl::StatusOr<StagedSnapshot> Finish() override {
    if (output_ == nullptr) return absl::FailedPreconditionError("the snapshot is finished");
    if (failure_.ok()) failure_ = Flush();
    if (failure_.ok()) failure_ = Check(output_->Fsync(IOOptions(), nullptr), "syncing");
    if (failure_.ok()) failure_ = Check(output_->Close(IOOptions(), nullptr), "closing");
    if (!failure_.ok()) return failure_;
    output_.reset();
    ::rocksdb::FileSystem& files = owner_.files_;
    failure_ = Check(files.RenameFile(Temporary(), path_, IOOptions(), nullptr), "naming");
    if (failure_.ok()) failure_ = SyncDirectory(files, owner_.path_);
    if (!failure_.ok()) {
      Delete();
      return failure_;
    }
    owner_.Stage(number_, {.group = group_, .size = size_, .checksum = checksum_});
    return StagedSnapshot(number_);
  }

 private:
  static constexpr size_t kBufferBytes = 256 * 1024;
  // So little is ever unsynced that the log's own syncs, on the same disk, need not wait long.
  static constexpr uint64_t kSyncBytes = 8 * 1024 * 1024;

  [[nodiscard]] std::string Temporary() const { return path_ + std::string(kTemporarySuffix); }

  absl::Status Check(const ::rocksdb::IOStatus& status, std::string_view what) const {
    return ToStatus(status, std::string(what) + " the snapshot " + path_);
  }

  absl::Status Flush() {
    owner_.space_.Refresh();
    if (!owner_.space_.HasRoomForSnapshot()) {
      return absl::ResourceExhaustedError("too little space is left to write the snapshot " +
                                          path_);
    }
    absl::Status status = Check(output_->Append(buffer_, IOOptions(), nullptr), "writing");
    owner_.space_.Consumed(buffer_.size());
    unsynced_ += buffer_.size();
    buffer_.clear();
    if (status.ok() && unsynced_ >= kSyncBytes) {
      status = Check(output_->Sync(IOOptions(), nullptr), "syncing");
      unsynced_ = 0;
    }
    return status;
  }

  // Not deleting it is harmless: the next start does.
  void Delete() {
    ::rocksdb::FileSystem& files = owner_.files_;
    files.DeleteFile(Temporary(), IOOptions(), nullptr).PermitUncheckedError();
    files.DeleteFile(path_, IOOptions(), nullptr).PermitUncheckedError();
  }

  SnapshotFiles& owner_;
  const GroupId group_;
  const uint64_t number_;
  const std::string path_;  // Once it is finished.
  std::unique_ptr<::rocksdb::FSWritableFile> output_;
  std::string buffer_;
  uint64_t unsynced_ = 0;
  uint64_t size_ = 0;
  uint32_t checksum_ = 0;
  absl::Status failure_;  // The first; no sync is tried again after one (F4).
};

SnapshotFiles::SnapshotFiles(::rocksdb::FileSystem& files, std::string path, Space& space)
    : files_(files), path_(std::move(path)), space_(space) {}

absl::StatusOr<uint64_t> SnapshotFiles::Sweep(
    const std::function<bool(GroupId, uint64_t file)>& is_referred_to) {
  std::vector<std::string> names;
  absl::Status status = ToStatus(files_.GetChildren(path_, IOOptions(), &names, nullptr),
                                 "listing the directory " + path_);
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  uint64_t deleted = 0;
  for (const std::string& name : names) {
    const std::optional<FileName> parsed = ParseFileName(name);
    if (!parsed) continue;
    last_file_ = std::max(last_file_, parsed->file);
    if (!parsed->is_temporary && is_referred_to(parsed->group, parsed->file)) continue;
    status = ToStatus(files_.DeleteFile(path_ + "/" + name, IOOptions(), nullptr),
                      "deleting the unused snapshot " + name);
    if (!status.ok()) return status;
    ++deleted;
  }
  return deleted;
}

absl::StatusOr<std::unique_ptr<SnapshotWriter>> SnapshotFiles::Create(GroupId group) {
  space_.Refresh();
  if (!space_.HasRoomForSnapshot()) {
    return absl::ResourceExhaustedError("too little space is left in " + path_ +
                                        " to begin a snapshot");
  }
  uint64_t file = 0;
  {
    const std::lock_guard lock(mutex_);
    file = ++last_file_;
  }
  const std::string path = PathOf(group, file);
  std::unique_ptr<::rocksdb::FSWritableFile> output;
  absl::Status status = ToStatus(
      files_.NewWritableFile(path + std::string(kTemporarySuffix), FileOptions(), &output, nullptr),
      "creating the snapshot " + path);
  if (!status.ok()) return status;
  return std::make_unique<SnapshotFileWriter>(*this, group, file, path, std::move(output));
}

void SnapshotFiles::Stage(uint64_t file, Staged staged) {
  const std::lock_guard lock(mutex_);
  staged_.emplace(file, staged);
}

bool SnapshotFiles::TakeStaged(GroupId group, StagedSnapshot staged, const SnapshotMeta& meta) {
  const std::lock_guard lock(mutex_);
  const auto found = staged_.find(staged.value());
  if (found == staged_.end() || found->second.group != group || found->second.size != meta.size ||
      found->second.checksum != meta.checksum) {
    return false;
  }
  staged_.erase(found);
  return true;
}

void SnapshotFiles::Discard(GroupId group, StagedSnapshot staged) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = staged_.find(staged.value());
    if (found == staged_.end() || found->second.group != group) return;
    staged_.erase(found);
  }
  Remove(group, staged.value());
}

void SnapshotFiles::Remove(GroupId group, uint64_t file) {
  // If it stays, the next start deletes it.
  files_.DeleteFile(PathOf(group, file), IOOptions(), nullptr).PermitUncheckedError();
}

std::string SnapshotFiles::PathOf(GroupId group, uint64_t file) const {
  return path_ + "/" + std::to_string(group.value()) + "-" + std::to_string(file) +
         std::string(kSuffix);
}

absl::Status SnapshotFiles::Verify(GroupId group, const SnapshotRecord& record) const {
  const std::string path = PathOf(group, record.file);
  uint64_t size = 0;
  const ::rocksdb::IOStatus status = files_.GetFileSize(path, IOOptions(), &size, nullptr);
  if (status.IsNotFound() || status.IsPathNotFound()) return Damaged(group, path, "is missing");
  if (!status.ok()) return ToStatus(status, "looking at the snapshot " + path);
  if (size == record.meta.size) return absl::OkStatus();
  return Damaged(
      group, path,
      "has " + std::to_string(size) + " bytes instead of " + std::to_string(record.meta.size));
}

absl::StatusOr<std::unique_ptr<ByteSource>> SnapshotFiles::Read(
    GroupId group, const SnapshotRecord& record) const {
  absl::Status status = Verify(group, record);
  if (!status.ok()) return status;
  const std::string path = PathOf(group, record.file);
  std::unique_ptr<::rocksdb::FSSequentialFile> file;
  status = ToStatus(files_.NewSequentialFile(path, FileOptions(), &file, nullptr),
                    "opening the snapshot " + path);
  if (!status.ok()) return status;
  return std::make_unique<SnapshotFileSource>(std::move(file), group, path, record.meta);
}

}  // namespace synod::rocksdb
