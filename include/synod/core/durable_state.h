// What a replica must find again after a crash, and the writes that put it there.
#ifndef SYNOD_CORE_DURABLE_STATE_H_
#define SYNOD_CORE_DURABLE_STATE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "synod/base/ids.h"
#include "synod/core/configuration.h"
#include "synod/core/entry.h"

namespace synod {

// Whose disk this is. Written once, when the store is bootstrapped; one per store.
struct StoreIdentity {
  ClusterId cluster;
  NodeId node;
  Incarnation incarnation;

  friend bool operator==(const StoreIdentity&, const StoreIdentity&) = default;
};

// The incarnation under which a member first introduced itself here. Once recorded it never
// changes: a vote or an ack of another incarnation comes from a disk that has forgotten what the
// recorded one promised (I3, I9).
struct KnownPeer {
  NodeId node;
  Incarnation incarnation;

  friend bool operator==(const KnownPeer&, const KnownPeer&) = default;
};

// What must be durable before a message that depends on it leaves (Raft §5.1). Written whole, each
// time it changes.
struct HardState {
  Term term;
  NodeId vote;  // For whom in `term`; 0: nobody yet.
  // Of whose disk: two of one name, of which one replaces the other, are two candidates.
  Incarnation vote_incarnation = {};
  // Sorted by node. This node itself is the last to be recorded: once every other is, and has said
  // that it has recorded this one.
  std::vector<KnownPeer> peers;

  friend bool operator==(const HardState&, const HardState&) = default;
};

// What a snapshot stands for. It replaces the log up to and including `index`.
struct SnapshotMeta {
  Index index;
  Term term;                    // Of the entry at `index`.
  Configuration configuration;  // In force at `index`.
  uint64_t size = 0;            // Bytes of the state machine's image.
  uint32_t checksum = 0;        // CRC-32C of the image.

  friend bool operator==(const SnapshotMeta&, const SnapshotMeta&) = default;
};

// Everything a store holds of one group, as found at start-up.
struct DurableState {
  Configuration initial_configuration;  // Empty: the replica waits to be made a member.
  HardState hard_state;
  SnapshotMeta snapshot;  // index 0: none.
  // Contiguous. If LogCountsAsSnapshots, the first is at snapshot.index + 1 or before it.
  std::vector<Entry> entries;
};

// A snapshot that becomes the group's own in the same atomic step as the rest of a write.
struct InstallStaged {
  StagedSnapshot staged;
  SnapshotMeta meta;
  bool resets_log = false;  // The whole log goes: the snapshot comes from a peer and our log is not
                            // known to agree with it.
};

// One atomic change to a group's durable state. The fields take effect in this order.
struct Persist {
  PersistToken token;                     // 0: nothing to write.
  std::optional<HardState> hard_state;    // Replaces the one there.
  std::optional<InstallStaged> snapshot;  // Installed; the file it replaces may go.
  std::optional<Index>
      truncate_from;  // Entries at and above it go (I5: none of them is acked as durable any more).
  std::optional<Index> compact_to;  // Entries up to and including it go: none that the installed
                                    // snapshot does not stand for.
  std::vector<Entry> entries;       // Appended; contiguous, directly above what is left.

  [[nodiscard]] bool IsEmpty() const {
    return !hard_state && !snapshot && !truncate_from && !compact_to && entries.empty();
  }
};

}  // namespace synod

#endif  // SYNOD_CORE_DURABLE_STATE_H_
