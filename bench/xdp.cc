#include "bench/xdp.h"

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "synod/switch/slot_acceptor.h"
#include "synod/switch/slot_packet.h"
#include "synod/switch/slot_registers.h"
#include "synod/switch/udp_frame.h"
#include "synod/switch/xdp_acceptor.h"

#include "bench/baseline.h"
#include "bench/fail.h"
#include "bench/statistics.h"
#include "tests/support/veth_pair.h"

namespace synod::bench {
namespace {

using support::Side;
using support::VethPair;

constexpr uint32_t kGroup = 1;
constexpr uint64_t kIncarnation = 7;
constexpr uint16_t kPort = 7400;

using Datagram = std::array<std::byte, slots::kPacketBytes>;

sockaddr_in AddressOf(Side side) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(VethPair::Address(side));
  return address;
}

// Bound to the address of a side and connected to the other's.
class Socket {
 public:
  Socket(const VethPair& wire, Side side) {
    wire.In(side, [this] { fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
    const sockaddr_in own = AddressOf(side);
    const sockaddr_in other =
        AddressOf(side == Side::kProposer ? Side::kAcceptor : Side::kProposer);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0 ||
        connect(fd_, reinterpret_cast<const sockaddr*>(&other), sizeof(other)) != 0) {
      Fail("cannot use a socket on a virtual wire");
    }
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(std::span<const std::byte> bytes) {
    if (send(fd_, bytes.data(), bytes.size(), 0) < 0) Fail("cannot send on a virtual wire");
  }
  // The bytes that came.
  size_t Receive(Datagram& bytes, bool is_polling) {
    ssize_t size = -1;
    do {
      size = recv(fd_, bytes.data(), bytes.size(), is_polling ? MSG_DONTWAIT : 0);
    } while (size < 0 && is_polling);
    return size < 0 ? 0 : static_cast<size_t>(size);
  }

 private:
  int fd_ = -1;
};

// One 1a to seven 2a with values of 32 bytes, all over the window.
Datagram Request(uint64_t number) {
  slots::SlotPacket packet{.message = number % 8 == 0 ? slots::Message::k1a : slots::Message::k2a,
                           .group = kGroup,
                           .cookie = number,
                           .incarnation = kIncarnation,
                           .ballot = {.round = 1, .node = 1, .incarnation = 1},
                           .slot = number % slots::kWindowSlots};
  packet.value.length = slots::kMaxValueBytes;
  Datagram bytes;
  slots::Encode(packet, bytes);
  return bytes;
}

// Median, in microseconds.
double RoundTrip(Socket& socket, bool is_polling, std::chrono::nanoseconds duration) {
  std::vector<double> samples;
  Datagram answer;
  const Clock::time_point end = Clock::now() + duration;
  Clock::time_point asked = Clock::now();
  for (uint64_t number = 0; asked < end; ++number) {
    const Datagram request = Request(number);
    asked = Clock::now();
    socket.Send(request);
    const size_t bytes = socket.Receive(answer, is_polling);
    samples.push_back(Micros(Clock::now() - asked));
    const std::optional<slots::SlotPacket> packet = slots::Decode(std::span(answer).first(bytes));
    if (!packet || packet->cookie != number || packet->outcome != slots::Outcome::kDone) {
      Fail("an acceptor at a virtual wire did not do what it was asked for");
    }
  }
  return Quantile(samples, 0.5);
}

// An acceptor in software behind a socket, until a datagram of no bytes comes.
void Serve(Socket& socket, int processor, bool is_polling) {
  PinTo(processor);
  slots::SlotAcceptor acceptor;
  for (const slots::ControlStep& step : slots::EnableSteps(kGroup, kIncarnation, 0)) {
    for (const slots::RegisterWrite& write : step) {
      acceptor.Write(write.which, write.index, write.word);
    }
  }
  Datagram bytes;
  while (const size_t size = socket.Receive(bytes, is_polling)) {
    if (acceptor.Process(std::span(bytes).first(size), bytes)) socket.Send(bytes);
  }
}

class Bench {
 public:
  Bench(std::unique_ptr<VethPair> wire, std::unique_ptr<slots::XdpAcceptor> acceptor)
      : wire_(std::move(wire)),
        acceptor_(std::move(acceptor)),
        proposer_(*wire_, Side::kProposer) {}

  absl::StatusOr<double> Kernel(std::chrono::nanoseconds duration) {
    absl::Status status = wire_->SetPassing(true);
    if (!status.ok()) return status;
    wire_->In(Side::kAcceptor, [&] {
      status = acceptor_->Attach(VethPair::Device(Side::kAcceptor), slots::XdpMode::kNative);
    });
    if (!status.ok()) return status;
    const double micros = RoundTrip(proposer_, /*is_polling=*/false, duration);
    status = acceptor_->Detach();
    if (status.ok()) status = wire_->SetPassing(false);
    if (!status.ok()) return status;
    return micros;
  }

  double InSoftware(int processor, bool is_polling, std::chrono::nanoseconds duration) {
    Socket socket(*wire_, Side::kAcceptor);
    std::thread server([&] { Serve(socket, processor, is_polling); });
    const double micros = RoundTrip(proposer_, is_polling, duration);
    proposer_.Send({});
    server.join();
    return micros;
  }

 private:
  std::unique_ptr<VethPair> wire_;
  std::unique_ptr<slots::XdpAcceptor> acceptor_;
  Socket proposer_;
};

absl::StatusOr<std::unique_ptr<slots::XdpAcceptor>> Enabled() {
  auto opened = slots::XdpAcceptor::Open(
      {.address = {.address = VethPair::Address(Side::kAcceptor), .port = kPort}});
  if (!opened.ok()) return opened;
  for (const slots::ControlStep& step : slots::EnableSteps(kGroup, kIncarnation, 0)) {
    for (const slots::RegisterWrite& write : step) {
      if (absl::Status status = (*opened)->Write(write); !status.ok()) return status;
    }
  }
  return opened;
}

}  // namespace

absl::StatusOr<XdpRoundTrips> MeasureXdp(std::chrono::milliseconds duration) {
  auto wire = VethPair::Make();
  if (!wire.ok()) return wire.status();
  auto acceptor = Enabled();
  if (!acceptor.ok()) return acceptor.status();
  cpu_set_t before;
  if (sched_getaffinity(0, sizeof(before), &before) != 0) Fail("cannot read the processor set");
  PinTo(0);
  Bench bench(*std::move(wire), *std::move(acceptor));
  constexpr int kTurns = 15;
  const std::chrono::nanoseconds turn = std::chrono::nanoseconds(duration) / kTurns / 3;
  std::vector<double> kernel, socket, across, socket_ratio, across_ratio;
  for (int i = 0; i < kTurns; ++i) {
    const absl::StatusOr<double> micros = bench.Kernel(turn);
    if (!micros.ok()) return micros.status();
    kernel.push_back(*micros);
    socket.push_back(bench.InSoftware(/*processor=*/0, /*is_polling=*/false, turn));
    socket_ratio.push_back(socket.back() / kernel.back());
    if (std::thread::hardware_concurrency() < 2) continue;
    across.push_back(bench.InSoftware(/*processor=*/1, /*is_polling=*/true, turn));
    across_ratio.push_back(across.back() / kernel.back());
  }
  sched_setaffinity(0, sizeof(before), &before);
  return XdpRoundTrips{.kernel_micros = Quantile(kernel, 0.5),
                       .socket_micros = Quantile(socket, 0.5),
                       .across_micros = Quantile(across, 0.5),
                       .socket_ratio = Quantile(socket_ratio, 0.5),
                       .across_ratio = Quantile(across_ratio, 0.5)};
}

}  // namespace synod::bench
