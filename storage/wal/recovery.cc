#include "recovery.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "synod/base/mutation.h"
#include "synod/base/probe.h"

#include "log_reader.h"
#include "segment_reader.h"
#include "storage/files/read_file.h"

namespace synod::wal {
namespace {

class Recovery {
 public:
  Recovery(FileSystem& files, const std::string& directory, bool is_complete)
      : files_(files), directory_(directory), is_complete_(is_complete) {}

  absl::StatusOr<Recovered> Run();

 private:
  // A segment while it is read.
  struct Reading {
    uint64_t number = 0;
    std::string path;
    std::string bytes;
    bool is_last = false;
    // Of the state at its beginning, encoded; nothing if that is in segments that are gone.
    std::optional<std::string> checkpoint;
    SegmentHeader header;
  };

  absl::StatusOr<std::vector<uint64_t>> List();
  absl::Status ReadSegment(Reading& segment);
  absl::Status CheckHeader(const Reading& segment) const;
  // False if the segment was torn before its first sync, and is gone.
  absl::StatusOr<bool> ReadBeginning(Reading& segment, SegmentReader& reader);
  absl::Status LoadCheckpoint(const Reading& segment, std::string_view payload);
  absl::Status ReplayRecord(const Reading& segment, const Record& record);
  absl::Status ReplayBootstrap(const Reading& segment, const Record& record);
  absl::Status ReplayBatch(const Record& record);
  absl::Status CheckLocations() const;
  // Cuts what is torn. Nothing is changed before all is known to be well.
  absl::Status Repair();
  absl::Status RewriteTail();

  // Whether the segment may be one whose header and checkpoint were being written when the power
  // went. Nothing in it was acknowledged then. They are synced before anything follows them, so a
  // longer file was beyond that.
  [[nodiscard]] bool MayBeUnsynced(const Reading& segment) const;
  void RemoveTorn(const Reading& segment, std::string_view why);
  void CutTorn(const Reading& segment, const Damage& damage);
  [[nodiscard]] absl::Status Damaged(const std::string& path, uint64_t offset,
                                     std::string_view why) const;
  [[nodiscard]] absl::Status Lost(std::string_view what) const;

