// What a core asks of the world after an input. The fields are in the order in which they must be
// carried out.
#ifndef SYNOD_CORE_OUTPUT_H_
#define SYNOD_CORE_OUTPUT_H_

#include <optional>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/configuration.h"
#include "synod/core/durable_state.h"
#include "synod/core/entry.h"
#include "synod/core/message.h"
#include "synod/core/outcome.h"

namespace synod {

// A message and the write that must be durable before it leaves; 0: none, it may leave at once.
struct Outgoing {
  Message message;
  PersistToken after;
};

// An entry to apply, and whose it is.
struct Committed {
  Entry entry;
  RequestId request;  // Of this replica's own proposal; 0: of another's, or from before a restart.
};

// A snapshot to send to a peer that the log no longer reaches. Ends with Engine::SnapshotSendEnded.
struct SendSnapshot {
  NodeId to;
  Term term;  // The leader's; the transfer is void once the term has passed.
};

// The state machine is to be replaced by the snapshot installed at `index`, once that write is
// durable.
struct Restore {
  SnapshotMeta meta;
  PersistToken after;
};

// A read that may be served once `index` is applied.
struct ReadReady {
  RequestId request;
  Index index;
};

// Something that an operator should hear of.
struct Alert {
  enum class Kind : uint8_t {
    kConfigurationMismatch,  // `peer` was bootstrapped with other initial members.
    kPeerWiped,              // `peer` came back under another incarnation: its disk was replaced.
    kSelfWiped,  // The peers remember another incarnation of this node: it may not take part.
    kUnsafeTruncation,  // `peer` asked to overwrite a committed entry (R10).
    kInvalidMessage,    // `peer` sent what no correct replica sends.
    kRemoved,           // `peer` says that this replica is not a member any more (M7).
    kQuorumLost,        // This replica leads no more, since it has heard from no quorum.
    kDiskStalled,       // This replica leads no more, since its own disk is late (F7).
  };
  Kind kind;
  NodeId peer;         // 0: it concerns none.
  bool fatal = false;  // The replica must stop.
};

struct Output {
  std::optional<Configuration> configuration;  // Another one is in force now: who is where.
  Persist persist;
  std::vector<Outgoing> messages;
  std::vector<SendSnapshot> send_snapshots;
  std::optional<Restore> restore;  // Before `committed`.
  std::vector<Committed> committed;
  std::vector<ReadReady> reads;
  std::vector<Resolved> resolved;
  std::vector<Alert> alerts;
  Instant next_deadline = kNever;  // Call Tick no later than this.

  // Empties the lists and keeps their memory.
  void Clear() {
    configuration.reset();
    persist.token = PersistToken();
    persist.hard_state.reset();
    persist.snapshot.reset();
    persist.truncate_from.reset();
    persist.compact_to.reset();
    persist.entries.clear();
    messages.clear();
    send_snapshots.clear();
    restore.reset();
    committed.clear();
    reads.clear();
    resolved.clear();
    alerts.clear();
    next_deadline = kNever;
  }
};

}  // namespace synod

#endif  // SYNOD_CORE_OUTPUT_H_
