// The sending half of a snapshot transfer.
#include "src/snapshot_sender.h"

#include <algorithm>
#include <span>
#include <utility>

#include "synod/base/crc32c.h"
#include "synod/base/probe.h"
#include "synod/core/configuration_codec.h"
#include "synod/port/transport.h"
#include "synod/port/wire.h"

#include "src/concat.h"

namespace synod::internal {

namespace {

constexpr size_t kPieceBytes = 256 * 1024;
static_assert(kPieceBytes + wire::kMessageOverheadBytes + kMaxConfigurationBytes <=
                  Transport::kGuaranteedMessageBytes,
              "every transport carries a piece");
constexpr size_t kWindowPieces = 4;
constexpr Duration kTick = std::chrono::milliseconds(20);
// A peer that is busy, with a large file to sync, answers what it is sent again.
constexpr Duration kGiveUpAfter = std::chrono::minutes(1);
constexpr Duration kQuietAfterFailure = std::chrono::seconds(1);

// Ids of different lives of this node must not meet: an answer may come that was meant for the one
// before. The highest bit is left out, so that they rise to the end.
uint64_t FirstId(uint64_t seed) { return seed >> 1; }

absl::StatusOr<Payload> ReadPiece(ByteSource& image, size_t bytes) {
  Buffer buffer(bytes);
  absl::StatusOr<size_t> size = image.Read(std::span<char>(buffer.data(), bytes));
  if (!size.ok()) return size.status();
  return buffer.Share(0, *size);
}

}  // namespace

SnapshotSender::SnapshotSender(HostServices& host, GroupId group, Client& client)
    : host_(host), group_(group), client_(client), next_id_(FirstId(host.DrawSeed())) {}

void SnapshotSender::Start(const SendSnapshot& request) {
  for (Transfer& transfer : transfers_) {
    if (transfer.to != request.to) continue;
    Forget(transfer);
    break;
  }
  Transfer& transfer = transfers_.emplace_back();
  transfer.id = next_id_++;
  transfer.to = request.to;
  transfer.term = request.term;
  transfer.last_sent = transfer.last_heard = host_.loop().Now();
  if (!quiet_until_.contains(request.to)) {
    host_.Log(Severity::kInfo,
              host_.NameOf(group_) + Concat("sending a snapshot to node ", request.to));
  }
  host_.snapshot_mover().Post([this, id = transfer.id] {
    auto opened = host_.store().OpenSnapshot(group_);
    host_.loop().Post(
        [this, id, opened = std::move(opened)]() mutable { OnOpened(id, std::move(opened)); });
  });
  ArmTimer();
}

void SnapshotSender::OnOpened(uint64_t id, absl::StatusOr<LogStore::OpenedSnapshot> opened) {
  Transfer* transfer = Find(id);
  if (transfer == nullptr) return;
  if (!opened.ok()) {
    LogFailure(
        Severity::kError, transfer->to,
        Concat("could not open the snapshot for node ", transfer->to, ": ", opened.status()));
    End(id, /*delivered=*/false);
    return;
  }
  transfer->meta = std::move(opened->meta);
  transfer->image = std::make_unique<Image>(std::move(opened->image));
  transfer->piece_bytes = kPieceBytes;
  if (Buggify("snapshot_small_pieces")) {
    transfer->piece_bytes = std::min<uint64_t>(kPieceBytes, transfer->meta.size / 8 + 1);
  }
  ReadOn(*transfer);
}

void SnapshotSender::ReadOn(Transfer& transfer) {
  if (transfer.reading || transfer.read_all || transfer.window.size() >= kWindowPieces) return;
  transfer.reading = true;
  host_.snapshot_mover().Post(
      [this, id = transfer.id, image = transfer.image.get(), bytes = transfer.piece_bytes] {
        absl::StatusOr<Payload> data = ReadPiece(**image, bytes);
        host_.loop().Post(
            [this, id, data = std::move(data)]() mutable { OnRead(id, std::move(data)); });
      });
}

void SnapshotSender::OnRead(uint64_t id, absl::StatusOr<Payload> data) {
  Transfer* transfer = Find(id);
  if (transfer == nullptr) return;
  transfer->reading = false;
  const uint64_t left = transfer->meta.size - transfer->read;
  if (data.ok() && data->size() != std::min<uint64_t>(left, transfer->piece_bytes)) {
    data = absl::DataLossError("the snapshot is not as long as it says");
  }
  if (!data.ok()) {
    LogFailure(Severity::kError, transfer->to,
               Concat("could not read the snapshot for node ", transfer->to, ": ", data.status()));
    End(id, /*delivered=*/false);
    return;
  }
  const uint64_t offset = transfer->read;
  transfer->read += data->size();
  transfer->read_all = transfer->read == transfer->meta.size;
  // Until now the peer owed no answer: it was this node's disk that took its time.
  if (transfer->window.empty()) transfer->last_heard = host_.loop().Now();
  transfer->window.push_back({offset, *std::move(data)});
  Transmit(*transfer);
  ReadOn(*transfer);
}

void SnapshotSender::Transmit(Transfer& transfer) {
  for (; transfer.sent < transfer.window.size(); ++transfer.sent) {
    if (!host_.CanSendBulk(transfer.to)) return;  // OnTimer tries again.
    const Piece& piece = transfer.window[transfer.sent];
    const StoreIdentity& self = host_.identity();
    host_.Send({.group = group_,
                .from = self.node,
                .to = transfer.to,
                .incarnation = self.incarnation,
                .term = transfer.term,
                .body = SnapshotChunk{.transfer = transfer.id,
                                      .meta = transfer.meta,
                                      .offset = piece.offset,
                                      .checksum = Crc32c(0, piece.data.view()),
                                      .data = piece.data}});
    transfer.last_sent = host_.loop().Now();
  }
}

void SnapshotSender::OnReply(NodeId from, const SnapshotChunkReply& reply) {
  Transfer* transfer = Find(reply.transfer);
  if (transfer == nullptr || transfer->to != from || transfer->image == nullptr) return;
  if (reply.rejected) {
    LogFailure(Severity::kInfo, from,
               Concat("node ", from, " does not take the snapshot at ", transfer->meta.index));
    End(transfer->id, /*delivered=*/false);
    return;
  }
  if (reply.next_offset > transfer->read) return;  // Nothing that the peer can have.
  transfer->last_heard = host_.loop().Now();
  if (reply.next_offset == transfer->meta.size && transfer->read_all) {
    host_.Log(Severity::kInfo, host_.NameOf(group_) + Concat("node ", from, " has the snapshot at ",
                                                             transfer->meta.index));
    quiet_until_.erase(from);
    End(transfer->id, /*delivered=*/true);
    return;
  }
  if (reply.next_offset <= transfer->acked) return;
  transfer->acked = reply.next_offset;
  while (!transfer->window.empty() && transfer->window.front().offset < transfer->acked) {
    transfer->window.pop_front();
    if (transfer->sent > 0) --transfer->sent;
  }
  Transmit(*transfer);
  ReadOn(*transfer);
}

void SnapshotSender::OnTimer() {
  timer_ = EventLoop::TimerId::kNone;
  const Instant now = host_.loop().Now();
  std::vector<uint64_t> over;
  for (Transfer& transfer : transfers_) {
    const bool owes_answer = !transfer.window.empty();
    const bool is_silent = owes_answer && now - transfer.last_heard > kGiveUpAfter;
    if (is_silent) {
      LogFailure(
          Severity::kWarning, transfer.to,
          Concat("node ", transfer.to, " has stopped answering: gave up sending the snapshot"));
    }
    if (is_silent || !client_.IsSnapshotWanted(transfer.to, transfer.term)) {
      over.push_back(transfer.id);
      continue;
    }
    if (now - transfer.last_sent > kRetransmitAfter && transfer.sent > 0) {
      Reached("snapshot pieces sent again");
      transfer.sent = 0;
    }
    Transmit(transfer);
  }
  for (uint64_t id : over) End(id, /*delivered=*/false);
  ArmTimer();
}

void SnapshotSender::ArmTimer() {
  if (transfers_.empty() || timer_ != EventLoop::TimerId::kNone) return;
  timer_ = host_.loop().RunAt(host_.loop().Now() + kTick, [this] { OnTimer(); });
}

void SnapshotSender::End(uint64_t id, bool delivered) {
  Transfer* found = Find(id);
  if (found == nullptr) return;
  const NodeId to = found->to;
  const Term term = found->term;
  Forget(*found);
  client_.OnSnapshotSendEnded(to, term, delivered);
}

// What fails once mostly fails again, and the core asks for the next attempt soon.
void SnapshotSender::LogFailure(Severity severity, NodeId to, const std::string& line) {
  ++failures_;
  const Instant now = host_.loop().Now();
  Instant& quiet_until = quiet_until_.try_emplace(to, now).first->second;
  if (now < quiet_until) return;
  quiet_until = now + kQuietAfterFailure;
  host_.Log(severity, host_.NameOf(group_) + line);
}

// The image goes where it is read, after the last task that reads it.
void SnapshotSender::Forget(Transfer& transfer) {
  host_.snapshot_mover().Post([image = std::move(transfer.image)] {});
  transfers_.erase(transfers_.begin() + (&transfer - transfers_.data()));
}

void SnapshotSender::Stop() {
  while (!transfers_.empty()) Forget(transfers_.back());
}

SnapshotSender::Transfer* SnapshotSender::Find(uint64_t id) {
  const auto found = std::find_if(transfers_.begin(), transfers_.end(),
                                  [id](const Transfer& transfer) { return transfer.id == id; });
  return found == transfers_.end() ? nullptr : &*found;
}

}  // namespace synod::internal
