// Which of the messages of a run a script means, by what they say: Raft and Multi-Paxos have their
// own words for most of it.
#ifndef SYNOD_TESTS_SCENARIOS_MESSAGES_H_
#define SYNOD_TESTS_SCENARIOS_MESSAGES_H_

#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "synod/core/message.h"

namespace synod::sim {

// Some of the messages of a run: Every<ReadReply>().From(B).To(A).
class Messages {
 public:
  using Test = std::function<bool(const Message&)>;

  [[nodiscard]] Messages Where(Test test) const;
  [[nodiscard]] Messages From(NodeId node) const {
    return Where([node](const Message& message) { return message.from == node; });
  }
  [[nodiscard]] Messages To(NodeId node) const {
    return Where([node](const Message& message) { return message.to == node; });
  }
  [[nodiscard]] bool Include(const Message& message) const;

 private:
  std::vector<Test> tests_;
};

template <class Body>
Messages Every() {
  return Messages().Where(
      [](const Message& message) { return std::holds_alternative<Body>(message.body); });
}
template <class Body>
Messages Every(std::function<bool(const Body&)> test) {
  return Every<Body>().Where([test = std::move(test)](const Message& message) {
    return test(std::get<Body>(message.body));
  });
}

// --- What both protocols say ---

// A candidate's RequestVote, or prepare, and what voters answer.
[[nodiscard]] Messages VoteRequests();
[[nodiscard]] Messages VoteReplies();
// With entries or without, to append or to accept them; but no heartbeat.
[[nodiscard]] Messages Appends();
// Of these, those that bring something.
[[nodiscard]] Messages Entries();
// What appends are answered, ...
[[nodiscard]] Messages AppendReplies();
// ... and of that, the promises to have all up to `index`, or more.
[[nodiscard]] Messages Acks(Index index = Index(1));
[[nodiscard]] Messages Heartbeats();
[[nodiscard]] Messages HeartbeatReplies();

// --- What they say in these ---

// Of an append. Const as the message is.
template <class SomeMessage>
[[nodiscard]] auto& EntriesOf(SomeMessage& message) {
  if (auto* append = std::get_if<AppendRequest>(&message.body)) return append->entries;
  return std::get<AcceptRequest>(message.body).entries;
}
// The index of an append's first entry, or of the one that would be next.
[[nodiscard]] Index FirstOf(const Message& append);
// Makes it the append of its entries from `first` on. Raft: behind an entry of `before`.
void MoveTo(Message& append, Index first, Term before);
// The commit index that a leader tells; null if it tells none.
[[nodiscard]] Index* CommitIn(Message& message);
// Makes it the ack of so much.
void SetAcked(Message& ack, Index index);

}  // namespace synod::sim

#endif  // SYNOD_TESTS_SCENARIOS_MESSAGES_H_
