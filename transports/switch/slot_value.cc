#include "synod/switch/slot_value.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <openssl/sha.h>

namespace synod::slots {
namespace {

// What the digest is taken of: kind, slot and the payload's own digest.
constexpr size_t kSlotAt = 1;
constexpr size_t kPayloadAt = kSlotAt + sizeof(uint64_t);
using Text = std::array<uint8_t, kPayloadAt + SHA256_DIGEST_LENGTH>;

}  // namespace

SlotValue ToSlotValue(const Entry& entry) {
  const std::string_view payload = entry.payload.view();
  const auto* const bytes = reinterpret_cast<const uint8_t*>(payload.data());
  SlotValue value{.kind = static_cast<uint32_t>(entry.kind)};
  auto* const kept = reinterpret_cast<uint8_t*>(value.bytes.data());
  if (payload.size() <= kMaxValueBytes) {
    value.length = static_cast<uint8_t>(payload.size());
    std::copy_n(bytes, payload.size(), kept);
    return value;
  }
  Text text{static_cast<uint8_t>(entry.kind)};
  for (size_t i = 0; i < sizeof(uint64_t); ++i) {
    text[kSlotAt + i] = static_cast<uint8_t>(entry.index.value() >> (8 * i));
  }
  SHA256(bytes, payload.size(), &text[kPayloadAt]);
  SHA256(text.data(), text.size(), kept);
  value.kind |= kDigestBit;
  value.length = kMaxValueBytes;
  static_assert(kMaxValueBytes == SHA256_DIGEST_LENGTH);
  return value;
}

std::optional<Entry> ToEntry(const SlotValue& value, uint64_t slot, const Ballot& ballot) {
  const bool is_known = value.kind >= static_cast<uint32_t>(EntryKind::kNoOp) &&
                        value.kind <= static_cast<uint32_t>(EntryKind::kConfiguration);
  if (!is_known || value.length > kMaxValueBytes) return std::nullopt;
  const std::string_view bytes(reinterpret_cast<const char*>(value.bytes.data()), value.length);
  return Entry{.index = Index(slot),
               .term = ballot.round,
               .kind = static_cast<EntryKind>(value.kind),
               .payload = Payload::Copy(bytes)};
}

}  // namespace synod::slots
