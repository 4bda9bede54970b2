#include "synod/switch/switch_control.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>

namespace synod::slots {
namespace {

// Between two looks at whether writes have taken effect.
constexpr Duration kPollInterval = std::chrono::microseconds(200);

absl::Status Failed(const std::string& what) {
  const std::string text = what + ": " + std::strerror(errno);
  const bool is_late = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS;
  return is_late ? absl::DeadlineExceededError(text) : absl::UnavailableError(text);
}

timeval ToTimeval(Duration time) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  return {.tv_sec = micros / 1'000'000, .tv_usec = micros % 1'000'000};
}

// "not_found: there is no …" as it was on the other side.
absl::Status FromAnswer(std::string_view answer) {
  const std::string text(answer);
  if (answer.starts_with("NOT_FOUND")) return absl::NotFoundError(text);
  if (answer.starts_with("OUT_OF_RANGE")) return absl::OutOfRangeError(text);
  if (answer.starts_with("UNAVAILABLE")) return absl::UnavailableError(text);
  return absl::InvalidArgumentError(text);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SwitchControl>> SwitchControl::Connect(const std::string& address,
                                                                      Duration timeout) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError("'" + address + "' is not host:port");
  }
  const addrinfo hints{.ai_flags = 0,
                       .ai_family = AF_INET,
                       .ai_socktype = SOCK_STREAM,
                       .ai_protocol = 0,
                       .ai_addrlen = 0,
                       .ai_addr = nullptr,
                       .ai_canonname = nullptr,
                       .ai_next = nullptr};
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.substr(0, colon).c_str(), address.substr(colon + 1).c_str(),
                                &hints, &found);
  if (error != 0) return absl::UnavailableError("'" + address + "': " + gai_strerror(error));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit = ToTimeval(timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const bool is_connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  const absl::Status failure =
      is_connected ? absl::OkStatus() : Failed("cannot connect to '" + address + "'");
  freeaddrinfo(found);
  if (!failure.ok()) {
    if (fd >= 0) close(fd);
    return failure;
  }
  return std::unique_ptr<SwitchControl>(new SwitchControl(fd, timeout));
}

SwitchControl::~SwitchControl() { close(fd_); }

