// synod-switch as a process: its real sockets, and SwitchControl against its control port.
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <set>
#include <spawn.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "synod/switch/switch_control.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/switch/golden.h"
#include "tests/unit/switch/switch_under_test.h"
#include "transports/switch/daemon/sockets.h"

extern char** environ;

namespace synod::slots {
namespace {

using testing::Bytes;
using testing::Encoded;
using testing::FirstWrong;
using ::testing::HasSubstr;
using testing::ReadGoldenVectors;
using testing::Subject;

// A running synod-switch; ended with the object.
class Process {
 public:
  explicit Process(const std::vector<std::string>& flags) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::vector<std::string> words = {SYNOD_SWITCH_PROGRAM, "serve", "--listen=127.0.0.1:0",
                                      "--control=127.0.0.1:0"};
    words.insert(words.end(), flags.begin(), flags.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    EXPECT_EQ(
        posix_spawn(&process_, SYNOD_SWITCH_PROGRAM, &actions, nullptr, arguments.data(), environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE* output = fdopen(ends[0], "r");
    std::array<char, 64> listen{};
    std::array<char, 64> control{};
    EXPECT_EQ(std::fscanf(output, "synod-switch: answers at %63[^,], is controlled at %63s",
                          listen.data(), control.data()),
              2);
    std::fclose(output);
    listen_ = ParseEndpoint(listen.data()).value_or(Endpoint());
    control_ = control.data();
  }
  ~Process() {
    kill(process_, SIGTERM);
    int status = 0;
    waitpid(process_, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }

  [[nodiscard]] Endpoint listen() const { return listen_; }
  [[nodiscard]] std::unique_ptr<SwitchControl> Connect() const {
    auto control = SwitchControl::Connect(control_);
    EXPECT_TRUE(control.ok()) << control.status();
    return *std::move(control);
  }

 private:
  pid_t process_ = 0;
  Endpoint listen_;
  std::string control_;
};

class Socket {
 public:
  explicit Socket(Endpoint to) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    const sockaddr_in address = ToSockaddr(to);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(std::span<const std::byte> bytes) { (void)!write(fd_, bytes.data(), bytes.size()); }
  // Nothing once that much time has passed.
  std::optional<Bytes> Receive(int milliseconds) {
    pollfd polled{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&polled, 1, milliseconds) <= 0) return std::nullopt;
    Bytes bytes(2048);
    const ssize_t size = recv(fd_, bytes.data(), bytes.size(), 0);
    if (size < 0) return std::nullopt;
    bytes.resize(static_cast<size_t>(size));
    return bytes;
  }

 private:
  int fd_;
};

// Asks over UDP. A request of another version, which changes nothing, comes behind each: once it is
// answered, what was not answered before will not be.
class ProcessSubject : public Subject {
 public:
  explicit ProcessSubject(const Process& process)
      : socket_(process.listen()), control_(process.Connect()) {}

  using Subject::Ask;
  std::optional<Bytes> Ask(std::span<const std::byte> datagram) override {
    constexpr int kLongEnough = 20'000;
    const SlotPacket marker{.version = 77, .cookie = ++markers_ << 32 | 0xabcdef};
    socket_.Send(datagram);
    socket_.Send(Encoded(marker));
    std::optional<Bytes> answer;
    while (std::optional<Bytes> received = socket_.Receive(kLongEnough)) {
      const std::optional<SlotPacket> packet = Decode(*received);
      if (packet && packet->cookie == marker.cookie) return answer;
      EXPECT_FALSE(answer.has_value());
      answer = std::move(received);
    }
    ADD_FAILURE() << "no answer";
    return std::nullopt;
  }
  uint32_t Read(SlotRegister which, size_t index) override {
    return control_->Read(which, static_cast<uint32_t>(index)).value();
  }
  void Write(SlotRegister which, size_t index, uint32_t word) override {
    EXPECT_TRUE(
        control_->Write({.which = which, .index = static_cast<uint32_t>(index), .word = word})
            .ok());
    EXPECT_TRUE(control_->Settle().ok());
  }
  void PowerCycle() override {
    EXPECT_TRUE(control_->PowerOff().ok());
    EXPECT_TRUE(control_->PowerOn().ok());
  }
  SwitchControl& control() { return *control_; }

 private:
  Socket socket_;
  std::unique_ptr<SwitchControl> control_;
  uint64_t markers_ = 0;
};

class SwitchProcess : public ::testing::TestWithParam<std::string> {
 protected:
  static std::vector<std::string> Flags() {
    return GetParam().empty() ? std::vector<std::string>() : std::vector<std::string>{GetParam()};
  }
  static constexpr uint64_t kIncarnation = 0x1122334455667788;
  static SlotPacket Request(Message message, uint32_t round, uint64_t slot) {
    return {.message = message,
            .group = 5,
            .incarnation = kIncarnation,
            .ballot = {round, 1, 1},
            .slot = slot};
  }
};

TEST_P(SwitchProcess, GoldenVectors_OverUdp_AreAnsweredSo) {
  const Process process(Flags());
  ProcessSubject subject(process);
  EXPECT_EQ(FirstWrong(ReadGoldenVectors(SYNOD_GOLDEN_VECTORS), subject), 0)
      << "the line of the request";
}

TEST_P(SwitchProcess, Voter_EnabledTrimmedAndPowerCycled_AnswersAccordingly) {
  const Process process(Flags());
  ProcessSubject subject(process);
  SwitchControl& control = subject.control();
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 1, 0)).outcome, Outcome::kNotAVoter);

