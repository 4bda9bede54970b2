// What a leader knows of one peer, and how much it may send it.
#ifndef SYNOD_ENGINE_PROGRESS_H_
#define SYNOD_ENGINE_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "synod/base/ids.h"
#include "synod/base/time.h"

namespace synod {

struct Progress {
  enum class State : uint8_t {
    kProbe,      // Where the logs agree is not known: one append at a time.
    kReplicate,  // The logs agree up to match: appends are pipelined, next runs ahead of the acks.
    kSnapshot,  // The log no longer reaches back to next: a snapshot is on its way, nothing else is
                // sent.
  };

  // An append that is not acknowledged yet.
  struct Inflight {
    Index last;
    size_t bytes;
  };

  NodeId node;
  // And nothing else: it learns nothing, and needs nothing that is chosen.
  bool is_acceptor = false;
  Index epoch;  // The index of the entry that made it a member; 0: initial. Acks of another epoch
                // are void (I9).
  State state = State::kProbe;
  Index match;  // Durable there and equal to ours up to here, acked in this term (I5, I6). Never
                // falls.
  Index next = Index(1);  // The first entry to send. > match.
  Index received;  // Heartbeats' word on how far the peer's log agrees in memory. Flow control
                   // only, never commit.
  bool has_space = true;  // Its store takes more commands, by its last heartbeat reply.
  Index commit_sent;      // The highest commit index it was told of.
  Index chosen;           // So much it knows to be chosen, durably. Multi-Paxos.
  Index snapshot;         // In kSnapshot: what is on its way covers the log at least up to here.
  uint32_t snapshot_failures = 0;  // Snapshots that did not arrive, since it last acked anything.
  uint64_t round = 0;              // The newest heartbeat round it has answered.
  bool probe_sent = false;  // In kProbe: an append is under way; wait for its answer, or for a sign
                            // of life a heartbeat interval later.
  Instant last_heard;       // Of any valid message of this term.
  Instant last_progress;    // When an inflight append was last acknowledged, or the first one or a
                            // probe sent.
  std::deque<Inflight> inflight;  // In kReplicate: sent above match, in order.
  size_t inflight_bytes = 0;      // Their sum.

  void BecomeProbe(Index from) {
    state = State::kProbe;
    next = from;
    probe_sent = false;
    inflight.clear();
    inflight_bytes = 0;
  }

  void BecomeReplicate() {
    state = State::kReplicate;
    next = match + 1;
    probe_sent = false;
    inflight.clear();
    inflight_bytes = 0;
  }

  void BecomeSnapshot(Index index) {
    state = State::kSnapshot;
    snapshot = index;
    probe_sent = false;
    inflight.clear();
    inflight_bytes = 0;
  }

  void Sent(Index last, size_t bytes, Instant now) {
    if (inflight.empty()) last_progress = now;
    inflight.push_back({last, bytes});
    inflight_bytes += bytes;
  }

  // Everything up to `index` arrived.
  void Acknowledged(Index index, Instant now) {
    while (!inflight.empty() && inflight.front().last <= index) {
      inflight_bytes -= inflight.front().bytes;
      inflight.pop_front();
      last_progress = now;
    }
  }
};

}  // namespace synod

#endif  // SYNOD_ENGINE_PROGRESS_H_