absl::StatusOr<std::string> SwitchControl::Ask(std::string_view line) {
  const std::string sent = std::string(line) + "\n";
  if (send(fd_, sent.data(), sent.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(sent.size())) {
    return Failed("cannot reach the switch");
  }
  size_t end = received_.find('\n');
  while (end == std::string::npos) {
    char piece[512];
    const ssize_t size = recv(fd_, piece, sizeof(piece), 0);
    if (size < 0) return Failed("the switch does not answer");
    if (size == 0) return absl::UnavailableError("the switch has closed the connection");
    received_.append(piece, static_cast<size_t>(size));
    end = received_.find('\n');
  }
  const std::string answer = received_.substr(0, end);
  received_.erase(0, end + 1);
  if (answer == "ok") return std::string();
  if (answer.starts_with("ok ")) return answer.substr(3);
  return FromAnswer(std::string_view(answer).substr(std::min(answer.size(), size_t{6})));
}

absl::StatusOr<uint64_t> SwitchControl::AskNumber(std::string_view line) {
  const absl::StatusOr<std::string> answer = Ask(line);
  if (!answer.ok()) return answer.status();
  uint64_t number = 0;
  const char* const end = answer->data() + answer->size();
  const auto [stop, error] = std::from_chars(answer->data(), end, number);
  if (error == std::errc() && stop == end) return number;
  return absl::UnavailableError("the switch answers '" + *answer + "', which is no number");
}

absl::StatusOr<uint32_t> SwitchControl::Read(SlotRegister which, uint32_t index) {
  const absl::StatusOr<uint64_t> word =
      AskNumber("read " + std::string(NameOf(which)) + " " + std::to_string(index));
  if (!word.ok()) return word.status();
  return static_cast<uint32_t>(*word);
}

absl::Status SwitchControl::Write(const RegisterWrite& write) {
  return Ask("write " + std::string(NameOf(write.which)) + " " + std::to_string(write.index) + " " +
             std::to_string(write.word))
      .status();
}

absl::Status SwitchControl::Settle() {
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    const absl::StatusOr<uint64_t> pending = AskNumber("pending");
    if (!pending.ok()) return pending.status();
    if (*pending == 0) return absl::OkStatus();
    if (std::chrono::steady_clock::now() - start > timeout_) {
      return absl::DeadlineExceededError("the switch does not carry out what is written");
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

absl::Status SwitchControl::Apply(const std::vector<ControlStep>& steps) {
  for (const ControlStep& step : steps) {
    for (const RegisterWrite& write : step) {
      if (absl::Status status = Write(write); !status.ok()) return status;
    }
    if (absl::Status status = Settle(); !status.ok()) return status;
    for (const RegisterWrite& write : step) {
      const absl::StatusOr<uint32_t> word = Read(write.which, write.index);
      if (!word.ok()) return word.status();
      // The power was gone meanwhile, or somebody else writes too.
      if (*word != write.word) {
        return absl::AbortedError(std::string(NameOf(write.which)) + " is not what was written");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status SwitchControl::Enable(uint32_t group, uint64_t incarnation, uint32_t trim) {
  if (incarnation == 0) return absl::InvalidArgumentError("incarnation 0 is that of no voter");
  const absl::StatusOr<SlotState> state = State();
  if (!state.ok()) return state.status();
  if (state->is_enabled || !state->promised.IsZero() || state->highest != 0) {
    return absl::FailedPreconditionError(
        "the acceptor has state of an earlier life: power-cycle it first");
  }
  return Apply(EnableSteps(group, incarnation, trim));
}

absl::Status SwitchControl::Disable() { return Apply(DisableSteps()); }

absl::Status SwitchControl::SetTrim(uint32_t trim) {
  const absl::StatusOr<uint32_t> now = Read(SlotRegister::kTrim);
  if (!now.ok()) return now.status();
  if (trim < *now) {
    return absl::OutOfRangeError("the trim is " + std::to_string(*now) + " already");
  }
  // Whoever asks for a higher one meanwhile must not see it lowered.
  const std::string line = "raise " + std::string(NameOf(SlotRegister::kTrim)) + " 0 ";
  if (absl::Status status = Ask(line + std::to_string(trim)).status(); !status.ok()) return status;
  if (absl::Status status = Settle(); !status.ok()) return status;
  const absl::StatusOr<uint32_t> then = Read(SlotRegister::kTrim);
  if (!then.ok()) return then.status();
  return *then >= trim ? absl::OkStatus() : absl::AbortedError("trim is not what was written");
}

absl::Status SwitchControl::RaiseTrim(uint32_t group, uint64_t incarnation, uint32_t trim) {
  const absl::StatusOr<SlotState> state = State();
  if (!state.ok()) return state.status();
  if (!state->is_enabled || state->group != group || state->incarnation != incarnation) {
    return absl::FailedPreconditionError("another voter is there, or none");
  }
  return trim <= state->trim ? absl::OkStatus() : SetTrim(trim);
}

absl::StatusOr<SlotState> SwitchControl::State() {
  using enum SlotRegister;
  absl::Status failure;
  const auto read = [&](SlotRegister which) -> uint32_t {
    if (!failure.ok()) return 0;
    const absl::StatusOr<uint32_t> word = Read(which);
    if (word.ok()) return *word;
    failure = word.status();
    return 0;
  };
  const auto both = [&](SlotRegister high, SlotRegister low) {
    const uint64_t upper = read(high);
    return upper << 32 | read(low);
  };
  SlotState state;
  state.is_enabled = read(kEnabled) != 0;
  state.group = read(kGroup);
  state.incarnation = both(kIncarnationHigh, kIncarnationLow);
  state.trim = read(kTrim);
  state.highest = read(kHighest);
  state.promised.round = read(kPromisedRound);
  state.promised.node = read(kPromisedNode);
  state.promised.incarnation = both(kPromisedHigh, kPromisedLow);
  if (!failure.ok()) return failure;
  return state;
}

absl::Status SwitchControl::PowerOff() { return Ask("power off").status(); }
absl::Status SwitchControl::PowerOn() { return Ask("power on").status(); }

}  // namespace synod::slots
