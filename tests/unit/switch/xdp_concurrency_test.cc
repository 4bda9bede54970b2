// Two proposers at once, each on a processor of its own: what the lock of the acceptor in the
// kernel is for.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sched.h>
#include <string>
#include <thread>
#include <vector>

#include "synod/base/rng.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/bpf_workshop.h"
#include "tests/unit/switch/xdp_under_test.h"
#include "tests/unit/switch/xdp_wire.h"

namespace synod::slots::testing {
namespace {

constexpr uint32_t kGroup = 1;
constexpr uint64_t kIncarnation = 7;
constexpr uint64_t kSlots = 4;
constexpr int kProposers = 2;

// What a proposer saw. Times are those of one counter that all proposers share.
struct Exchange {
  uint64_t asked = 0;
  uint64_t answered = 0;
  SlotPacket answer{};
};
using History = std::vector<Exchange>;

// Which value belongs to a ballot, so that a torn one is noticed.
SlotValue ValueOf(const SlotBallot& ballot) {
  SlotValue value{.kind = ballot.round & kMaxValueKind, .length = kMaxValueBytes};
  for (size_t i = 0; i < value.bytes.size(); ++i) {
    value.bytes[i] = static_cast<std::byte>(ballot.round * 31 + ballot.node * 7 + i);
  }
  return value;
}

// Draws requests whose ballots are close to those of the other proposer.
class Proposer {
 public:
  Proposer(uint32_t node, std::atomic<uint64_t>& clock) : node_(node), clock_(clock), rng_(node) {}

  SlotPacket Next() {
    if (rng_.Chance(1, 4)) round_ += static_cast<uint32_t>(rng_.Below(3));
    // What the other has reached is caught up with.
    round_ = std::max(round_, seen_ - std::min(seen_, uint32_t{1}));
    const SlotBallot ballot{.round = round_, .node = node_, .incarnation = round_};
    SlotPacket packet{.message = rng_.Chance(1, 2) ? Message::k1a : Message::k2a,
                      .group = kGroup,
                      .cookie = ++asked_,
                      .incarnation = kIncarnation,
                      .ballot = ballot,
                      .slot = rng_.Below(kSlots)};
    if (packet.message == Message::k2a) packet.value = ValueOf(ballot);
    return packet;
  }
  uint64_t Now() { return clock_.fetch_add(1); }
  void Saw(uint64_t asked, const SlotPacket& answer) {
    seen_ = std::max(seen_, answer.promised.round);
    history_.push_back({.asked = asked, .answered = Now(), .answer = answer});
  }
  [[nodiscard]] const History& history() const { return history_; }

