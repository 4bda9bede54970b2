// Sends the installed snapshot to peers that the log no longer reaches.
#ifndef SYNOD_SRC_SNAPSHOT_SENDER_H_
#define SYNOD_SRC_SNAPSHOT_SENDER_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/payload.h"
#include "synod/base/time.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/core/output.h"
#include "synod/port/log_store.h"
#include "synod/port/logger.h"

#include "src/host_services.h"

namespace synod::internal {

// A few pieces are under way at a time; each answer says up to where the peer has written. Pieces
// that are not answered for a while are sent again. A peer may take its time, as long as it
// answers: it is given up only when it is silent. On the loop's thread; the image is read in the
// background.
class SnapshotSender {
 public:
  static constexpr Duration kRetransmitAfter = std::chrono::seconds(1);

  class Client {
   public:
    virtual ~Client() = default;
    // Whether the core still wants `to` to get a snapshot from it as the leader of `term` (S6).
    [[nodiscard]] virtual bool IsSnapshotWanted(NodeId to, Term term) const = 0;
    virtual void OnSnapshotSendEnded(NodeId to, Term term, bool delivered) = 0;
  };

  SnapshotSender(HostServices& host, GroupId group, Client& client);

  // Replaces a transfer to the same peer.
  void Start(const SendSnapshot& request);
  void OnReply(NodeId from, const SnapshotChunkReply& reply);
  // Ends every transfer, without a word to the client.
  void Stop();

  // Transfers that came to nothing, for a reason that was logged.
  [[nodiscard]] uint64_t failures() const { return failures_; }

 private:
  // Read on the executor alone.
  using Image = std::unique_ptr<ByteSource>;

  struct Piece {
    uint64_t offset;
    Payload data;
  };
  struct Transfer {
    uint64_t id;
    NodeId to;
    Term term;
    SnapshotMeta meta;
    std::unique_ptr<Image> image;  // Null until it is open.
    // Read and not yet answered: contiguous from `acked` up to `read`.
    std::deque<Piece> window;
    size_t sent = 0;  // So many of the window's first pieces are under way.
    uint64_t acked = 0;
    uint64_t read = 0;
    size_t piece_bytes = 0;  // Of each but the last.
    bool reading = false;
    bool read_all = false;
    Instant last_sent;   // When a piece was last sent.
    Instant last_heard;  // When the peer last answered, or began to owe an answer.
  };

  void OnOpened(uint64_t id, absl::StatusOr<LogStore::OpenedSnapshot> opened);
  void ReadOn(Transfer& transfer);
  void OnRead(uint64_t id, absl::StatusOr<Payload> data);
  void Transmit(Transfer& transfer);
  void OnTimer();
  void ArmTimer();
  // End and Forget invalidate references to transfers.
  void End(uint64_t id, bool delivered);
  void LogFailure(Severity severity, NodeId to, const std::string& line);
  void Forget(Transfer& transfer);
  Transfer* Find(uint64_t id);

  HostServices& host_;
  const GroupId group_;
  Client& client_;
  std::vector<Transfer> transfers_;  // At most one for each peer.
  uint64_t next_id_;                 // Rises, and begins somewhere else in each life.
  // Of peers whose last transfer has failed: no other failure is logged before.
  std::map<NodeId, Instant> quiet_until_;
  EventLoop::TimerId timer_ = EventLoop::TimerId::kNone;
  uint64_t failures_ = 0;
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_SNAPSHOT_SENDER_H_
