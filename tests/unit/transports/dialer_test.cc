// Names that cannot be resolved, addresses that do not answer.
#include "transports/tcp/dialer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/event_loop.h"
#include "tests/conformance/transport/loopback.h"

namespace synod::tcp {
namespace {

using std::chrono::milliseconds;
using ::synod::internal::EpollLoop;
using ::synod::testing::NewLoopbackAddress;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SocketAddress AddressOf(const std::string& text) { return Resolve(*ParseHostPort(text))->at(0); }

// What the next lookups find: set before the loop runs.
std::atomic<int> lookups;
std::vector<Resolver::Addresses> answers;

Resolver::Addresses NextAnswer(const HostPort&) {
  const auto position = static_cast<size_t>(lookups++);
  return answers[std::min(position, answers.size() - 1)];
}

class DialerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    lookups = 0;
    answers.clear();
    listening_ = *ListenOn(address_, {AddressOf(address_)});
  }

  // Dials `name` until it is connected, at most `attempts` times.
  void Dial(const HostPort& name, size_t attempts = 100) {
    Resolver resolver(*loop_, &NextAnswer);
    Dialer dialer(*loop_, resolver, name, options_, 1,
                  {.connected =
                       [&](Fd fd, const SocketAddress& address) {
                         connected_to_ = Describe(address);
                         fd.Close();
                         loop_->Stop();
                       },
                   .failed =
                       [&](const absl::Status& why) {
                         failures_.emplace_back(why.message());
                         if (failures_.size() == attempts) loop_->Stop();
                       }});
    dialer.Start();
    loop_->Run();
  }

  const Options options_ = {.reconnect_min = milliseconds(1),
                            .reconnect_max = milliseconds(4),
                            .handshake_timeout = milliseconds(2000)};
  const std::string address_ = NewLoopbackAddress();
  const std::string nobody_ = NewLoopbackAddress();
  Fd listening_;
  std::unique_ptr<EpollLoop> loop_ = EpollLoop::Create().value();
  std::string connected_to_;
  std::vector<std::string> failures_;
};

TEST_F(DialerTest, NameUnresolvableThenResolvable_IsReached) {
  answers = {absl::UnavailableError("no such name"), absl::UnavailableError("no such name"),
             std::vector{AddressOf(address_)}};
  Dial({"node.example", "7000"});
  EXPECT_EQ(connected_to_, address_);
  EXPECT_THAT(failures_, ::testing::ElementsAre("no such name", "no such name"));
}

TEST_F(DialerTest, NameMovesToAnotherAddress_IsResolvedAnewForEachAttempt) {
  answers = {std::vector{AddressOf(nobody_)}, std::vector{AddressOf(address_)}};
  Dial({"node.example", "7000"});
  EXPECT_EQ(connected_to_, address_);
  EXPECT_EQ(failures_.size(), 1u);
}

TEST_F(DialerTest, SeveralAddresses_AreTriedInOneAttempt) {
  answers = {std::vector{AddressOf(nobody_), AddressOf(address_)}};
  Dial({"node.example", "7000"});
  EXPECT_EQ(connected_to_, address_);
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(DialerTest, NobodyListens_TriesAgainAndAgain) {
  const HostPort nobody = *ParseHostPort(nobody_);
  Dial(nobody, 5);
  EXPECT_EQ(connected_to_, "");
  ASSERT_EQ(failures_.size(), 5u);
  EXPECT_THAT(failures_[0], HasSubstr("refused"));
  EXPECT_EQ(lookups, 0);  // An address asks nobody.
}

TEST_F(DialerTest, LookupOutlivesItsResolver_AnswersNobody) {
  static std::mutex mutex;
  static std::condition_variable changed;
  static bool may_end;
  static bool ended;
  may_end = ended = false;
  const Resolver::Lookup stuck = [](const HostPort&) -> Resolver::Addresses {
    std::unique_lock lock(mutex);
    changed.wait(lock, [] { return may_end; });
    ended = true;
    changed.notify_all();
    return absl::UnavailableError("too late");
  };
  bool called = false;
  {
    Resolver resolver(*loop_, stuck);
    resolver.Resolve({"node.example", "7000"}, [&](const Resolver::Addresses&) { called = true; });
  }
  {
    std::unique_lock lock(mutex);
    may_end = true;
    changed.notify_all();
    changed.wait(lock, [] { return ended; });
  }
  loop_->RunAt(loop_->Now() + milliseconds(5), [&] { loop_->Stop(); });
  loop_->Run();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace synod::tcp
