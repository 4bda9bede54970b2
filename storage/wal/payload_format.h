// The disk format: what is in a record of each kind, and in an entry (README.md, "Disk format").
#ifndef SYNOD_STORAGE_WAL_PAYLOAD_FORMAT_H_
#define SYNOD_STORAGE_WAL_PAYLOAD_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/core/durable_state.h"
#include "synod/port/log_store.h"

#include "storage/files/snapshot_files.h"

namespace synod::wal {

using storage::SnapshotRecord;

// Where an entry is.
struct EntryAt {
  Term term;
  uint64_t position = 0;  // In the log, of its header. 0: in no segment that is there.
  uint32_t size = 0;      // Of header and payload.
};

// Each entry in a record begins with its size u32, its checksum u32, its term u64 and its kind u8.
// The checksum covers the group and the index too, so that an entry read from a wrong place is
// found out.
inline constexpr size_t kEntryHeaderBytes = 4 + 4 + 8 + 1;

// `bytes` are an entry's header and payload. kDataLoss if they are not those of this entry;
// kFailedPrecondition if its kind is not known to this version.
[[nodiscard]] absl::StatusOr<Entry> DecodeEntry(GroupId group, Index index, std::string_view bytes);

// --- Batches. Encoded group by group.

void EncodeBatchHeader(size_t groups, std::string& out);
// Returns where in `out` the first entry begins.
size_t EncodeGroupWrite(const GroupWrite& write, std::string& out);
// At least the bytes that the two append, so that a batch that is too large is known before.
[[nodiscard]] uint64_t EncodedBytes(const std::vector<GroupWrite>& batch);

// A GroupWrite as it is read back: its entries stay where they are.
struct LoggedWrite {
  GroupId group;
  Persist persist;  // Without entries.
  Index first;      // Of `entries`.
  std::vector<EntryAt> entries;
};

// `position` is the payload's. kDataLoss for what the encoding functions cannot have written.
[[nodiscard]] absl::StatusOr<std::vector<LoggedWrite>> DecodeBatch(std::string_view payload,
                                                                   uint64_t position);

// --- Bootstraps.

struct BootstrapRecord {
  StoreIdentity identity;
  GroupId group;
  Configuration initial;
};

void EncodeBootstrap(const BootstrapRecord& record, std::string& out);
[[nodiscard]] absl::StatusOr<BootstrapRecord> DecodeBootstrap(std::string_view payload);

// --- Checkpoints.

// All of a group but its entries, of which it says which there are.
struct GroupCheckpoint {
  GroupId group;
  Configuration initial;
  HardState hard_state;
  SnapshotRecord snapshot;
  Index head;  // The log's entries are (head, last].
  Index last;
};

struct Checkpoint {
  StoreIdentity identity;               // Zero: never bootstrapped.
  std::vector<GroupCheckpoint> groups;  // Sorted.
};

// Equal states give equal bytes.
void EncodeCheckpoint(const Checkpoint& checkpoint, std::string& out);
[[nodiscard]] absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view payload);

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_PAYLOAD_FORMAT_H_