  ASSERT_TRUE(control.Enable(5, kIncarnation, 0).ok());
  EXPECT_EQ(subject.Ask(Request(Message::k2a, 3, 100)).outcome, Outcome::kDone);
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 2, 100)).outcome, Outcome::kPromisedHigher);
  ASSERT_TRUE(control.SetTrim(2).ok());
  EXPECT_EQ(control.SetTrim(1).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 3, 100)).outcome, Outcome::kOutsideWindow);
  const absl::StatusOr<SlotState> state = control.State();
  ASSERT_TRUE(state.ok());
  EXPECT_TRUE(state->is_enabled);
  EXPECT_EQ(state->group, 5u);
  EXPECT_EQ(state->incarnation, kIncarnation);
  EXPECT_EQ(state->trim, 2u);
  EXPECT_EQ(state->promised, (SlotBallot{3, 1, 1}));

  // Enabled again without a loss of power, it would be a new voter with an old one's state.
  EXPECT_EQ(control.Enable(5, kIncarnation + 1, 0).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(control.Disable().ok());
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 9, 9000)).outcome, Outcome::kNotAVoter);
  EXPECT_EQ(control.Enable(5, kIncarnation + 1, 0).code(), absl::StatusCode::kFailedPrecondition);

  ASSERT_TRUE(control.PowerOff().ok());
  EXPECT_EQ(control.State().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(control.Enable(5, 1, 0).code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(control.PowerOn().ok());
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 1, 100)).outcome, Outcome::kNotAVoter);
  EXPECT_EQ(control.Enable(5, 0, 0).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(control.Enable(5, kIncarnation + 1, 0).ok());
  EXPECT_EQ(subject.Ask(Request(Message::k1a, 1, 100)).outcome, Outcome::kWrongIncarnation);
}

INSTANTIATE_TEST_SUITE_P(Engines, SwitchProcess,
                         ::testing::Values("", "--software", "--control-delay-max=2ms"),
                         [](const auto& engine) {
                           return engine.param.empty()           ? "Emulator"
                                  : engine.param == "--software" ? "Software"
                                                                 : "SlowControl";
                         });

TEST(SwitchProcessFaults, LossDuplicationAndReordering_WithRetransmission_LoseNothing) {
  const Process process({"--loss=0.2", "--duplication=0.2", "--reordering=0.3", "--held-max=1ms"});
  const auto control = process.Connect();
  ASSERT_TRUE(control->Enable(1, 7, 0).ok());
  Socket socket(process.listen());
  constexpr uint64_t kSlots = 300;
  std::set<uint64_t> accepted;
  for (int round = 0; round < 1000 && accepted.size() < kSlots; ++round) {
    for (uint64_t slot = 0; slot < kSlots; ++slot) {
      if (accepted.contains(slot)) continue;
      SlotPacket packet{
          .message = Message::k2a, .group = 1, .incarnation = 7, .ballot = {1, 1, 1}, .slot = slot};
      packet.value.kind = static_cast<uint32_t>(slot);
      socket.Send(Encoded(packet));
    }
    while (const std::optional<Bytes> answer = socket.Receive(20)) {
      const std::optional<SlotPacket> packet = Decode(*answer);
      ASSERT_TRUE(packet.has_value());
      EXPECT_EQ(packet->outcome, Outcome::kDone);
      EXPECT_EQ(packet->value.kind, packet->slot);
      accepted.insert(packet->slot);
    }
  }
  EXPECT_EQ(accepted.size(), kSlots);
}

TEST(SwitchControl, NobodyThere_Connected_IsUnavailable) {
  EXPECT_EQ(SwitchControl::Connect("127.0.0.1").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SwitchControl::Connect("127.0.0.1:1").status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace synod::slots
