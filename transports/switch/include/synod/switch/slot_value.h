// What an acceptor keeps of an entry: the entry, or if it is too large its digest.
#ifndef SYNOD_SWITCH_SLOT_VALUE_H_
#define SYNOD_SWITCH_SLOT_VALUE_H_

#include <cstdint>
#include <optional>

#include "synod/core/ballot.h"
#include "synod/core/configuration.h"
#include "synod/core/entry.h"
#include "synod/switch/slot_packet.h"

namespace synod::slots {

// Of a value whose kind has this bit the bytes are the SHA-256 of kind (1 byte), slot (8 bytes,
// little-endian) and the payload's SHA-256: what nobody can find a second payload for.
inline constexpr uint32_t kDigestBit = 0x80;
static_assert(kMaxValueBytes == Configuration::kMaxAcceptorPayload,
              "who decides what is chosen must know of which entries there are digests alone");

[[nodiscard]] SlotValue ToSlotValue(const Entry& entry);
[[nodiscard]] inline bool IsDigest(const SlotValue& value) {
  return (value.kind & kDigestBit) != 0;
}
// What was accepted in the slot under `ballot`. Nothing if that is a digest, or no proposer of this
// version has written it.
[[nodiscard]] std::optional<Entry> ToEntry(const SlotValue& value, uint64_t slot,
                                           const Ballot& ballot);

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_SLOT_VALUE_H_
