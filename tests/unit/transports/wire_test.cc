// The wire format: what is encoded comes back equal, and bytes that no encoder wrote are refused.
#include "synod/port/wire.h"

#include <cstring>
#include <string>
#include <vector>

#include "synod/base/crc32c.h"
#include "synod/base/rng.h"
#include "synod/core/configuration_codec.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/transports/random_messages.h"

namespace synod {
namespace {

using ::synod::testing::RandomMessages;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using std::string_literals::operator""s;

constexpr NodeId kFrom = 1;
constexpr NodeId kTo = 2;

std::string Encode(const std::vector<Message>& batch, size_t offset = 0) {
  wire::OutgoingFrame frame;
  for (const Message& message : batch) frame.Add(message);
  frame.Seal();
  std::vector<std::string_view> pieces;
  frame.AppendPieces(offset, pieces);
  std::string bytes;
  for (const std::string_view piece : pieces) bytes += piece;
  EXPECT_EQ(bytes.size() + offset, frame.size());
  return bytes;
}

std::string BodyOf(const std::vector<Message>& batch) {
  return Encode(batch).substr(wire::kHeaderBytes);
}

absl::StatusOr<std::vector<Message>> DecodeBody(std::string_view body) {
  std::vector<Message> out;
  absl::Status status = wire::DecodeMessages(body, nullptr, kFrom, kTo, out);
  if (!status.ok()) {
    EXPECT_TRUE(out.empty());
    return status;
  }
  return out;
}

// All that a receiver does with a frame.
absl::StatusOr<std::vector<Message>> DecodeFrame(std::string_view frame) {
  auto header = wire::ParseHeader(frame, wire::kMaxBodyBytes);
  if (!header.ok()) return header.status();
  if (frame.size() != wire::kHeaderBytes + header->body_bytes) {
    return absl::OutOfRangeError("waits for more bytes, or would read the next frame");
  }
  absl::Status status = wire::VerifyChecksum(frame);
  if (!status.ok()) return status;
  return DecodeBody(frame.substr(wire::kHeaderBytes));
}

Message HeartbeatOf(GroupId group, Term term) {
  return {.group = group,
          .from = kFrom,
          .to = kTo,
          .incarnation = Incarnation(99),
          .term = term,
          .body = Heartbeat{.round = 1, .commit = Index(5)}};
}

TEST(Wire, EveryMessageType_Encoded_ComesBackEqual) {
  RandomMessages random(1);
  for (size_t type = 0; type < RandomMessages::kTypes; ++type) {
    for (int round = 0; round < 200; ++round) {
      const std::vector<Message> batch = {random.OfType(type, kFrom, kTo)};
      const auto decoded = DecodeFrame(Encode(batch));
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      ASSERT_EQ(*decoded, batch) << "type " << type;
    }
  }
}

TEST(Wire, Batch_Encoded_ComesBackInOrder) {
  RandomMessages random(2);
  for (size_t count = 1; count < 60; ++count) {
    const std::vector<Message> batch = random.Batch(count, kFrom, kTo);
    const auto decoded = DecodeFrame(Encode(batch));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_THAT(*decoded, ElementsAreArray(batch));
  }
}

TEST(Wire, HeartbeatsOfManyGroups_InOneFrame_TakeFewBytesEach) {
  std::vector<Message> batch;
  for (uint64_t group = 1; group <= 100; ++group) batch.push_back(HeartbeatOf(group, Term(3)));
  EXPECT_LE(Encode(batch).size(), wire::kHeaderBytes + 10 + 100 * 6);
}

TEST(Wire, SizeBound_OfAnyMessage_IsNotExceeded) {
  RandomMessages random(3);
  for (int round = 0; round < 2000; ++round) {
    const Message message = random.Any(kFrom, kTo);
    EXPECT_LE(BodyOf({message}).size(), wire::EncodedSizeBound(message));
  }
}

TEST(Wire, Pieces_FromAnyOffset_AreTheRest) {
  RandomMessages random(4);
  const std::vector<Message> batch = random.Batch(20, kFrom, kTo);
  const std::string whole = Encode(batch);
  for (size_t offset = 0; offset <= whole.size(); offset += 97) {
    ASSERT_EQ(Encode(batch, offset), whole.substr(offset));
  }
}

TEST(Wire, ClearedFrame_UsedAgain_HasNothingOfTheOldOne) {
  RandomMessages random(5);
  wire::OutgoingFrame frame;
  for (int round = 0; round < 50; ++round) {
    const std::vector<Message> batch = random.Batch(7, kFrom, kTo);
    for (const Message& message : batch) frame.Add(message);
    frame.Seal();
    std::vector<std::string_view> pieces;
    frame.AppendPieces(0, pieces);
    std::string bytes;
    for (const std::string_view piece : pieces) bytes += piece;
    ASSERT_EQ(bytes, Encode(batch));
    frame.Clear();
    ASSERT_TRUE(frame.IsEmpty());
  }
}

TEST(Wire, LargePayload_Encoded_IsNotCopied) {
  const Payload large = Payload::Copy(std::string(wire::OutgoingFrame::kSharedPayloadBytes, 'x'));
  wire::OutgoingFrame frame;
  frame.Add({.group = 1,
             .from = kFrom,
             .to = kTo,
             .incarnation = Incarnation(1),
             .term = Term(1),
             .body = AppendRequest{.prev_index = Index(),
                                   .prev_term = Term(),
                                   .commit = Index(),
                                   .entries = {{Index(1), Term(1), EntryKind::kCommand, large}}}});
  frame.Seal();
  std::vector<std::string_view> pieces;
  frame.AppendPieces(0, pieces);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[1].data(), large.view().data());
}

TEST(Wire, Payloads_DecodedWithOwner_AreSlicesOfIt) {
  RandomMessages random(6);
  std::vector<Message> batch = random.Batch(100, kFrom, kTo);
  const std::string body = BodyOf(batch);
  Buffer buffer(body.size() + 10);
  std::memcpy(buffer.data() + 10, body.data(), body.size());
  std::vector<Message> out;
  ASSERT_TRUE(
      wire::DecodeMessages({buffer.data() + 10, body.size()}, &buffer, kFrom, kTo, out).ok());
  EXPECT_EQ(out, batch);
  bool any = false;
  for (const Message& message : out) {
    const auto* chunk = std::get_if<SnapshotChunk>(&message.body);
    if (chunk == nullptr || chunk->data.empty()) continue;
    any = true;
    EXPECT_GE(chunk->data.view().data(), buffer.data());
    EXPECT_LT(chunk->data.view().data(), buffer.data() + buffer.capacity());
  }
  EXPECT_TRUE(any);
}

TEST(Wire, Payloads_DecodedWithoutOwner_OutliveTheBody) {
  RandomMessages random(7);
  const std::vector<Message> batch = random.Batch(40, kFrom, kTo);
  std::string body = BodyOf(batch);
  const auto decoded = DecodeBody(body);
  ASSERT_TRUE(decoded.ok());
  std::fill(body.begin(), body.end(), 'z');
  EXPECT_EQ(*decoded, batch);
}

TEST(Wire, Frame_AnyBitFlipped_IsRefused) {
  RandomMessages random(8);
  for (int round = 0; round < 10; ++round) {
    const std::string frame = Encode(random.Batch(3, kFrom, kTo));
    for (size_t bit = 0; bit < std::min<size_t>(frame.size(), 600) * 8; ++bit) {
      std::string flipped = frame;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      ASSERT_FALSE(DecodeFrame(flipped).ok()) << "bit " << bit;
    }
  }
}

TEST(Wire, Frame_Truncated_IsRefused) {
  RandomMessages random(9);
  const std::string frame = Encode(random.Batch(10, kFrom, kTo));
  for (size_t size = 0; size < frame.size(); ++size) {
    ASSERT_FALSE(DecodeFrame(std::string_view(frame).substr(0, size)).ok());
    ASSERT_FALSE(wire::VerifyChecksum(std::string_view(frame).substr(0, size)).ok());
  }
}

// The checksum does not protect against a peer that means it. Whatever gets through has to be a
// batch that the encoder would have written in these very bytes.
void ExpectRefusedOrCanonical(std::string_view body) {
  const auto decoded = DecodeBody(body);
  if (decoded.ok()) {
    ASSERT_EQ(BodyOf(*decoded), body);
  } else {
    ASSERT_TRUE(absl::IsInvalidArgument(decoded.status()) ||
                absl::IsUnimplemented(decoded.status()))
        << decoded.status();
  }
}

TEST(Wire, Body_Mutated_IsRefusedOrMeansWhatItSays) {
  RandomMessages random(10);
  Rng rng(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string body = BodyOf({random.Any(kFrom, kTo), random.Any(kFrom, kTo)});
    const uint64_t changes = 1 + rng.Below(3);
    for (uint64_t i = 0; i < changes; ++i) {
      const size_t at = rng.Below(std::min<size_t>(body.size(), 64));
      switch (rng.Below(4)) {
        case 0:
          body[at] = static_cast<char>(rng.Next());
          break;
        case 1:
          body[at] = static_cast<char>(body[at] ^ (1 << rng.Below(8)));
          break;
        case 2:
          body.insert(at, 1, static_cast<char>(rng.Next()));
          break;
        default:
          body.erase(at, 1 + rng.Below(3));
          if (body.empty()) body = "x";
      }
    }
    ExpectRefusedOrCanonical(body);
  }
}

TEST(Wire, Body_OfRandomBytes_IsRefusedOrMeansWhatItSays) {
  RandomMessages random(12);
  Rng rng(13);
  for (int round = 0; round < 50'000; ++round) {
    std::string body = random.Bytes(1 + rng.Below(40));
    body[0] = static_cast<char>(rng.Below(RandomMessages::kTypes + 2));
    if (body.size() > 1) body[1] = static_cast<char>(rng.Below(8));
    ExpectRefusedOrCanonical(body);
  }
}

TEST(Wire, Header_OfAnotherProtocol_IsRefused) {
  const auto header = wire::ParseHeader("GET / HTTP/1.1\r\n", wire::kMaxBodyBytes);
  EXPECT_TRUE(absl::IsInvalidArgument(header.status()));
}

TEST(Wire, Header_OfAnotherVersion_NamesBoth) {
  std::string frame = Encode({HeartbeatOf(1, Term(1))});
  frame[4] = 9;
  const auto header = wire::ParseHeader(frame, wire::kMaxBodyBytes);
  EXPECT_TRUE(absl::IsUnimplemented(header.status()));
  EXPECT_THAT(std::string(header.status().message()), HasSubstr("version 9"));
  EXPECT_THAT(std::string(header.status().message()), HasSubstr("this node version 6"));
}

TEST(Wire, Header_OfAnOversizedFrame_IsRefusedBeforeItsBody) {
  const std::string frame = wire::EncodeFrame(wire::FrameKind::kMessages, std::string(4097, 'x'));
  EXPECT_TRUE(absl::IsOutOfRange(wire::ParseHeader(frame, 4096).status()));
  EXPECT_TRUE(wire::ParseHeader(frame, 4097).ok());
  const std::string huge =
      wire::EncodeFrame(wire::FrameKind::kMessages, std::string(wire::kMaxBodyBytes + 1, 'x'));
  EXPECT_TRUE(absl::IsOutOfRange(wire::ParseHeader(huge, SIZE_MAX).status()));
}

// Its size is believed before the body is there: what gets through here can silence a connection.
TEST(Wire, Header_UpToThreeBitsFlipped_IsRefusedBeforeItsBody) {
  const std::string frame = Encode({HeartbeatOf(1, Term(1))});
  std::string header = frame.substr(0, wire::kHeaderBytes);
  ASSERT_TRUE(wire::ParseHeader(header, wire::kMaxBodyBytes).ok());
  const auto flip = [&header](size_t bit) {
    header[bit / 8] = static_cast<char>(header[bit / 8] ^ (1 << (bit % 8)));
  };
  constexpr size_t kBits = wire::kHeaderBytes * 8;
  for (size_t a = 0; a < kBits; ++a) {
    flip(a);
    ASSERT_FALSE(wire::ParseHeader(header, wire::kMaxBodyBytes).ok()) << a;
    for (size_t b = a + 1; b < kBits; ++b) {
      flip(b);
      ASSERT_FALSE(wire::ParseHeader(header, wire::kMaxBodyBytes).ok()) << a << " " << b;
      for (size_t c = b + 1; c < kBits; ++c) {
        flip(c);
        ASSERT_FALSE(wire::ParseHeader(header, wire::kMaxBodyBytes).ok())
            << a << " " << b << " " << c;
        flip(c);
      }
      flip(b);
    }
    flip(a);
  }
}

TEST(Wire, Header_WithABitOfItsSizeFlipped_IsDataLoss) {
  std::string frame = Encode({HeartbeatOf(1, Term(1))});
  frame[10] = static_cast<char>(frame[10] ^ 0x80);  // 8 MiB more.
  EXPECT_TRUE(absl::IsDataLoss(wire::ParseHeader(frame, wire::kMaxBodyBytes).status()));
}

Message AppendOfEmptyEntries(size_t count) {
  Message message = HeartbeatOf(1, Term(1));
  AppendRequest append{
      .prev_index = Index(), .prev_term = Term(1), .commit = Index(), .entries = {}};
  for (size_t i = 1; i <= count; ++i) {
    append.entries.push_back({Index(i), Term(1), EntryKind::kCommand, {}});
  }
  message.body = std::move(append);
  return message;
}

// Two bytes here are 48 in memory: without a bound a frame would take many times its size.
TEST(Wire, EntriesUpToTheBound_AreTaken_OneMoreIsRefused) {
  const Message most = AppendOfEmptyEntries(wire::kMaxEntriesPerFrame);
  EXPECT_TRUE(wire::FitsInFrame(most, wire::EncodedSizeBound(most), wire::kMaxBodyBytes));
  EXPECT_FALSE(
      wire::FitsInFrame(most, wire::EncodedSizeBound(most), wire::EncodedSizeBound(most) - 1));
  EXPECT_TRUE(DecodeBody(BodyOf({most})).ok());

  const Message excessive = AppendOfEmptyEntries(wire::kMaxEntriesPerFrame + 1);
  EXPECT_FALSE(
      wire::FitsInFrame(excessive, wire::EncodedSizeBound(excessive), wire::kMaxBodyBytes));
  const auto decoded = DecodeBody(BodyOf({excessive}));
  EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("too many entries"));
}

