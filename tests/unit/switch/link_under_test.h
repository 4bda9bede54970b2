// A link and its acceptor, whatever that is, with a network between them that a test decides on.
#ifndef SYNOD_TESTS_UNIT_SWITCH_LINK_UNDER_TEST_H_
#define SYNOD_TESTS_UNIT_SWITCH_LINK_UNDER_TEST_H_

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "synod/base/rng.h"
#include "synod/switch/slot_link.h"
#include "synod/switch/slot_registers.h"

#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

inline constexpr uint32_t kLinkGroup = 3;
inline constexpr uint64_t kLinkIncarnation = 0xfeedface12345678;

inline Entry CommandAt(uint64_t slot, uint64_t round, std::string_view text) {
  return {.index = Index(slot),
          .term = Term(round),
          .kind = EntryKind::kCommand,
          .payload = Payload::Copy(text)};
}

// The host of one proposer.
class ProposerUnderTest {
 public:
  ProposerUnderTest(Subject& acceptor, uint64_t node, const LinkOptions& options = {},
                    uint64_t incarnation = kLinkIncarnation)
      : acceptor_(acceptor),
        node_(node),
        link_({.group = kLinkGroup,
               .self = node,
               .acceptor = 8,
               .incarnation = Incarnation(incarnation)},
              options, /*first_cookie=*/1000 * node) {}

  SlotLink& link() { return link_; }
  [[nodiscard]] Ballot BallotOf(uint64_t round) const {
    return {.round = Term(round), .node = node_, .incarnation = Incarnation(100 + node_.value())};
  }

  // Says it to the acceptor. Nothing has left yet.
  void Say(uint64_t round, MessageBody body) {
    link_.OnMessage({.group = kLinkGroup,
                     .from = node_,
                     .to = 8,
                     .incarnation = Incarnation(100 + node_.value()),
                     .term = Term(round),
                     .body = std::move(body)},
                    now);
    Take();
  }
  void Prepare(uint64_t round, uint64_t from) { Say(round, PrepareRequest{.from = Index(from)}); }
  // Values "<text>", from the slot `first` on.
  void Accept(uint64_t round, uint64_t first, const std::vector<std::string>& values,
              uint64_t commit = 0, uint64_t forget = 0) {
    AcceptRequest request{
        .first = Index(first), .commit = Index(commit), .epoch = Index(77), .entries = {}};
    request.forget = Index(forget);
    for (const std::string& value : values) {
      request.entries.push_back(CommandAt(first + request.entries.size(), round, value));
    }
    Say(round, std::move(request));
  }
  void Heartbeat(uint64_t round, uint64_t number, uint64_t forget = 0) {
    AcceptRequest request{.first = Index(1), .commit = {}, .epoch = Index(77), .entries = {}};
    request.round = number;
    request.forget = Index(forget);
    Say(round, std::move(request));
  }

  // All that was sent arrives, and so do the answers, until nothing is under way.
  void Exchange() {
    while (!out.packets.empty()) {
      for (const SlotPacket& packet : std::exchange(out.packets, {})) {
        link_.OnAnswer(acceptor_.Ask(packet), now);
      }
      Take();
    }
  }
  // Of both ways, some of what is sent is lost, comes twice, or late. Ends once nothing is due.
  void ExchangeOverBadNetwork(Rng& dice) {
    std::deque<SlotPacket> requests;
    std::deque<SlotPacket> answers;
    const auto pass = [&dice](const SlotPacket& packet, std::deque<SlotPacket>& to) {
      if (dice.Chance(1, 4)) return;
      for (uint64_t copies = 1 + dice.Below(2); copies > 0; --copies) {
        to.insert(to.begin() + static_cast<std::ptrdiff_t>(dice.Below(to.size() + 1)), packet);
      }
    };
    while (link_.NextDeadline() != kNever) {
      for (const SlotPacket& packet : std::exchange(out.packets, {})) pass(packet, requests);
      if (!requests.empty() && dice.Chance(2, 3)) {
        pass(acceptor_.Ask(requests.front()), answers);
        requests.pop_front();
      } else if (!answers.empty()) {
        link_.OnAnswer(answers.front(), now);
        answers.pop_front();
      } else if (requests.empty()) {
        now = std::max(now, link_.NextDeadline());
        link_.OnTimer(now);
      }
      Take();
    }
  }
  void Elapse(Duration duration) {
    now += duration;
    link_.OnTimer(now);
    Take();
  }

  // What the proposer has been told since it was last asked, of one kind.
  template <class Body>
  std::vector<Body> Told() {
    std::vector<Body> bodies;
    for (const synod::Message& message : out.messages) {
      EXPECT_EQ(message.from, NodeId(8));
      EXPECT_EQ(message.incarnation, link_.identity().incarnation);
      if (const auto* body = std::get_if<Body>(&message.body)) bodies.push_back(*body);
    }
    out.messages.clear();
    return bodies;
  }
  // The prefix of the last ack; nothing if there was none.
  std::optional<uint64_t> Acked() {
    std::optional<uint64_t> acked;
    for (const AcceptReply& reply : Told<AcceptReply>()) {
      if (reply.round == 0 && reply.promised == reply.ballot) acked = reply.accepted.value();
    }
    return acked;
  }

  // The trim for which the control plane has been asked since this was asked last.
  std::optional<uint32_t> AskedTrim() { return std::exchange(out.trim, std::nullopt); }

  SlotLink::Output out;
  Instant now{std::chrono::seconds(10)};

 private:
  void Take() { link_.TakeOutput(out); }

  Subject& acceptor_;
  const NodeId node_;
  SlotLink link_;
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_LINK_UNDER_TEST_H_
