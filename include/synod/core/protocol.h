// How a group decides.
#ifndef SYNOD_CORE_PROTOCOL_H_
#define SYNOD_CORE_PROTOCOL_H_

#include <cstdint>
#include <string_view>

namespace synod {

enum class Protocol : uint8_t { kRaft = 0, kMultiPaxos = 1 };

constexpr std::string_view Describe(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRaft:
      return "raft";
    case Protocol::kMultiPaxos:
      return "multipaxos";
  }
  return "unknown protocol";
}

// Whether a store's log and its snapshots count by the same indexes, so that a snapshot says how
// much of the log may go. The log of Multi-Paxos is one of accepts, which are not in the order of
// the slots, nor as many: what may go of it the core alone knows.
constexpr bool LogCountsAsSnapshots(Protocol protocol) { return protocol == Protocol::kRaft; }

}  // namespace synod

#endif  // SYNOD_CORE_PROTOCOL_H_
