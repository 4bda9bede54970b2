#include "tests/scenarios/messages.h"

#include <algorithm>

namespace synod::sim {
namespace {

template <class OfRaft, class OfPaxos>
Messages EitherOf() {
  return Messages().Where([](const Message& message) {
    return std::holds_alternative<OfRaft>(message.body) ||
           std::holds_alternative<OfPaxos>(message.body);
  });
}

// Multi-Paxos says much in one message, and by its round whether it is a heartbeat.
template <class OfRaft, class OfPaxos>
Messages EitherOf(bool is_heartbeat) {
  return EitherOf<OfRaft, OfPaxos>().Where([is_heartbeat](const Message& message) {
    const auto* of_paxos = std::get_if<OfPaxos>(&message.body);
    return of_paxos == nullptr || (of_paxos->round != 0) == is_heartbeat;
  });
}

bool IsAck(const Message& message, Index index) {
  if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    return reply->status == AppendReply::Status::kAccepted && reply->index >= index;
  }
  const auto& reply = std::get<AcceptReply>(message.body);
  return reply.promised == reply.ballot && reply.accepted >= index;
}

}  // namespace

Messages Messages::Where(Test test) const {
  Messages fewer = *this;
  fewer.tests_.push_back(std::move(test));
  return fewer;
}

bool Messages::Include(const Message& message) const {
  return std::all_of(tests_.begin(), tests_.end(),
                     [&message](const Test& test) { return test(message); });
}

Messages VoteRequests() { return EitherOf<VoteRequest, PrepareRequest>(); }
Messages VoteReplies() { return EitherOf<VoteReply, PrepareReply>(); }
Messages Appends() { return EitherOf<AppendRequest, AcceptRequest>(/*is_heartbeat=*/false); }
Messages Entries() {
  return Appends().Where([](const Message& message) { return !EntriesOf(message).empty(); });
}
Messages AppendReplies() { return EitherOf<AppendReply, AcceptReply>(/*is_heartbeat=*/false); }
Messages Acks(Index index) {
  return AppendReplies().Where([index](const Message& message) { return IsAck(message, index); });
}
Messages Heartbeats() { return EitherOf<Heartbeat, AcceptRequest>(/*is_heartbeat=*/true); }
Messages HeartbeatReplies() { return EitherOf<HeartbeatReply, AcceptReply>(/*is_heartbeat=*/true); }

Index FirstOf(const Message& append) {
  if (const auto* of_raft = std::get_if<AppendRequest>(&append.body)) {
    return of_raft->prev_index + 1;
  }
  return std::get<AcceptRequest>(append.body).first;
}

void MoveTo(Message& append, Index first, Term before) {
  if (auto* of_raft = std::get_if<AppendRequest>(&append.body)) {
    of_raft->prev_index = first - 1;
    of_raft->prev_term = before;
  } else {
    std::get<AcceptRequest>(append.body).first = first;
  }
  Index next = first;
  for (Entry& entry : EntriesOf(append)) {
    entry.index = next;
    next = next + 1;
  }
}

Index* CommitIn(Message& message) {
  if (auto* append = std::get_if<AppendRequest>(&message.body)) return &append->commit;
  if (auto* beat = std::get_if<Heartbeat>(&message.body)) return &beat->commit;
  auto* accept = std::get_if<AcceptRequest>(&message.body);
  return accept == nullptr ? nullptr : &accept->commit;
}

void SetAcked(Message& ack, Index index) {
  if (auto* of_raft = std::get_if<AppendReply>(&ack.body)) {
    of_raft->index = index;
  } else {
    std::get<AcceptReply>(ack.body).accepted = index;
  }
}

}  // namespace synod::sim
