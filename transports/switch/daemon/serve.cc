#include "serve.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/signalfd.h>
#include <utility>
#include <vector>

#include "../datagram_port.h"
#include "../sockets.h"
#include "control_language.h"
#include "control_port.h"
#include "device.h"

namespace synod::slots {
namespace {

Instant Now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

// Readable once the process is asked to end.
Descriptor WatchForTheEnd() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Descriptor(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

class Server {
 public:
  Server(std::unique_ptr<DatagramPort> data, std::unique_ptr<ControlPort> control,
         std::unique_ptr<Device> device)
      : data_(std::move(data)), control_(std::move(control)), device_(std::move(device)) {}

  void Run() {
    const Descriptor end = WatchForTheEnd();
    std::vector<pollfd> polled;
    while (true) {
      polled = {{.fd = end.get(), .events = POLLIN, .revents = 0},
                {.fd = data_->fd(), .events = POLLIN, .revents = 0}};
      control_->AddTo(polled);
      const timespec wait = UntilNextEvent();
      ppoll(polled.data(), polled.size(), wait.tv_sec < 0 ? nullptr : &wait, nullptr);
      if (polled[0].revents != 0) return;
      const auto is_ready = [](const pollfd& one) { return one.revents != 0; };
      Turn(/*is_controlled=*/std::any_of(polled.begin() + 2, polled.end(), is_ready));
    }
  }

 private:
  // The control plane waits no longer than so many batches of datagrams.
  static constexpr int kBatchesPerTurn = 16;

  // Negative if there is none.
  timespec UntilNextEvent() const {
    const Instant next = device_->NextEvent();
    if (next == kNever) return {.tv_sec = -1, .tv_nsec = 0};
    const auto wait = std::max(next - Now(), Duration::zero()).count();
    return {.tv_sec = wait / 1'000'000'000, .tv_nsec = wait % 1'000'000'000};
  }

  void Turn(bool is_controlled) {
    const auto send = [this](Endpoint to, std::span<const std::byte> payload) {
      data_->Send(to, payload);
    };
    const Instant now = Now();
    device_->Advance(now, send);
    for (int batch = 0; batch < kBatchesPerTurn; ++batch) {
      const bool is_full = data_->Receive(
          [&](const UdpDatagram& datagram) { device_->Receive(datagram, now, send); });
      data_->Flush();
      if (!is_full) break;
    }
    if (!is_controlled) return;
    control_->Serve([&](std::string_view line) { return AnswerControl(line, *device_, now); });
  }

  std::unique_ptr<DatagramPort> data_;
  std::unique_ptr<ControlPort> control_;
  std::unique_ptr<Device> device_;
};

absl::StatusOr<std::unique_ptr<Device>> MakeDevice(const Flags& flags, Endpoint own) {
  if (!flags.xdp.interface.empty()) return MakeXdpDevice(flags.xdp, own);
  if (flags.is_software) return MakeSoftwareDevice();
  return MakeEmulatedDevice(flags.options, own);
}

}  // namespace

absl::Status Serve(const Flags& flags) {
  auto data = DatagramPort::Bind(flags.listen);
  if (!data.ok()) return data.status();
  auto control = ControlPort::Listen(flags.control);
  if (!control.ok()) return control.status();
  auto device = MakeDevice(flags, (*data)->address());
  if (!device.ok()) return device.status();
  std::printf("synod-switch: answers at %s, is controlled at %s\n",
              Describe((*data)->address()).c_str(), Describe((*control)->address()).c_str());
  std::fflush(stdout);
  Server(*std::move(data), *std::move(control), *std::move(device)).Run();
  return absl::OkStatus();
}

}  // namespace synod::slots
