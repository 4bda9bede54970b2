// synod-switch as a process, asked over UDP and controlled over TCP.
#ifndef SYNOD_TESTS_UNIT_SWITCH_SWITCH_PROCESS_H_
#define SYNOD_TESTS_UNIT_SWITCH_SWITCH_PROCESS_H_

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "synod/switch/switch_control.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"
#include "transports/switch/sockets.h"

extern char** environ;

namespace synod::slots::testing {

// A running synod-switch; ended with the object.
class Process {
 public:
  // At ports of `address` that are free.
  explicit Process(const std::vector<std::string>& flags,
                   const std::string& address = "127.0.0.1") {
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe(ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    std::vector<std::string> words = {SYNOD_SWITCH_PROGRAM, "serve", "--listen=" + address + ":0",
                                      "--control=" + address + ":0"};
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
  [[nodiscard]] const std::string& control() const { return control_; }
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

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_SWITCH_PROCESS_H_
