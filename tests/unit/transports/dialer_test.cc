// Names that cannot be resolved, addresses that do not answer.
#include "transports/tcp/dialer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <sys/socket.h>
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

// A name server that answers nobody for a while, and then all who have asked.
class Silence {
 public:
  void Begin() {
    const std::lock_guard lock(mutex_);
    silent_ = true;
    asked_ = answered_ = 0;
  }
  void End() {
    const std::lock_guard lock(mutex_);
    silent_ = false;
    changed_.notify_all();
  }
  void AwaitAnswered(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answered_ >= times; });
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  static Resolver::Addresses Lookup(const HostPort& name);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool silent_ = false;
  int asked_ = 0;
  int answered_ = 0;
};

Silence silence;

Resolver::Addresses Silence::Lookup(const HostPort& name) {
  std::unique_lock lock(silence.mutex_);
  ++silence.asked_;
  silence.changed_.wait(lock, [] { return !silence.silent_; });
  Resolver::Addresses answer = NextAnswer(name);
  ++silence.answered_;
  silence.changed_.notify_all();
  return answer;
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

  Options options_ = {.reconnect_min = milliseconds(1),
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

// What is sent there is lost: a full backlog answers nobody.
TEST_F(DialerTest, FirstAddressIsSilent_NextIsTriedInTheSameAttempt) {
  const SocketAddress silent = AddressOf(nobody_);
  const Fd listening(socket(silent.storage.ss_family, SOCK_STREAM, 0));
  ASSERT_EQ(bind(listening.get(), silent.get(), silent.size), 0);
  ASSERT_EQ(listen(listening.get(), 0), 0);
  const Fd filling(socket(silent.storage.ss_family, SOCK_STREAM, 0));
  ASSERT_EQ(connect(filling.get(), silent.get(), silent.size), 0);

  answers = {std::vector{silent, AddressOf(address_)}};
  options_.handshake_timeout = milliseconds(50);
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

TEST_F(DialerTest, SilentNameServer_IsAskedOnceForAllAttempts) {
  answers = {std::vector{AddressOf(address_)}};
  silence.Begin();
  int asked = 0;
  Options impatient = options_;
  impatient.handshake_timeout = milliseconds(5);
  Resolver resolver(*loop_, &Silence::Lookup);
  const HostPort name = {"node.example", "7000"};
  Dialer dialer(*loop_, resolver, name, impatient, 1,
                {.connected =
                     [&](Fd fd, const SocketAddress& address) {
                       connected_to_ = Describe(address);
                       fd.Close();
                       loop_->Stop();
                     },
                 .failed =
                     [&](const absl::Status& why) {
                       failures_.emplace_back(why.message());
                       if (failures_.size() != 5) return;
                       asked = silence.asked();
                       silence.End();
                     }});
  dialer.Start();
  loop_->Run();
  EXPECT_EQ(connected_to_, address_);
  EXPECT_GE(failures_.size(), 5u);
  EXPECT_LE(asked, 1);
}

TEST_F(DialerTest, SeveralAskForOneName_AreAnsweredByOneLookup) {
  answers = {absl::UnavailableError("no such name")};
  silence.Begin();
  Resolver resolver(*loop_, &Silence::Lookup);
  int answered = 0;
  const auto count = [&](const Resolver::Addresses& addresses) {
    EXPECT_TRUE(absl::IsUnavailable(addresses.status()));
    if (++answered == 3) loop_->Stop();
  };
  resolver.Resolve({"node1.example", "7000"}, count);
  resolver.Resolve({"node1.example", "7000"}, count);
  resolver.Resolve({"node2.example", "7000"}, count);
  silence.End();
  loop_->Run();
  EXPECT_EQ(silence.asked(), 2);
}

// As when the peer is to be found elsewhere from now on.
TEST_F(DialerTest, GoneDuringItsLookup_IsNotCalledBackAndItsNameIsNotAskedForTwice) {
  answers = {absl::UnavailableError("too late"), absl::UnavailableError("no such name")};
  silence.Begin();
  Resolver resolver(*loop_, &Silence::Lookup);
  const HostPort name = {"node.example", "7000"};
  bool called = false;
  auto dialer = std::make_unique<Dialer>(
      *loop_, resolver, name, options_, 1,
      Dialer::Callbacks{.connected = [&](Fd, const SocketAddress&) { called = true; },
                        .failed = [&](const absl::Status&) { called = true; }});
  dialer->Start();
  dialer.reset();
  resolver.Resolve(name, [&](const Resolver::Addresses& addresses) {
    EXPECT_EQ(addresses.status().message(), "too late");
    loop_->Stop();
  });
  silence.End();
  loop_->Run();
  EXPECT_FALSE(called);
  EXPECT_EQ(silence.asked(), 1);
}

TEST_F(DialerTest, QuestionCancelledByAnother_IsNotAnswered) {
  answers = {absl::UnavailableError("no such name")};
  silence.Begin();
  Resolver resolver(*loop_, &Silence::Lookup);
  const HostPort name = {"node.example", "7000"};
  Resolver::QuestionId second = Resolver::QuestionId::kNone;
  bool called = false;
  resolver.Resolve(name, [&](const Resolver::Addresses&) { resolver.Cancel(second); });
  second = resolver.Resolve(name, [&](const Resolver::Addresses&) { called = true; });
  resolver.Resolve(name, [&](const Resolver::Addresses&) { loop_->Stop(); });
  silence.End();
  loop_->Run();
  EXPECT_FALSE(called);
}

TEST_F(DialerTest, LookupOutlivesItsResolver_AnswersNobody) {
  answers = {absl::UnavailableError("too late")};
  silence.Begin();
  bool called = false;
  {
    Resolver resolver(*loop_, &Silence::Lookup);
    resolver.Resolve({"node.example", "7000"}, [&](const Resolver::Addresses&) { called = true; });
  }
  silence.End();
  silence.AwaitAnswered(1);
  loop_->RunAt(loop_->Now() + milliseconds(5), [&] { loop_->Stop(); });
  loop_->Run();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace synod::tcp
