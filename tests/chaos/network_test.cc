// Tests of the network itself: a fault that is none would let every storm pass.
#include "tests/chaos/network.h"

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/conformance/transport/loopback.h"

namespace synod::chaos {
namespace {

constexpr NodeId kDialer = 1;
constexpr NodeId kDialed = 2;
constexpr Weather kDrop{.kind = Weather::Kind::kDropped};
constexpr Weather kStall{.kind = Weather::Kind::kStalled};

tcp::SocketAddress Numeric(const std::string& address) {
  return tcp::Resolve(*tcp::ParseHostPort(address))->front();
}

void WaitFor(int fd, short events) {
  pollfd watched{.fd = fd, .events = events, .revents = 0};
  ASSERT_GT(poll(&watched, 1, 60'000), 0) << "nothing comes";
}

void Send(const tcp::Fd& socket, const std::string& bytes) {
  ASSERT_EQ(send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

// So many bytes, or fewer if the connection ends before.
std::string Receive(const tcp::Fd& socket, size_t size) {
  std::string bytes;
  std::array<char, 1024> buffer{};
  while (bytes.size() < size) {
    WaitFor(socket.get(), POLLIN);
    const ssize_t got =
        recv(socket.get(), buffer.data(), std::min(buffer.size(), size - bytes.size()), 0);
    if (got <= 0) break;
    bytes.append(buffer.data(), static_cast<size_t>(got));
  }
  return bytes;
}

bool HasEnded(const tcp::Fd& socket) { return Receive(socket, 1).empty(); }

bool HoldsNothing(const tcp::Fd& socket) {
  char byte = 0;
  return recv(socket.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

// A connection through the network, and both of its ends.
class NetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    listening_ = *tcp::ListenOn(target_, {Numeric(target_)});
    route_ = network_.AddRoute(kDialer, kDialed, target_);
    Dial();
  }

  void Dial() {
    dialer_ = *tcp::BeginConnect(Numeric(route_));
    WaitFor(dialer_.get(), POLLOUT);
    WaitFor(listening_.get(), POLLIN);
    dialed_ = tcp::Fd(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK));
  }

  void ExpectPass(const tcp::Fd& from, const tcp::Fd& to, const std::string& bytes) {
    Send(from, bytes);
    EXPECT_EQ(Receive(to, bytes.size()), bytes);
  }

  void AwaitDropped(uint64_t bytes) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (network_.stats().bytes_dropped < bytes) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }

  FaultyNetwork network_{1};
  const std::string target_ = testing::NewLoopbackAddress();
  std::string route_;
  tcp::Fd listening_;
  tcp::Fd dialer_;
  tcp::Fd dialed_;
};

TEST_F(NetworkTest, Open_CarriesBothWays) {
  ExpectPass(dialer_, dialed_, "hello");
  ExpectPass(dialed_, dialer_, "welcome");
}

TEST_F(NetworkTest, Delayed_CarriesAllInOrder) {
  network_.Set(kDialer, kDialed,
               {.delay = std::chrono::milliseconds(1), .jitter = std::chrono::milliseconds(5)});
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += std::to_string(i) + " ";
    Send(dialer_, std::to_string(i) + " ");
  }
  EXPECT_EQ(Receive(dialed_, all.size()), all);
}

TEST_F(NetworkTest, DroppedOneWay_TheOtherWayCarries) {
  network_.Set(kDialer, kDialed, kDrop);
  Send(dialer_, "lost");
  AwaitDropped(4);
  ExpectPass(dialed_, dialer_, "carried");
  EXPECT_TRUE(HoldsNothing(dialed_));
}

TEST_F(NetworkTest, DroppedThenHealed_CutsWhatHasAHoleAndTakesNewConnections) {
  network_.Set(kDialed, kDialer, kDrop);
  Send(dialed_, "lost");
  AwaitDropped(4);
  network_.Heal();
  EXPECT_TRUE(HasEnded(dialer_));
  EXPECT_TRUE(HasEnded(dialed_));
  Dial();
  ExpectPass(dialed_, dialer_, "carried");
}

TEST_F(NetworkTest, Stalled_ArrivesOnceHealed) {
  network_.Set(kDialer, kDialed, kStall);
  Send(dialer_, "late");
  ExpectPass(dialed_, dialer_, "carried");
  EXPECT_TRUE(HoldsNothing(dialed_));
  network_.Heal();
  EXPECT_EQ(Receive(dialed_, 4), "late");
}

TEST_F(NetworkTest, EndCloses_TheOtherLearnsUnlessItIsCutOff) {
  network_.Set(kDialer, kDialed, kStall);
  dialer_.Close();
  Send(dialed_, "into the void");
  EXPECT_TRUE(HoldsNothing(dialed_));
  network_.Heal();
  EXPECT_TRUE(HasEnded(dialed_));
}

TEST_F(NetworkTest, CutByChance_EndsBothEnds) {
  network_.Set(kDialer, kDialed, {.cut_one_in = 1});
  Send(dialer_, "lost");
  EXPECT_TRUE(HasEnded(dialed_));
  EXPECT_TRUE(HasEnded(dialer_));
  EXPECT_EQ(network_.stats().connections_cut, 1u);
}

TEST_F(NetworkTest, NobodyListens_TheDialerIsCut) {
  listening_.Close();
  dialed_.Close();
  EXPECT_TRUE(HasEnded(dialer_));
  dialer_ = *tcp::BeginConnect(Numeric(route_));
  EXPECT_TRUE(HasEnded(dialer_));
}

}  // namespace
}  // namespace synod::chaos
