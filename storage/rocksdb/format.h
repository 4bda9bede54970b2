// The disk format: keys and values of the database (README.md, "Disk format").
#ifndef SYNOD_STORAGE_ROCKSDB_FORMAT_H_
#define SYNOD_STORAGE_ROCKSDB_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/core/durable_state.h"

#include "storage/files/snapshot_files.h"

namespace synod::rocksdb {

// The version of everything below the store's directory. Raised with every change that an older
// version of this library would misread.
inline constexpr uint32_t kFormatVersion = 5;

// --- Keys. Numbers in them are big-endian, so that they sort as numbers.

enum class GroupRecord : char {
  kConfiguration = 'c',  // The initial one. Written once, so its presence is the group's.
  kHardState = 'h',
  kLogHead = 'l',
  kSnapshot = 's',
};

inline constexpr std::string_view kIdentityKey = "I";
inline constexpr std::string_view kGroupPrefix = "G";

[[nodiscard]] std::string GroupKey(GroupId group, GroupRecord record);

// The group and the record that a key which begins with kGroupPrefix names; nothing if it is none
// of GroupKey's.
struct ParsedGroupKey {
  GroupId group;
  GroupRecord record;
};
[[nodiscard]] std::optional<ParsedGroupKey> ParseGroupKey(std::string_view key);

inline constexpr size_t kEntryKeyBytes = 1 + 8 + 8;
using EntryKeyBuffer = std::array<char, kEntryKeyBytes>;

[[nodiscard]] EntryKeyBuffer EntryKey(GroupId group, Index index);
// The index in an entry's key; nothing if the key is no entry's of `group`.
[[nodiscard]] std::optional<Index> ParseEntryKey(GroupId group, std::string_view key);

// --- The chain. An entry's link covers its predecessor's link, so that an entry is right only
// where it stands: one that is lost, moved, or left over from before a truncation breaks the chain
// (F3).

using Link = uint32_t;

// What the first entry of a group's log hangs on.
[[nodiscard]] Link RootLink(GroupId group);
// What the first entry behind a snapshot that replaced the whole log hangs on.
[[nodiscard]] Link SnapshotLink(GroupId group, Index index, Term term);
[[nodiscard]] Link NextLink(Link predecessor, const Entry& entry);

// --- No sector that a write has filled is all zero, nor its part of one that it shares, so that
// one which is was never written (docs/decisions/0007-zeros-ahead-of-the-log.md).

// What every write ends in. No end of it is zero, nor becomes so by one flipped bit.
inline constexpr std::string_view kWriteEnd = "\xe7\x1d\x9b\xd6";

// Whether as many zeros follow each other in `payload` that it must be stuffed.
[[nodiscard]] bool NeedsStuffing(std::string_view payload);
// `payload` with a byte that is not zero behind each 128 of its own.
[[nodiscard]] std::string Stuff(std::string_view payload);

// --- Values.

// An entry's value is this header and then the payload, stuffed if it needs it.
inline constexpr size_t kEntryHeaderBytes = 4 + 8 + 1;  // Link, term, kind.
using EntryHeaderBuffer = std::array<char, kEntryHeaderBytes>;

[[nodiscard]] EntryHeaderBuffer EntryHeader(Link link, const Entry& entry, bool is_stuffed);

struct DecodedEntry {
  Link link = 0;
  Entry entry;  // With a copy of the payload.
};
// kDataLoss if the value does not match its format; kFailedPrecondition if its kind is not known to
// this version.
[[nodiscard]] absl::StatusOr<DecodedEntry> DecodeEntry(Index index, std::string_view value);

// The position just before the first entry: entries at and below `index` are gone.
struct LogHead {
  Index index;
  Link link = 0;  // Of the entry at `index`, or what stands for it.
};

using storage::SnapshotRecord;

// Every record ends in a CRC-32C over its key and its body, so that one in another's place is
// found out.
[[nodiscard]] std::string EncodeIdentity(const StoreIdentity& identity);
[[nodiscard]] std::string EncodeConfiguration(GroupId group, const Configuration& configuration);
[[nodiscard]] std::string EncodeHardState(GroupId group, const HardState& state);
[[nodiscard]] std::string EncodeLogHead(GroupId group, const LogHead& head);
[[nodiscard]] std::string EncodeSnapshot(GroupId group, const SnapshotRecord& record);

// kDataLoss, naming the record, for whatever the matching Encode cannot have written.
[[nodiscard]] absl::StatusOr<StoreIdentity> DecodeIdentity(std::string_view value);
[[nodiscard]] absl::StatusOr<Configuration> DecodeConfiguration(GroupId group,
                                                                std::string_view value);
[[nodiscard]] absl::StatusOr<HardState> DecodeHardState(GroupId group, std::string_view value);
[[nodiscard]] absl::StatusOr<LogHead> DecodeLogHead(GroupId group, std::string_view value);
[[nodiscard]] absl::StatusOr<SnapshotRecord> DecodeSnapshot(GroupId group, std::string_view value);

}  // namespace synod::rocksdb

#endif  // SYNOD_STORAGE_ROCKSDB_FORMAT_H_