TEST(Wire, EntriesOfSeveralAppends_CountTogether) {
  const Message half = AppendOfEmptyEntries(wire::kMaxEntriesPerFrame / 2);
  wire::OutgoingFrame frame;
  frame.Add(half);
  EXPECT_TRUE(frame.HasRoomFor(half, wire::EncodedSizeBound(half), wire::kMaxBodyBytes));
  frame.Add(half);
  const Message one = AppendOfEmptyEntries(1);
  EXPECT_FALSE(frame.HasRoomFor(one, wire::EncodedSizeBound(one), wire::kMaxBodyBytes));
  EXPECT_TRUE(DecodeBody(BodyOf({half, half})).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeBody(BodyOf({half, half, one})).status()));
}

TEST(Wire, MembersBeyondTheBound_AreRefused) {
  Message chunk = HeartbeatOf(1, Term(1));
  SnapshotChunk& body = chunk.body.emplace<SnapshotChunk>();
  for (uint64_t node = 1; node <= kMaxConfigurationBytes / 8; ++node) {
    body.meta.configuration.voters.emplace_back(node);
  }
  const auto decoded = DecodeBody(BodyOf({chunk}));
  EXPECT_TRUE(absl::IsInvalidArgument(decoded.status())) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("cannot be read"));
}

TEST(Wire, UnknownMessageType_AmongKnownOnes_RefusesTheFrame) {
  std::string body = BodyOf({HeartbeatOf(1, Term(1))});
  body += std::string("\x1f\x07", 2);
  const auto decoded = DecodeBody(body);
  EXPECT_TRUE(absl::IsUnimplemented(decoded.status())) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("message type 31"));
}

