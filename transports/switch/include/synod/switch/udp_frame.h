// Ethernet frames around UDP datagrams over IPv4: what a switch sees of what a socket sends.
#ifndef SYNOD_SWITCH_UDP_FRAME_H_
#define SYNOD_SWITCH_UDP_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace synod::slots {

inline constexpr size_t kFrameHeaderBytes = 14 + 20 + 8;
// Of a datagram that is not cut into fragments.
inline constexpr size_t kMaxDatagramBytes = 1472;

struct Endpoint {
  uint32_t address = 0;  // 127.0.0.1 is 0x7f000001.
  uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct UdpDatagram {
  Endpoint from{};
  Endpoint to{};
  std::span<const std::byte> payload{};
};

// kNone leaves UDP's at 0, which says that there is none: for what was verified already.
enum class UdpChecksum : uint8_t { kNone, kComputed };

// Writes the frame and returns its size, kFrameHeaderBytes more than the payload's. The payload has
// at most kMaxDatagramBytes, and `frame` room for the whole.
size_t BuildUdpFrame(const UdpDatagram& datagram, UdpChecksum checksum, std::span<std::byte> frame);

// The datagram in a frame, which it borrows; nothing if the frame is none of UDP over IPv4, as
// BuildUdpFrame makes them, or a checksum is wrong.
[[nodiscard]] std::optional<UdpDatagram> ParseUdpFrame(std::span<const std::byte> frame);

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_UDP_FRAME_H_
