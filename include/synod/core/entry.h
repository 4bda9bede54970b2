// What the log consists of.
#ifndef SYNOD_CORE_ENTRY_H_
#define SYNOD_CORE_ENTRY_H_

#include <cstdint>

#include "synod/base/ids.h"
#include "synod/base/payload.h"

namespace synod {

enum class EntryKind : uint8_t {
  kNoOp = 1,     // A new leader's first entry, through which it commits those before it (Raft §8).
  kCommand = 2,  // Bytes for the state machine.
  kConfiguration = 3,  // Who the members are from here on: EncodeConfiguration.
  kMark = 4,  // In the store of Multi-Paxos alone: what the entries behind it are (AcceptLog).
};

struct Entry {
  Index index;
  Term term;
  EntryKind kind = EntryKind::kNoOp;
  Payload payload;

  // What the entry counts for in every limit on bytes: its payload and a fixed share for its
  // header.
  [[nodiscard]] size_t Bytes() const { return payload.size() + kHeaderBytes; }
  static constexpr size_t kHeaderBytes = 32;

  friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace synod

#endif  // SYNOD_CORE_ENTRY_H_