  FileSystem& files_;
  const std::string& directory_;
  const bool is_complete_;
  Recovered result_;
  std::string torn_file_;                 // Empty: none.
  std::optional<uint64_t> intact_bytes_;  // Of torn_file_; nothing: all of it goes.
};

absl::Status Recovery::Lost(std::string_view what) const {
  Reached("damaged log refused");
  return absl::DataLossError(
      "the log store " + directory_ +
      " is damaged, and what is lost may have been acknowledged: " + std::string(what) +
      ". Nothing was repaired. Keep the directory and treat this member as lost: the others go on "
      "without it, and refuse it if it is bootstrapped anew.");
}

absl::Status Recovery::Damaged(const std::string& path, uint64_t offset,
                               std::string_view why) const {
  return Lost(path + ", offset " + std::to_string(offset) + ": " + std::string(why));
}

absl::StatusOr<Recovered> Recovery::Run() {
  const auto numbers = List();
  if (!numbers.ok()) return numbers.status();
  for (const uint64_t number : *numbers) {
    Reading segment{.number = number,
                    .path = directory_ + "/" + SegmentName(number),
                    .bytes = {},
                    .is_last = number == numbers->back(),
                    .checkpoint = {},
                    .header = {}};
    absl::Status status = ReadSegment(segment);
    if (!status.ok()) return status;
  }
  absl::Status status = CheckLocations();
  if (status.ok()) status = Repair();
  if (status.ok()) status = RewriteTail();
  if (!status.ok()) return status;
  return std::move(result_);
}

absl::StatusOr<std::vector<uint64_t>> Recovery::List() {
  const auto names = files_.List(directory_);
  if (!names.ok()) return names.status();
  std::vector<uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const auto number = ParseSegmentName(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  if (numbers.empty() && is_complete_) return Lost("all of its segment files are missing");
  for (size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] == numbers[i - 1] + 1) continue;
    return Lost(directory_ + "/" + SegmentName(numbers[i - 1] + 1) +
                " is missing, though files before it and behind it are there");
  }
  return numbers;
}

bool Recovery::MayBeUnsynced(const Reading& segment) const {
  if (!segment.is_last || !segment.checkpoint) return false;
  if (result_.segments.empty() && is_complete_) return false;
  return segment.bytes.size() <= kSegmentHeaderBytes + RecordBytes(segment.checkpoint->size());
}

absl::Status Recovery::ReadSegment(Reading& segment) {
  auto bytes = storage::ReadFile(files_, segment.path);
  if (!bytes.ok()) return bytes.status();
  segment.bytes = *std::move(bytes);
  // What precedes the first segment that is there was given up once nobody needed it; only the very
  // first of all begins with nothing.
  if (!result_.segments.empty() || segment.number == 1) {
    EncodeCheckpoint(result_.state.ToCheckpoint(), segment.checkpoint.emplace());
  }

  const std::string_view head = std::string_view(segment.bytes).substr(0, kSegmentHeaderBytes);
  const bool was_written =
      head.size() == kSegmentHeaderBytes && head.find_first_not_of('\0') != std::string_view::npos;
  if (!was_written && MayBeUnsynced(segment)) {
    RemoveTorn(segment, "it has no header");
    return absl::OkStatus();
  }
  auto header = DecodeSegmentHeader(head);
  if (!header.ok()) return Damaged(segment.path, 0, std::string(header.status().message()));
  segment.header = *header;
  absl::Status status = CheckHeader(segment);
  if (!status.ok()) return status;

  SegmentReader reader(segment.bytes, segment.header);
  const auto begins = ReadBeginning(segment, reader);
  if (!begins.ok() || !*begins) return begins.status();
  Record record;
  while (reader.Next(record)) {
    status = ReplayRecord(segment, record);
    if (!status.ok()) return status;
  }
  if (const auto& damage = reader.damage()) {
    if (!segment.is_last || !damage->is_torn) {
      return Damaged(segment.path, damage->offset, damage->reason);
    }
    CutTorn(segment, *damage);
  }
  result_.segments.push_back({.number = segment.number, .position = segment.header.position});
  result_.position = reader.position();
  result_.link = reader.link();
  return absl::OkStatus();
}

absl::Status Recovery::CheckHeader(const Reading& segment) const {
  const SegmentHeader& header = segment.header;
  if (header.number != segment.number) {
    return Damaged(segment.path, 0,
                   "its header is that of segment " + std::to_string(header.number));
  }
  if (segment.checkpoint && header.position != result_.position) {
    return Damaged(segment.path, 0,
                   "it begins at position " + std::to_string(header.position) +
                       ", but what precedes it ends at " + std::to_string(result_.position));
  }
  if (segment.checkpoint && header.link != result_.link) {
    return Damaged(segment.path, 0, "it does not continue the chain of what precedes it");
  }
  if (result_.state.identity && *result_.state.identity != header.identity) {
    return Damaged(segment.path, 0, "it belongs to another store");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Recovery::ReadBeginning(Reading& segment, SegmentReader& reader) {
  Record record;
  if (!reader.Next(record)) {
    const Damage damage =
        reader.damage().value_or(Damage{.offset = reader.offset(),
                                        .reason = "the file ends before its checkpoint",
                                        .is_torn = true});
    if (!damage.is_torn || !MayBeUnsynced(segment)) {
      return Damaged(segment.path, damage.offset, damage.reason);
    }
    RemoveTorn(segment, damage.reason);
    return false;
  }
  absl::Status status;
  if (record.kind != RecordKind::kCheckpoint) {
    status = Damaged(segment.path, kSegmentHeaderBytes, "it does not begin with a checkpoint");
  } else if (!segment.checkpoint) {
    status = LoadCheckpoint(segment, record.payload);
  } else if (record.payload != *segment.checkpoint) {
    status = Damaged(segment.path, kSegmentHeaderBytes,
                     "its checkpoint is not the state to which the log before it leads");
  }
  if (!status.ok()) return status;
  return true;
}

absl::Status Recovery::LoadCheckpoint(const Reading& segment, std::string_view payload) {
  const auto checkpoint = DecodeCheckpoint(payload);
  if (!checkpoint.ok()) {
    return Damaged(segment.path, kSegmentHeaderBytes, std::string(checkpoint.status().message()));
  }
  State& state = result_.state;
  if (checkpoint->identity != StoreIdentity()) {
    if (checkpoint->identity != segment.header.identity) {
      return Damaged(segment.path, kSegmentHeaderBytes, "its checkpoint is another store's");
    }
    state.identity = checkpoint->identity;
  }
  for (const GroupCheckpoint& group : checkpoint->groups) {
    state.groups.emplace(group.group, Group(group));
  }
  return absl::OkStatus();
}

absl::Status Recovery::ReplayRecord(const Reading& segment, const Record& record) {
  const uint64_t offset =
      kSegmentHeaderBytes + record.payload_position - kRecordHeaderBytes - segment.header.position;
  absl::Status status;
  switch (record.kind) {
    case RecordKind::kBatch:
      status = ReplayBatch(record);
      break;
    case RecordKind::kBootstrap:
      status = ReplayBootstrap(segment, record);
      break;
    case RecordKind::kCheckpoint:
      status = absl::DataLossError("a checkpoint is not at the beginning of its segment");
      break;
    default:
      return absl::FailedPreconditionError(
          segment.path + ", offset " + std::to_string(offset) +
          ": a record is of a kind that this version does not know. Nothing was changed. Start "
          "the newer version.");
  }
  return status.ok() ? status : Damaged(segment.path, offset, std::string(status.message()));
}

absl::Status Recovery::ReplayBootstrap(const Reading& segment, const Record& record) {
  auto bootstrap = DecodeBootstrap(record.payload);
  if (!bootstrap.ok()) return bootstrap.status();
  if (bootstrap->identity != segment.header.identity) {
    return absl::DataLossError("a group was created for another store");
  }
  State& state = result_.state;
  state.identity = bootstrap->identity;
  const GroupId group = bootstrap->group;
  if (!state.groups.emplace(group, Group(group, std::move(bootstrap->initial))).second) {
    return absl::DataLossError("group " + std::to_string(group.value()) + " is created twice");
  }
  return absl::OkStatus();
}

absl::Status Recovery::ReplayBatch(const Record& record) {
  const auto writes = DecodeBatch(record.payload, record.payload_position);
  if (!writes.ok()) return writes.status();
  for (const LoggedWrite& write : *writes) {
    const auto found = result_.state.groups.find(write.group);
    if (found == result_.state.groups.end()) {
      return absl::DataLossError("write to group " + std::to_string(write.group.value()) +
                                 ", which was never bootstrapped");
    }
    Group& group = found->second;
    absl::Status status = group.Stage(write.persist, write.first, write.entries.size());
    if (!status.ok()) return status;
    group.Apply(write.persist);
    for (const EntryAt& entry : write.entries) group.Append(entry);
  }
  return absl::OkStatus();
}

absl::Status Recovery::CheckLocations() const {
  if (result_.segments.empty()) return absl::OkStatus();
  const Segment& first = result_.segments.front();
  for (const auto& [id, group] : result_.state.groups) {
    const auto oldest = group.OldestPosition();
    if (!oldest || *oldest >= first.position) continue;
    return Lost(directory_ + "/" + SegmentName(first.number - 1) +
                " is missing, or one before it: entry " +
                std::to_string((group.head() + 1).value()) + " of group " +
                std::to_string(id.value()) + " was there");
  }
  return absl::OkStatus();
}

// What an earlier process has written is seen here, whether it was killed before the sync, or the
// sync failed. From now on others rely on it.
absl::Status Recovery::RewriteTail() {
  if (result_.segments.empty()) return absl::OkStatus();
  const std::string path = directory_ + "/" + SegmentName(result_.segments.back().number);
  absl::Status status = Mutated(Mutation::kNoTailSync) ? absl::OkStatus() : files_.Rewrite(path);
  if (status.ok()) status = files_.SyncDirectory(directory_);
  return status;
}

void Recovery::RemoveTorn(const Reading& segment, std::string_view why) {
  Reached("torn segment removed");
  torn_file_ = segment.path;
  result_.torn = segment.path + " was never synced (" + std::string(why) + ") and is removed";
}

void Recovery::CutTorn(const Reading& segment, const Damage& damage) {
  Reached("torn tail cut");
  torn_file_ = segment.path;
  intact_bytes_ = damage.offset;
  result_.torn = segment.path + " is cut from " + std::to_string(segment.bytes.size()) + " to " +
                 std::to_string(damage.offset) + " bytes: " + damage.reason +
                 ", and nothing behind was ever synced";
}

absl::Status Recovery::Repair() {
  if (torn_file_.empty() || Mutated(Mutation::kTornTailKept)) return absl::OkStatus();
  if (intact_bytes_) return files_.Truncate(torn_file_, *intact_bytes_);
  // Should it come back, it is as torn as it was.
  return files_.Remove(torn_file_);
}

}  // namespace

absl::StatusOr<Recovered> Recover(FileSystem& files, const std::string& directory,
                                  bool is_complete) {
  return Recovery(files, directory, is_complete).Run();
}

}  // namespace synod::wal
