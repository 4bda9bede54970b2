#include "synod/switch/udp_frame.h"

#include <algorithm>
#include <cstring>

#include "synod/base/assert.h"

namespace synod::slots {
namespace {

constexpr size_t kIpv4 = 14;  // Where each header begins.
constexpr size_t kUdp = kIpv4 + 20;
constexpr uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::byte kVersionAndWords{0x45};
constexpr std::byte kTimeToLive{64};
constexpr std::byte kProtocolUdp{17};

uint16_t Load16(const std::byte* bytes) {
  return static_cast<uint16_t>(std::to_integer<uint32_t>(bytes[0]) << 8 |
                               std::to_integer<uint32_t>(bytes[1]));
}
uint32_t Load32(const std::byte* bytes) {
  return uint32_t{Load16(bytes)} << 16 | Load16(bytes + 2);
}
void Store16(uint32_t word, std::byte* bytes) {
  bytes[0] = static_cast<std::byte>(word >> 8 & 0xff);
  bytes[1] = static_cast<std::byte>(word & 0xff);
}
void Store32(uint32_t word, std::byte* bytes) {
  Store16(word >> 16, bytes);
  Store16(word & 0xffff, bytes + 2);
}

// The one's complement sum, from `sum` on; a last odd byte counts as the higher one.
uint32_t Add(std::span<const std::byte> bytes, uint32_t sum) {
  size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += Load16(bytes.data() + i);
  if (i < bytes.size()) sum += std::to_integer<uint32_t>(bytes[i]) << 8;
  while (sum >> 16 != 0) sum = (sum >> 16) + (sum & 0xffff);
  return sum;
}

uint32_t SumIpv4(std::span<const std::byte> frame) { return Add(frame.subspan(kIpv4, 20), 0); }

// Over the header, the payload, and what UDP sums of IPv4's header.
uint32_t SumUdp(std::span<const std::byte> frame) {
  const std::span<const std::byte> datagram = frame.subspan(kUdp);
  const uint32_t begin =
      static_cast<uint32_t>(datagram.size()) + std::to_integer<uint32_t>(kProtocolUdp);
  return Add(datagram, Add(frame.subspan(kIpv4 + 12, 8), begin));
}

}  // namespace

size_t BuildUdpFrame(const UdpDatagram& datagram, UdpChecksum checksum,
                     std::span<std::byte> frame) {
  const size_t bytes = kFrameHeaderBytes + datagram.payload.size();
  SYNOD_ASSERT(datagram.payload.size() <= kMaxDatagramBytes && bytes <= frame.size(),
               "a frame has room for its datagram");
  frame = frame.first(bytes);
  std::memset(frame.data(), 0, kFrameHeaderBytes);
  Store16(kEtherTypeIpv4, frame.data() + 12);
  std::byte* const ipv4 = frame.data() + kIpv4;
  ipv4[0] = kVersionAndWords;
  Store16(static_cast<uint32_t>(bytes - kIpv4), ipv4 + 2);
  ipv4[8] = kTimeToLive;
  ipv4[9] = kProtocolUdp;
  Store32(datagram.from.address, ipv4 + 12);
  Store32(datagram.to.address, ipv4 + 16);
  Store16(~SumIpv4(frame) & 0xffff, ipv4 + 10);
  std::byte* const udp = frame.data() + kUdp;
  Store16(datagram.from.port, udp);
  Store16(datagram.to.port, udp + 2);
  Store16(static_cast<uint32_t>(bytes - kUdp), udp + 4);
  std::copy(datagram.payload.begin(), datagram.payload.end(), frame.begin() + kFrameHeaderBytes);
  if (checksum == UdpChecksum::kComputed) {
    const uint32_t sum = ~SumUdp(frame) & 0xffff;
    Store16(sum == 0 ? 0xffff : sum, udp + 6);
  }
  return bytes;
}

std::optional<UdpDatagram> ParseUdpFrame(std::span<const std::byte> frame) {
  if (frame.size() < kFrameHeaderBytes) return std::nullopt;
  const std::byte* const ipv4 = frame.data() + kIpv4;
  const std::byte* const udp = frame.data() + kUdp;
  if (Load16(frame.data() + 12) != kEtherTypeIpv4 || ipv4[0] != kVersionAndWords ||
      ipv4[9] != kProtocolUdp || Load16(ipv4 + 2) != frame.size() - kIpv4 ||
      Load16(udp + 4) != frame.size() - kUdp || SumIpv4(frame) != 0xffff) {
    return std::nullopt;
  }
  if (Load16(udp + 6) != 0 && SumUdp(frame) != 0xffff) return std::nullopt;
  return UdpDatagram{.from = {.address = Load32(ipv4 + 12), .port = Load16(udp)},
                     .to = {.address = Load32(ipv4 + 16), .port = Load16(udp + 2)},
                     .payload = frame.subspan(kFrameHeaderBytes)};
}

}  // namespace synod::slots
