#include "log_writer.h"

#include <utility>

#include "synod/base/assert.h"
#include "synod/base/mutation.h"

namespace synod::wal {
namespace {

// A buffer that one huge write has blown up is given back.
constexpr size_t kMaxKeptBytes = 8 * 1024 * 1024;

}  // namespace

LogWriter::LogWriter(FileSystem& files, std::string directory, uint64_t last, uint64_t position,
                     Link link)
    : files_(files),
      directory_(std::move(directory)),
      segment_{.number = last, .position = position},
      end_(position),
      link_(link) {}

absl::Status LogWriter::BeginSegment(const StoreIdentity& identity, const Checkpoint& checkpoint) {
  SYNOD_ASSERT(buffer_.empty(), "a segment begins where the one before was synced");
  const SegmentHeader header{
      .number = segment_.number + 1, .identity = identity, .position = end_, .link = link_};
  const SegmentHeaderBuffer bytes = EncodeSegmentHeader(header);
  std::string first(bytes.data(), bytes.size());
  first.append(kRecordHeaderBytes, '\0');
  EncodeCheckpoint(checkpoint, first);
  seed_ = SeedOf(identity.incarnation);
  link_ = SealRecord(first, kSegmentHeaderBytes, RecordKind::kCheckpoint,
                     {.offset = kSegmentHeaderBytes,
                      .position = end_,
                      .synced = end_,
                      .seed = seed_,
                      .link = link_});

  auto file = files_.Create(directory_ + "/" + SegmentName(header.number));
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Append(first);
  if (status.ok()) status = (*file)->Sync();
  // Else the file, and all that is acknowledged in it, could be gone after a power cut (F6).
  const bool syncs_names = !Mutated(Mutation::kNoSegmentDirectorySync);
  if (status.ok() && syncs_names) status = files_.SyncDirectory(directory_);
  if (!status.ok()) return status;
  file_ = *std::move(file);
  segment_ = {.number = header.number, .position = header.position};
  end_ += first.size() - kSegmentHeaderBytes;
  return absl::OkStatus();
}

std::string& LogWriter::BeginRecord() {
  record_start_ = buffer_.size();
  buffer_.append(kRecordHeaderBytes, '\0');
  return buffer_;
}

void LogWriter::EndRecord(RecordKind kind) {
  link_ = SealRecord(buffer_, record_start_, kind,
                     {.offset = segment_bytes() + record_start_,
                      .position = PositionOf(record_start_),
                      .synced = end_,
                      .seed = seed_,
                      .link = link_});
}

absl::Status LogWriter::Commit() {
  absl::Status status = file_->Append(buffer_);
  if (status.ok() && !Mutated(Mutation::kNoFileSync)) status = file_->Sync();
  if (Mutated(Mutation::kRetryFsync) && absl::IsInternal(status)) status = file_->Sync();
  if (!status.ok()) return status;
  end_ += buffer_.size();
  buffer_.clear();
  if (buffer_.capacity() > kMaxKeptBytes) buffer_.shrink_to_fit();
  return absl::OkStatus();
}

}  // namespace synod::wal
