#include "storage/files/snapshot_files.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "synod/base/crc32c.h"
#include "synod/base/mutation.h"
#include "synod/base/probe.h"

namespace synod::storage {
namespace {

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
  Reached("damaged snapshot refused");
  return absl::DataLossError(
      "group " + std::to_string(group.value()) + ": the snapshot " + path + " " +
      std::string(what) +
      ". Nothing was repaired. Keep the directory and treat this member as lost.");
}

class SnapshotFileSource final : public ByteSource {
 public:
  SnapshotFileSource(std::unique_ptr<File> file, GroupId group, std::string path,
                     const SnapshotMeta& meta)
      : file_(std::move(file)),
        group_(group),
        path_(std::move(path)),
        size_(meta.size),
        checksum_(meta.checksum) {}

  absl::StatusOr<size_t> Read(std::span<char> out) override {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - read_));
    const auto count = file_->ReadAt(read_, out.first(wanted));
    if (!count.ok()) return count.status();
    if (*count < wanted) {
      return Damaged(group_, path_, "ends at offset " + std::to_string(read_ + *count));
    }
    computed_ = Crc32c(computed_, {out.data(), wanted});
    read_ += wanted;
    // Together with the last bytes, so that nobody takes a damaged image for complete.
    if (read_ == size_ && computed_ != checksum_) {
      return Damaged(group_, path_, "does not match its checksum");
    }
    return wanted;
  }

 private:
  const std::unique_ptr<File> file_;
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
                     std::unique_ptr<File> output)
      : owner_(owner),
        group_(group),
        number_(file),
        path_(std::move(path)),
        output_(std::move(output)) {
    buffer_.reserve(kBufferBytes);
  }

  ~SnapshotFileWriter() override {
    if (output_ != nullptr) Delete();
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
    FileSystem& files = owner_.files_;
    if (failure_.ok()) failure_ = Flush();
    if (failure_.ok() && !Mutated(Mutation::kSnapshotNotSynced)) failure_ = output_->Sync();
    if (failure_.ok()) failure_ = files.Rename(Temporary(), path_);
    const bool syncs_names = !Mutated(Mutation::kNoSnapshotDirectorySync);
    if (failure_.ok() && syncs_names) failure_ = files.SyncDirectory(owner_.path_);
    if (!failure_.ok()) return failure_;
    output_.reset();
    owner_.Stage(number_, {.group = group_, .size = size_, .checksum = checksum_});
    return StagedSnapshot(number_);
  }

 private:
  static constexpr size_t kBufferBytes = 256 * 1024;
  // So little is ever unsynced that the log's own syncs, on the same disk, need not wait long.
  static constexpr uint64_t kSyncBytes = 8 * 1024 * 1024;

  [[nodiscard]] std::string Temporary() const { return path_ + std::string(kTemporarySuffix); }

  absl::Status Flush() {
    owner_.space_.Refresh();
    if (!owner_.space_.HasRoomForSnapshot()) {
      return absl::ResourceExhaustedError("too little space is left to write the snapshot " +
                                          path_);
    }
    absl::Status status = output_->Append(buffer_);
    unsynced_ += buffer_.size();
    buffer_.clear();
    if (status.ok() && unsynced_ >= kSyncBytes) {
      status = output_->Sync();
      unsynced_ = 0;
    }
    return status;
  }

  // Not deleting it is harmless: the next start does.
  void Delete() {
    owner_.files_.Remove(Temporary()).IgnoreError();
    owner_.files_.Remove(path_).IgnoreError();
  }

  SnapshotFiles& owner_;
  const GroupId group_;
  const uint64_t number_;
  const std::string path_;  // Once it is finished.
  std::unique_ptr<File> output_;
  std::string buffer_;
  uint64_t unsynced_ = 0;
  uint64_t size_ = 0;
  uint32_t checksum_ = 0;
  absl::Status failure_;  // The first; no sync is tried again after one (F4).
};

SnapshotFiles::SnapshotFiles(FileSystem& files, std::string path, Space& space)
    : files_(files), path_(std::move(path)), space_(space) {}

absl::StatusOr<uint64_t> SnapshotFiles::Sweep(
    const std::function<bool(GroupId, uint64_t file)>& is_referred_to) {
  const auto names = files_.List(path_);
  if (!names.ok()) return names.status();
  const std::lock_guard lock(mutex_);
  uint64_t deleted = 0;
  for (const std::string& name : *names) {
    const std::optional<FileName> parsed = ParseFileName(name);
    if (!parsed) continue;
    last_file_ = std::max(last_file_, parsed->file);
    if (!parsed->is_temporary && is_referred_to(parsed->group, parsed->file)) continue;
    absl::Status status = files_.Remove(path_ + "/" + name);
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
  auto output = files_.Create(path + std::string(kTemporarySuffix));
  if (!output.ok()) return output.status();
  return std::make_unique<SnapshotFileWriter>(*this, group, file, path, *std::move(output));
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
  files_.Remove(PathOf(group, file)).IgnoreError();
}

std::string SnapshotFiles::PathOf(GroupId group, uint64_t file) const {
  return path_ + "/" + std::to_string(group.value()) + "-" + std::to_string(file) +
         std::string(kSuffix);
}

absl::StatusOr<std::unique_ptr<ByteSource>> SnapshotFiles::Read(
    GroupId group, const SnapshotRecord& record) const {
  const std::string path = PathOf(group, record.file);
  auto file = files_.Open(path);
  if (absl::IsNotFound(file.status())) return Damaged(group, path, "is missing");
  if (!file.ok()) return file.status();
  const auto size = (*file)->Size();
  if (!size.ok()) return size.status();
  if (*size != record.meta.size) {
    return Damaged(
        group, path,
        "has " + std::to_string(*size) + " bytes instead of " + std::to_string(record.meta.size));
  }
  return std::make_unique<SnapshotFileSource>(*std::move(file), group, path, record.meta);
}

}  // namespace synod::storage
