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

}  // namespace synod

#endif  // SYNOD_CORE_PROTOCOL_H_
