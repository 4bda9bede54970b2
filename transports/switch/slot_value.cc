#include "synod/switch/slot_value.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "sha256.h"

namespace synod::slots {

SlotValue ToSlotValue(const Entry& entry) {
  const std::string_view payload = entry.payload.view();
  const auto bytes = std::as_bytes(std::span(payload.data(), payload.size()));
  SlotValue value{.kind = static_cast<uint32_t>(entry.kind)};
  if (bytes.size() <= kMaxValueBytes) {
    value.length = static_cast<uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), value.bytes.begin());
    return value;
  }
  std::array<std::byte, 9> head{static_cast<std::byte>(entry.kind)};
  for (size_t i = 0; i < 8; ++i) {
    head[1 + i] = static_cast<std::byte>(entry.index.value() >> (8 * i));
  }
  Sha256 digest;
  digest.Add(head);
  digest.Add(bytes);
  value.kind |= kDigestBit;
  value.length = kMaxValueBytes;
  value.bytes = digest.Finish();
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
