#include "handshake.h"

#include <algorithm>
#include <cstring>

#include "absl/status/status.h"
#include "synod/port/wire.h"

namespace synod::tcp {

namespace {

constexpr uint8_t kHello = 1;
constexpr uint8_t kWelcome = 2;
constexpr uint8_t kRefusal = 3;
constexpr size_t kIntroductionBytes = 2 + 4 * 8;

// Host order is wire order: the wire format asserts a little-endian machine.
void Append(std::string& out, uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

uint64_t Take(std::string_view& in) {
  uint64_t value = 0;
  std::memcpy(&value, in.data(), sizeof(value));
  in.remove_prefix(sizeof(value));
  return value;
}

}  // namespace

std::string Encode(const Introduction& introduction) {
  std::string body;
  body.push_back(static_cast<char>(introduction.is_welcome ? kWelcome : kHello));
  body.push_back(static_cast<char>(introduction.channel));
  Append(body, introduction.cluster.value());
  Append(body, introduction.from.value());
  Append(body, introduction.to.value());
  Append(body, introduction.incarnation.value());
  return wire::EncodeFrame(wire::FrameKind::kHandshake, body);
}

std::string Encode(const Refusal& refusal) {
  std::string body;
  body.push_back(static_cast<char>(kRefusal));
  body.push_back(static_cast<char>(refusal.reason));
  body.append(refusal.text, 0, kMaxHandshakeBytes - body.size());
  return wire::EncodeFrame(wire::FrameKind::kHandshake, body);
}

absl::StatusOr<std::variant<Introduction, Refusal>> DecodeHandshake(std::string_view body) {
  const uint8_t step = body.empty() ? 0 : static_cast<uint8_t>(body[0]);
  if (step == kRefusal && body.size() >= 2) {
    Refusal refusal{.reason = static_cast<RefusalReason>(body[1]),
                    .text = std::string(body.substr(2))};
    std::replace_if(
        refusal.text.begin(), refusal.text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return refusal;
  }
  if ((step != kHello && step != kWelcome) || body.size() != kIntroductionBytes ||
      static_cast<uint8_t>(body[1]) >= kChannels) {
    return absl::InvalidArgumentError("a handshake that is neither hello, welcome nor refusal");
  }
  Introduction introduction;
  introduction.is_welcome = step == kWelcome;
  introduction.channel = static_cast<Channel>(body[1]);
  body.remove_prefix(2);
  introduction.cluster = ClusterId(Take(body));
  introduction.from = NodeId(Take(body));
  introduction.to = NodeId(Take(body));
  introduction.incarnation = Incarnation(Take(body));
  return introduction;
}

}  // namespace synod::tcp
