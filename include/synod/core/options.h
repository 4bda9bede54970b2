// The knobs of one group, with defaults for a local network.
#ifndef SYNOD_CORE_OPTIONS_H_
#define SYNOD_CORE_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "synod/base/time.h"
#include "synod/core/entry.h"

namespace synod {

// Every bound is per group. What would exceed one is refused with a typed reason; nothing grows
// without limit.
struct EngineOptions {
  // A follower that hears nothing from a leader for a time drawn from [election_timeout, 2 ×
  // election_timeout) campaigns; a leader that hears nothing from a quorum for election_timeout
  // steps down.
  Duration election_timeout = std::chrono::milliseconds(500);
  Duration heartbeat_interval = std::chrono::milliseconds(50);  // At most election_timeout / 3.

  // Ask before raising the term, so that a replica that was cut off disturbs nobody (Ongaro §9.6).
  bool pre_vote = true;
  // A leader that cannot reach a quorum steps down, and nobody votes while its leader lives (Ongaro
  // §6.2).
  bool check_quorum = true;

  size_t max_entry_bytes = 1536 * 1024;  // Of one command.
  size_t max_append_bytes = 256 * 1024;  // Of the entries in one message; one entry always fits.
  size_t max_inflight_appends = 256;     // Unacknowledged append messages per peer.
  size_t max_inflight_bytes = 8 * 1024 * 1024;  // Unacknowledged entry bytes per peer.
  // What a leader has waiting for a quorum, and for its own disk, each.
  size_t max_uncommitted_bytes = 64 * 1024 * 1024;
  size_t max_log_bytes = 1024 * 1024 * 1024;  // Entries in memory, not yet compacted.
  size_t max_pending_reads = 64 * 1024;

  // Entries kept behind a snapshot for followers that are a little late.
  uint64_t trailing_entries = 10'000;

  // kInvalidArgument, naming the field and its range.
  [[nodiscard]] absl::Status Validate() const;
};

inline absl::Status EngineOptions::Validate() const {
  if (heartbeat_interval <= Duration::zero()) {
    return absl::InvalidArgumentError("heartbeat_interval must be positive");
  }
  if (election_timeout < 3 * heartbeat_interval) {
    return absl::InvalidArgumentError(
        "election_timeout must be at least three times heartbeat_interval, so that one lost "
        "heartbeat does not start an election");
  }
  if (max_entry_bytes == 0 || max_append_bytes == 0 || max_inflight_appends == 0 ||
      max_inflight_bytes == 0 || max_uncommitted_bytes == 0 || max_log_bytes == 0 ||
      max_pending_reads == 0) {
    return absl::InvalidArgumentError("every max_… limit must be positive");
  }
  if (max_uncommitted_bytes < max_entry_bytes + Entry::kHeaderBytes) {
    return absl::InvalidArgumentError(
        "max_uncommitted_bytes must be at least max_entry_bytes and 32 bytes for the entry's "
        "header, or the largest entry could never be proposed");
  }
  if (max_log_bytes < max_uncommitted_bytes) {
    return absl::InvalidArgumentError("max_log_bytes must be at least max_uncommitted_bytes");
  }
  return absl::OkStatus();
}

}  // namespace synod

#endif  // SYNOD_CORE_OPTIONS_H_