TEST(Wire, UnknownEntryKind_InAnAppend_RefusesTheFrame) {
  Message append = HeartbeatOf(1, Term(1));
  append.body = AppendRequest{.prev_index = Index(),
                              .prev_term = Term(1),
                              .commit = Index(),
                              .entries = {{Index(1), Term(1), EntryKind::kNoOp, {}}}};
  std::string body = BodyOf({append});
  ASSERT_EQ(body[body.size() - 2], 1);
  body[body.size() - 2] = 4;
  const auto decoded = DecodeBody(body);
  EXPECT_TRUE(absl::IsUnimplemented(decoded.status())) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("entry kind 4"));
}

struct BadBody {
  const char* name;
  std::string bytes;
  const char* error;
};

// Type 9, TimeoutNow, has no fields: what follows its two leading bytes is group, term,
// incarnation.

class WireMalformed : public ::testing::TestWithParam<BadBody> {};

TEST_P(WireMalformed, Decoded_IsRefusedAndSaysWhy) {
  const auto decoded = DecodeBody(GetParam().bytes);
  ASSERT_TRUE(absl::IsInvalidArgument(decoded.status())) << decoded.status();
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Each, WireMalformed,
    ::testing::Values(
        BadBody{"Empty", "", "without a message"},
        BadBody{"TypeAlone", "\x09", "ends in the middle"},
        BadBody{"NoGroup", "\x09\x07", "no group"},
        BadBody{"OverlongVarint", "\x09\x06\x81\x00"s, "longer than need be"},
        BadBody{"VarintOf65Bits", "\x09\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                "exceeds 64 bits"},
        BadBody{"EndlessVarint", "\x09\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                "exceeds 64 bits"},
        BadBody{"RepeatedField", "\x09\x06\x01\x09\x06\x01", "repeats"},
        BadBody{"HalfIncarnation", "\x09\x02\x01\x01\x01", "ends in the middle"},
        BadBody{"BadFlag", "\x04\x06\x01\x02", "neither 0 nor 1"},
        BadBody{"EntriesBeyondFrame", "\x05\x06\x01\x00\x00\x00\x00\x7f\x01\x00"s,
                "list is longer"},
        BadBody{"EntriesPastLastIndex",
                "\x05\x06\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00\x01\x01\x00"s,
                "past the last index"},
        BadBody{"TermDoesNotRise", "\x05\x06\x01\x00\x00\x00\x00\x01\x81\x00\x00"s,
                "term of an entry"},
        BadBody{"PayloadBeyondFrame", "\x05\x06\x01\x00\x00\x00\x00\x01\x02\x05xx"s,
                "payload is longer"},
        BadBody{"HalfConfiguration", "\x0c\x06\x01\x01\x01\x01\x02\x01\x00"s, "cannot be read"}),
    [](const auto& body) { return body.param.name; });

}  // namespace
}  // namespace synod
