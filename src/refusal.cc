#include "synod/node/refusal.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/cord.h"

namespace synod {

namespace {

constexpr size_t kBytes = 1 + 8;

absl::string_view Url() { return {kRefusalUrl.data(), kRefusalUrl.size()}; }

}  // namespace

Refusal RefusalOf(const absl::Status& status) {
  const auto payload = status.GetPayload(Url());
  if (!payload || payload->size() != kBytes) return {};
  const std::string bytes(*payload);
  uint64_t leader = 0;
  for (size_t i = kBytes - 1; i > 0; --i) leader = (leader << 8) | static_cast<uint8_t>(bytes[i]);
  return {.reason = static_cast<Reason>(bytes[0]), .leader = NodeId(leader)};
}

absl::Status WithRefusal(absl::Status status, const Refusal& refusal) {
  std::string bytes(1, static_cast<char>(refusal.reason));
  for (size_t i = 0; i < kBytes - 1; ++i) {
    bytes.push_back(static_cast<char>(refusal.leader.value() >> (8 * i)));
  }
  status.SetPayload(Url(), absl::Cord(bytes));
  return status;
}

}  // namespace synod
