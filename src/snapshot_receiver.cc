// The receiving half of a snapshot transfer.
#include "src/snapshot_receiver.h"

#include <utility>

#include "synod/base/crc32c.h"
#include "synod/base/probe.h"
#include "synod/core/quorum.h"

#include "src/concat.h"

namespace synod::internal {

namespace {

// Bytes that may wait for the disk: more than a sender has under way.
constexpr uint64_t kMaxUnwritten = 16 * 1024 * 1024;
constexpr Duration kQuietAfterFailedWrite = std::chrono::seconds(1);

// Whether there can be such a snapshot.
bool IsPossible(const SnapshotMeta& meta) {
  return !meta.index.IsZero() && !meta.term.IsZero() && meta.term <= kMaxTerm &&
         IsWellFormed(meta.configuration);
}

}  // namespace

SnapshotReceiver::SnapshotReceiver(HostServices& host, GroupId group, Client& client)
    : host_(host), group_(group), client_(client) {}

void SnapshotReceiver::OnChunk(const Message& message) {
  const auto& chunk = std::get<SnapshotChunk>(message.body);
  if (!Admit(message, chunk)) return;
  Transfer& transfer = *current_;
  const Key key = transfer.key;
  const bool is_valid = chunk.meta == transfer.meta && chunk.offset <= chunk.meta.size &&
                        chunk.data.size() <= chunk.meta.size - chunk.offset &&
                        Crc32c(0, chunk.data.view()) == chunk.checksum;
  if (!is_valid) {
    LogFailure(Severity::kWarning,
               Concat("node ", message.from, " sent a damaged piece of a snapshot"));
    Drop();
    Reply(key, 0, /*rejected=*/true);
    return;
  }
  if (Buggify("snapshot_piece_dropped")) return;  // Comes again.
  if (chunk.offset < transfer.expected || transfer.complete) {
    Reached("snapshot piece repeated");
    // Repeated, for want of an answer. There may be no news, with a disk that is slow or a whole
    // that is being synced; but a sender that hears nothing would give up, and begin anew. Of an
    // empty image the same answer would say that the core has it.
    if (transfer.written < transfer.meta.size) Reply(key, transfer.written, /*rejected=*/false);
    return;
  }
  if (chunk.offset > transfer.expected) {
    Reached("snapshot piece ahead of a lost one");
    return;  // Both come again.
  }
  if (transfer.expected - transfer.written > kMaxUnwritten) return;  // Comes again.
  Write(chunk);
}

// True if `chunk` belongs to current_, which may be new.
bool SnapshotReceiver::Admit(const Message& message, const SnapshotChunk& chunk) {
  const Key key{.term = message.term, .from = message.from, .transfer = chunk.transfer};
  if (current_ && current_->key == key) {
    current_->last_heard = host_.loop().Now();
    return true;
  }
  if (key == ended_) {
    Reply(key, ended_size_, ended_rejected_);
    return false;
  }
  if (current_ && !IsReplacedBy(key, chunk.meta)) return false;
  if (chunk.offset != 0 || !IsPossible(chunk.meta)) {
    // Its beginning is lost here, by a restart or because another transfer took its place, or it is
    // none at all.
    Reply(key, 0, /*rejected=*/true);
    return false;
  }
  Drop();
  current_ = Transfer{.key = key,
                      .incarnation = message.incarnation,
                      .meta = chunk.meta,
                      .last_heard = host_.loop().Now(),
                      .image = std::make_unique<Image>()};
  if (!quiet_until_) {
    host_.Log(Severity::kInfo,
              host_.NameOf(group_) + Concat("node ", message.from, " sends a snapshot at ",
                                            chunk.meta.index, " of ", chunk.meta.size, " bytes"));
  }
  return true;
}

// Whether the transfer under way gives way to another.
bool SnapshotReceiver::IsReplacedBy(const Key& key, const SnapshotMeta& meta) const {
  // Within one term only a later attempt of the same sender is newer.
  const Key& held = current_->key;
  const bool is_newer = key.term > held.term || (key.term == held.term && key.from == held.from &&
                                                 key.transfer > held.transfer);
  if (is_newer) {
    // The whole is here and about to be the core's. Dropped for another attempt at the same, it
    // would be too late each time.
    const bool is_same = key.term == held.term && meta == current_->meta;
    if (is_same && current_->complete) return false;
    Reached("snapshot transfer replaced by a newer one");
    return true;
  }
  // Whoever is silent may be dead, and the others would wait for ever.
  if (current_->complete || host_.loop().Now() < current_->last_heard + kGiveUpAfter) return false;
  Reached("paxos: silent snapshot transfer given up");
  return true;
}

void SnapshotReceiver::Write(const SnapshotChunk& chunk) {
  Transfer& transfer = *current_;
  transfer.expected += chunk.data.size();
  transfer.complete = transfer.expected == transfer.meta.size;
  host_.snapshot_mover().Post([this, key = transfer.key, image = transfer.image.get(),
                               data = chunk.data, up_to = transfer.expected] {
    if (image->writer == nullptr && image->status.ok()) {
      auto writer = host_.store().NewSnapshot(group_);
      image->status = writer.status();
      if (writer.ok()) image->writer = *std::move(writer);
    }
    if (image->status.ok()) image->status = image->writer->Append(data.view());
    image->size += data.size();
    image->checksum = Crc32c(image->checksum, data.view());
    host_.loop().Post(
        [this, key, up_to, status = image->status] { OnWritten(key, up_to, status); });
  });
  if (!transfer.complete) return;
  host_.snapshot_mover().Post(
      [this, key = transfer.key, image = transfer.image.get(), meta = transfer.meta] {
        if (!image->status.ok()) return;  // OnWritten has ended it.
        host_.loop().Post([this, key, staged = Finish(*image, meta)]() mutable {
          OnFinished(key, std::move(staged));
        });
      });
}

absl::StatusOr<StagedSnapshot> SnapshotReceiver::Finish(Image& image, const SnapshotMeta& meta) {
  if (image.size != meta.size || image.checksum != meta.checksum) {
    return absl::DataLossError("the image does not match its checksum");
  }
  return image.writer->Finish();
}

void SnapshotReceiver::OnWritten(const Key& key, uint64_t up_to, const absl::Status& status) {
  if (!current_ || current_->key != key) return;
  if (!status.ok()) {
    LogFailure(Severity::kError,
               Concat("could not write the snapshot from node ", key.from, ": ", status));
    Drop();
    Reply(key, 0, /*rejected=*/true);
    return;
  }
  // The answer to the last piece says that the core has the snapshot: see OnFinished.
  if (up_to == current_->meta.size) return;
  current_->written = up_to;
  Reply(key, up_to, /*rejected=*/false);
}

void SnapshotReceiver::OnFinished(const Key& key, absl::StatusOr<StagedSnapshot> staged) {
  const auto discard = [this](StagedSnapshot useless) {
    host_.snapshot_mover().Post([this, useless] { host_.store().DiscardStaged(group_, useless); });
  };
  if (!current_ || current_->key != key) {
    if (staged.ok()) discard(*staged);
    return;
  }
  const SnapshotMeta meta = current_->meta;
  const Incarnation incarnation = current_->incarnation;
  Drop();
  bool accepted = false;
  if (!staged.ok()) {
    LogFailure(Severity::kError,
               Concat("the snapshot from node ", key.from, " is unusable: ", staged.status()));
  } else {
    quiet_until_.reset();
    accepted = client_.OnSnapshotReceived(key.from, incarnation, key.term, meta, *staged);
    if (!accepted) discard(*staged);
  }
  ended_ = key;
  ended_size_ = meta.size;
  ended_rejected_ = !accepted;
  Reply(key, meta.size, !accepted);
}

// A full disk fails every attempt, and the next one comes soon.
void SnapshotReceiver::LogFailure(Severity severity, const std::string& line) {
  ++failures_;
  const Instant now = host_.loop().Now();
  if (quiet_until_ && now < *quiet_until_) return;
  quiet_until_ = now + kQuietAfterFailedWrite;
  host_.Log(severity, host_.NameOf(group_) + line);
}

void SnapshotReceiver::Reply(const Key& key, uint64_t next_offset, bool rejected) {
  const StoreIdentity& self = host_.identity();
  host_.Send({.group = group_,
              .from = self.node,
              .to = key.from,
              .incarnation = self.incarnation,
              .term = key.term,
              .body = SnapshotChunkReply{
                  .transfer = key.transfer, .next_offset = next_offset, .rejected = rejected}});
}

// The image goes where it is written, after the last task that writes it.
void SnapshotReceiver::Drop() {
  if (!current_) return;
  host_.snapshot_mover().Post([image = std::move(current_->image)] {});
  current_.reset();
}

void SnapshotReceiver::Stop() { Drop(); }

}  // namespace synod::internal
