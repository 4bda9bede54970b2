// The binary form of messages, shared by every transport that moves bytes. docs/wire-format.md
// describes it byte by byte.
//
// What travels is a sequence of frames:
//
//   offset  size
//        0     4  magic: "SYND"
//        4     1  version of this format: 6
//        5     1  kind: 1 handshake (its content is the transport's own), 2 messages
//        6     2  check of the header, little-endian: the CRC-32C of its other eighteen bytes, the
//                 upper half xored into the lower
//        8     4  size of the body in bytes, little-endian
//       12     4  CRC-32C of bytes 0 to 5, bytes 8 to 11 and the body, little-endian
//       16     4  number of the frame, little-endian: in each direction of a stream those with
//                 messages are counted from 0 on, modulo 2^32, so that one which comes twice, or
//                 never, is noticed
//       20        the body
//
// The header has a check of its own because its size is believed before the body is there: with one
// flipped bit in it the receiver would wait for megabytes, and take all later frames for them.
//
// The body of a frame of messages is one message after another, to its end:
//
//   1 byte   type: the position of its alternative in MessageBody
//   1 byte   which of the next three are left out, being the same as in the message before (for the
//            first: 0): bit 0 group, bit 1 term, bit 2 incarnation
//   varint   group
//   varint   term
//   8 bytes  incarnation
//   …        the fields of the type, in the order of its struct
//
// Sender and receiver are those of the connection. Integers are varints (LEB128) but for those
// whose values are spread evenly (incarnations, hashes, checksums), which are little-endian and of
// fixed size. A batch has exactly one encoding: a longer one of the same value is refused, and so
// what was decoded and is encoded again gives the same bytes.
#ifndef SYNOD_PORT_WIRE_H_
#define SYNOD_PORT_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/payload.h"
#include "synod/core/message.h"

namespace synod::wire {

inline constexpr uint8_t kVersion = 6;
inline constexpr size_t kHeaderBytes = 20;

// The largest body. A transport may set a lower bound for what it accepts.
inline constexpr size_t kMaxBodyBytes = size_t{64} << 20;
// These bound what a receiver allocates for a frame of small messages, small entries or small
// numbers: in memory each takes many times its bytes here.
inline constexpr size_t kMaxMessagesPerFrame = 64 * 1024;
inline constexpr size_t kMaxEntriesPerFrame = 256 * 1024;  // Of all its appends together.

enum class FrameKind : uint8_t { kHandshake = 1, kMessages = 2 };

// --- Receiving ---------------------------------------------------------------------------------
//
// Errors, which all mean that nothing that follows in the stream can be trusted:
//   kInvalidArgument  not this protocol at all, or a body that no encoder writes
//   kUnimplemented    a version, message type or other code that this build does not know: the
//                     peer is newer; what it said is not skipped but refused
//   kOutOfRange       a frame above the bound
//   kDataLoss         a checksum does not match: the header's own, or that of the whole

struct FrameHeader {
  FrameKind kind = FrameKind::kMessages;
  uint32_t body_bytes = 0;
  uint32_t number = 0;
};

// Reads and verifies the first kHeaderBytes of a frame, whose body may not be there yet. Up to
// three flipped bits are noticed for sure, more of them but for one time in 65,536.
[[nodiscard]] absl::StatusOr<FrameHeader> ParseHeader(std::string_view header,
                                                      size_t max_body_bytes);

// Compares a whole frame, header and body, with its checksum.
[[nodiscard]] absl::Status VerifyChecksum(std::string_view frame);

// Appends the messages in `body`, all of them sent by `from` to `to`, to `out`; leaves `out` as it
// was on an error. The messages are well formed: every code is known, entries are contiguous and
// their terms do not fall, configurations are sorted, a chunk lies within its snapshot. Whether a
// message makes sense to the protocol is for the core to judge.
//
// Payloads become slices of `owner`, which must contain `body`, without a copy. Without an owner
// the payloads of the body are copied, all together, into one new block; so a reader that reuses
// its buffer pins no more memory than what it hands on.
[[nodiscard]] absl::Status DecodeMessages(std::string_view body, Buffer* owner, NodeId from,
                                          NodeId to, std::vector<Message>& out);

// --- Sending -----------------------------------------------------------------------------------

// A whole frame of a few bytes, of number 0.
[[nodiscard]] std::string EncodeFrame(FrameKind kind, std::string_view body);

// What a message takes beside its entries and payloads is less. An entry takes no more than its
// Bytes.
inline constexpr size_t kMessageOverheadBytes = 160;

// At least what `message` adds to the body of a frame.
[[nodiscard]] size_t EncodedSizeBound(const Message& message);

// Whether `message` can travel in a frame of its own: by its EncodedSizeBound, which is `bound`,
// and by its entries.
[[nodiscard]] bool FitsInFrame(const Message& message, size_t bound, size_t max_body_bytes);

// A frame of messages while it is filled, and until it is sent. Small payloads are copied into it,
// since a copy costs less than a separate piece to send; large ones are shared.
class OutgoingFrame {
 public:
  // Payloads of this size and above are shared.
  static constexpr size_t kSharedPayloadBytes = 8 * 1024;

  [[nodiscard]] bool IsEmpty() const { return messages_ == 0; }
  [[nodiscard]] size_t messages() const { return messages_; }
  // Of the whole frame, header included.
  [[nodiscard]] size_t size() const { return used_ + shared_bytes_; }

  // Whether `message`, whose EncodedSizeBound is `bound`, still fits below `max_body_bytes`.
  [[nodiscard]] bool HasRoomFor(const Message& message, size_t bound, size_t max_body_bytes) const;

  // Before Seal. The sender's and receiver's ids are not encoded. Beyond what HasRoomFor or
  // FitsInFrame allows, the frame would be refused.
  void Add(const Message& message);

  // Writes the header, with number 0; nothing can be added afterwards. The frame must not be empty.
  void Seal();
  // Of a sealed frame, before any of it is sent.
  void SetNumber(uint32_t number);

  // Adds the sealed frame's bytes from `offset` on to `pieces`. They live until Clear.
  void AppendPieces(size_t offset, std::vector<std::string_view>& pieces) const;

  // Empties the frame and keeps its memory, unless that has become unusually large.
  void Clear();

 private:
  // A payload that comes in between the frame's own bytes, before the one at `at`.
  struct Shared {
    size_t at;
    Payload payload;
  };

  class Encoder;

  void Reserve(size_t size);

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t used_ = kHeaderBytes;
  std::vector<Shared> shared_;
  size_t shared_bytes_ = 0;
  size_t messages_ = 0;
  size_t entries_ = 0;
  // Of the message before.
  GroupId group_;
  Term term_;
  Incarnation incarnation_;
};

}  // namespace synod::wire

#endif  // SYNOD_PORT_WIRE_H_
