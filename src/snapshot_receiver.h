// Puts together a snapshot that a leader sends.
#ifndef SYNOD_SRC_SNAPSHOT_RECEIVER_H_
#define SYNOD_SRC_SNAPSHOT_RECEIVER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/port/log_store.h"
#include "synod/port/logger.h"

#include "src/host_services.h"
#include "src/snapshot_sender.h"

namespace synod::internal {

// One transfer at a time, that of the newest leader, or of whoever comes first when that is silent:
// several may send at once, and their pieces must not mix (S4). Pieces are taken in order, repeated
// ones answered again, be it without news, others left to the sender to repeat. On the loop's
// thread; the image is written in the background.
class SnapshotReceiver {
 public:
  // A sender that lives has sent its pieces again some times by then.
  static constexpr Duration kGiveUpAfter = 4 * SnapshotSender::kRetransmitAfter;

  class Client {
   public:
    virtual ~Client() = default;
    // A whole and verified snapshot is staged. False if it is of no use: it is discarded.
    [[nodiscard]] virtual bool OnSnapshotReceived(NodeId from, Incarnation incarnation, Term term,
                                                  const SnapshotMeta& meta,
                                                  StagedSnapshot staged) = 0;
  };

  SnapshotReceiver(HostServices& host, GroupId group, Client& client);

  // `message` is a SnapshotChunk, by anybody, that the core admits.
  void OnChunk(const Message& message);
  // Drops what is under way.
  void Stop();

  // Transfers that came to nothing, for a reason that was logged.
  [[nodiscard]] uint64_t failures() const { return failures_; }

 private:
  // What names a transfer. The sender draws its ids in rising order.
  struct Key {
    Term term;
    NodeId from;
    uint64_t transfer = 0;

    friend bool operator==(const Key&, const Key&) = default;
  };
  // Used on the executor alone.
  struct Image {
    std::unique_ptr<SnapshotWriter> writer;
    uint64_t size = 0;
    uint32_t checksum = 0;
    absl::Status status;  // The first failure.
  };
  struct Transfer {
    Key key;
    Incarnation incarnation;
    SnapshotMeta meta;
    uint64_t expected = 0;  // The next piece starts here.
    uint64_t written = 0;   // ≤ expected. The last piece never counts: its answer is the core's.
    bool complete = false;  // The last piece is on its way to the disk.
    Instant last_heard;     // When its sender last sent a piece.
    std::unique_ptr<Image> image;
  };

  bool Admit(const Message& message, const SnapshotChunk& chunk);
  [[nodiscard]] bool IsReplacedBy(const Key& key, const SnapshotMeta& meta) const;
  void Write(const SnapshotChunk& chunk);
  static absl::StatusOr<StagedSnapshot> Finish(Image& image, const SnapshotMeta& meta);
  void OnWritten(const Key& key, uint64_t up_to, const absl::Status& status);
  void OnFinished(const Key& key, absl::StatusOr<StagedSnapshot> staged);
  void LogFailure(Severity severity, const std::string& line);
  void Reply(const Key& key, uint64_t next_offset, bool rejected);
  void Drop();

  HostServices& host_;
  const GroupId group_;
  Client& client_;
  std::optional<Transfer> current_;
  // The last transfer that ended, and how: its answer may have been lost.
  Key ended_;
  uint64_t ended_size_ = 0;
  bool ended_rejected_ = false;
  // The last transfer has failed: no other failure is logged before.
  std::optional<Instant> quiet_until_;
  uint64_t failures_ = 0;
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_SNAPSHOT_RECEIVER_H_