 private:
  uint32_t node_;
  std::atomic<uint64_t>& clock_;
  Rng rng_;
  uint32_t round_ = 1;
  uint32_t seen_ = 1;
  uint64_t asked_ = 0;
  History history_;
};

// Once a promise was answered, nobody who asks later hears of a lower one, nor is anything done
// below it.
std::string CheckPromises(const std::vector<Exchange>& all) {
  std::vector<Exchange> by_answer = all;
  std::vector<Exchange> by_ask = all;
  std::sort(by_answer.begin(), by_answer.end(),
            [](const auto& a, const auto& b) { return a.answered < b.answered; });
  std::sort(by_ask.begin(), by_ask.end(),
            [](const auto& a, const auto& b) { return a.asked < b.asked; });
  SlotBallot promised;
  auto next = by_answer.begin();
  for (const Exchange& one : by_ask) {
    for (; next != by_answer.end() && next->answered < one.asked; ++next) {
      promised = std::max(promised, next->answer.promised);
    }
    if (one.answer.promised < promised) return "a promise was taken back";
    if (one.answer.outcome == Outcome::kDone && one.answer.ballot < promised) {
      return "something was done below a promise";
    }
  }
  return "";
}

// Who is promised ballot b and reads a slot sees whatever is ever accepted there below b: this is
// what Paxos stands on, and holds whatever the times were.
std::string CheckSlots(const std::vector<Exchange>& all) {
  std::array<std::vector<SlotBallot>, kSlots> accepted;
  for (const Exchange& one : all) {
    if (one.answer.outcome == Outcome::kDone && one.answer.message == Message::k2b) {
      accepted[one.answer.slot].push_back(one.answer.ballot);
    }
  }
  for (auto& ballots : accepted) std::sort(ballots.begin(), ballots.end());
  for (const Exchange& one : all) {
    const SlotPacket& answer = one.answer;
    if (answer.outcome != Outcome::kDone || answer.message != Message::k1b) continue;
    const SlotValue value = answer.accepted.IsZero() ? SlotValue() : ValueOf(answer.accepted);
    if (answer.value != value) return "a value is not its ballot's";
    if (answer.accepted.incarnation != answer.accepted.round) return "a ballot is torn";
    const auto& ballots = accepted[answer.slot];
    const auto above = std::lower_bound(ballots.begin(), ballots.end(), answer.ballot);
    if (above != ballots.begin() && answer.accepted < *std::prev(above)) {
      return "what was accepted below a promise is not in its answer";
    }
  }
  return "";
}

std::string Check(const std::vector<Proposer>& proposers) {
  std::vector<Exchange> all;
  for (const Proposer& proposer : proposers) {
    all.insert(all.end(), proposer.history().begin(), proposer.history().end());
  }
  std::string wrong = CheckPromises(all);
  return wrong.empty() ? CheckSlots(all) : wrong;
}

void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  sched_setaffinity(0, sizeof(set), &set);
}

// `ask(proposer, request)` returns the answer, on a thread of the proposer's.
template <class Ask>
std::string RunProposers(int requests, Ask ask) {
  std::atomic<uint64_t> clock = 0;
  std::atomic<int> ready = 0;
  std::vector<Proposer> proposers;
  for (int i = 0; i < kProposers; ++i) proposers.emplace_back(static_cast<uint32_t>(i + 1), clock);
  std::vector<std::thread> threads;
  for (int i = 0; i < kProposers; ++i) {
    threads.emplace_back([&, i] {
      PinTo(i);
      ++ready;
      while (ready < kProposers) std::this_thread::yield();
      Proposer& proposer = proposers[static_cast<size_t>(i)];
      for (int n = 0; n < requests; ++n) {
        const SlotPacket request = proposer.Next();
        const uint64_t asked = proposer.Now();
        const std::optional<SlotPacket> answer = ask(i, request);
        ASSERT_TRUE(answer.has_value());
        ASSERT_EQ(answer->cookie, request.cookie);
        proposer.Saw(asked, *answer);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return Check(proposers);
}

// On both processors at once, since each has a thread of its own that runs the program there.
std::string RunTwice(XdpAcceptor& acceptor, int requests) {
  return RunProposers(requests, [&acceptor](int, const SlotPacket& request) {
    const absl::StatusOr<XdpVerdict> verdict = acceptor.Run(FrameOf(Encoded(request)));
    if (!verdict.ok() || !verdict->is_answered) return std::optional<SlotPacket>();
    return Decode(std::span(verdict->frame).subspan(kFrameHeaderBytes));
  });
}

class XdpConcurrency : public ::testing::Test {
 protected:
  void SetUp() override { XdpSubject().SkipIfUnavailable(); }

  // What is wrong after so many requests of each proposer; nothing if they found nothing.
  static std::string Try(const std::string& program, int requests) {
    XdpSubject subject(program);
    subject.Do(EnableSteps(kGroup, kIncarnation, 0));
    return RunTwice(subject.acceptor(), requests);
  }
};

TEST_F(XdpConcurrency, TwoProcessors_AtOnce_BreakNoPromise) { EXPECT_EQ(Try("", 500'000), ""); }

// And a test that cannot see what a lock is for proves nothing: without it, or with one that is let
// go between promise and slot, something breaks. When is chance, so that it is tried for long.
TEST_F(XdpConcurrency, LockTakenOut_OrSplit_IsMissed) {
  if (std::thread::hardware_concurrency() < 2) return;  // Nothing runs at once.
  BpfWorkshop workshop;
  const std::string sound = BpfWorkshop::ReadFile(SYNOD_BPF_SOURCE);
  const std::string lock = "bpf_spin_lock(&control->lock);";
  const std::string unlock = "bpf_spin_unlock(&control->lock);";
  const std::string slot = "if (outcome == kDone) outcome = AnswerInSlot";
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    const size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    return place == std::string::npos ? text : text.replace(place, from.size(), to);
  };
  const std::map<std::string, std::string> programs = {
      {"no lock", replaced(replaced(sound, lock, ""), unlock, "")},
      {"split lock", replaced(sound, slot, unlock + lock + slot)}};
  for (const auto& [what, text] : programs) {
    const std::string program = workshop.Compile(text);
    ASSERT_FALSE(program.empty()) << what;
    std::string wrong;
    for (int tries = 0; wrong.empty() && tries < 200; ++tries) wrong = Try(program, 100'000);
    EXPECT_NE(wrong, "") << what;
  }
}

TEST_F(XdpWire, TwoSenders_AtOnce_BreakNoPromise) {
  WireSubject(*wire_, *acceptor_).Do(EnableSteps(kGroup, kIncarnation, 0));
  // Of several ports each, so that both queues of the device are used.
  constexpr size_t kPorts = 4;
  std::vector<std::unique_ptr<DatagramSocket>> sockets;
  for (size_t i = 0; i < kProposers * kPorts; ++i) {
    sockets.push_back(std::make_unique<DatagramSocket>(
        *wire_, Side::kProposer,
        Endpoint{.address = kProposer.address, .port = static_cast<uint16_t>(5000 + i)}));
    sockets.back()->Connect(kAcceptor);
  }
  const std::string wrong = RunProposers(100'000, [&](int i, const SlotPacket& request) {
    DatagramSocket& socket = *sockets[static_cast<size_t>(i) * kPorts + request.cookie % kPorts];
    socket.Send({Encoded(request)});
    const std::vector<Bytes> answers = socket.Receive(1);
    return answers.empty() ? std::nullopt : Decode(answers[0]);
  });
  EXPECT_EQ(wrong, "");
}

}  // namespace
}  // namespace synod::slots::testing
