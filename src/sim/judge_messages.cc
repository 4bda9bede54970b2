// What the judge makes of the messages that nodes send, whatever the protocol: each of them
// promises something.
#include <algorithm>

#include "src/sim/judge.h"

namespace synod::sim {

void Judge::OnSend(const Message& message) {
  CheckTakesPart(message);
  if (const auto* pre = std::get_if<PreVoteReply>(&message.body)) {
    if (pre->granted) CheckPreVote(message, *pre);
  } else if (const auto* read = std::get_if<ReadReply>(&message.body)) {
    NoteReadReply(message, *read);
  } else if (std::holds_alternative<TimeoutNow>(message.body)) {
    if (At(message.from).led.round == message.term) asked_.emplace(message.to, message.term);
  } else if (const auto* introduce = std::get_if<Introduce>(&message.body)) {
    CheckIntroduction(message, *introduce);
  }
  CheckMessage(message);
}

// I3: that a disk is recorded is said once it cannot be forgotten, and of the first alone, unless
// a change has named another. What a disk that replaced another has recorded itself does not count.
void Judge::CheckIntroduction(const Message& message, const Introduce& introduce) {
  if (introduce.recorded.IsZero()) return;
  if (introduce.is_settled) {
    if (named_.contains(introduce.recorded)) return;
    Fail("introduction by a change (M3)", Name(message.from) + " tells " + Name(message.to) +
                                              " that a change has named #" +
                                              Str(introduce.recorded) + ", and none has");
    return;
  }
  if (At(message.from).own != At(message.from).first) return;
  if (introduce.recorded != At(message.to).first || !HasRecorded(message.from, message.to)) {
    Fail("introduction after sync (I3)", Name(message.from) + " tells " + Name(message.to) +
                                             " that it has recorded #" + Str(introduce.recorded) +
                                             ", and its disk does not know it");
  }
}

// Nobody votes before all others have recorded its disk, durably: one that replaced it would be
// taken for the first by whoever has not, and vote again. Whom a change names is known by that.
void Judge::CheckIsKnown(NodeId node) {
  if (At(node).joins || named_.contains(At(node).own)) return;
  for (uint64_t other = 1; other <= founders_; ++other) {
    if (node == NodeId(other) || HasRecorded(NodeId(other), node)) continue;
    Fail("no vote before introductions (I3)",
         Name(node) + " votes, and node " + std::to_string(other) + " has not recorded its disk");
  }
}

bool Judge::HasRecorded(NodeId node, NodeId other) const {
  const std::vector<KnownPeer>& peers = DiskOf(node, At(node).first).hard_state.peers;
  return std::find(peers.begin(), peers.end(),
                   KnownPeer{.node = other, .incarnation = At(other).first}) != peers.end();
}

// M3: a disk that replaced another under the same name has forgotten what that one promised. Unless
// a change names it, it neither votes nor leads; what else it says, nobody counts.
void Judge::CheckTakesPart(const Message& message) {
  if (!IsImpostor(message.from)) return;
  const auto* pre = std::get_if<PreVoteReply>(&message.body);
  if ((pre != nullptr && pre->granted) || std::holds_alternative<PreVoteRequest>(message.body) ||
      SpeaksAsLeader(message) || IsVote(message)) {
    Fail("a replaced disk has no vote (M3)", Name(message.from) + " has lost its disk, and votes");
  }
}

// A leader that restarts must not have forgotten that it led (E12). Nor is there another in its
// term, be it that it has led for a part of a turn alone.
void Judge::CheckLeads(const Message& message, const Reign& reign) {
  const auto [leader, is_new] =
      leaders_.try_emplace(reign, std::pair(message.from, At(message.from).life));
  if (!is_new && leader->second.first != message.from) {
    Fail("election safety",
         Name(leader->second.first) + " and " + Name(message.from) + " both lead " + Name(reign));
  }
  const HardState& durable = At(message.from).durable.hard_state;
  const bool is_known =
      ReignOf(durable) > reign || (ReignOf(durable) == reign && durable.vote == message.from);
  if (!is_known) {
    Fail("persist before send", Name(message.from) + " leads " + Name(reign) +
                                    ", and its disk does not know that it voted for itself");
  }
}

void Judge::NoteAck(const Message& message, const Reign& reign, Index epoch, Index index) {
  Ack& acked = acks_[{message.incarnation, message.to, epoch}];
  if (reign > acked.reign) acked = {.reign = reign, .index = Index()};
  if (reign == acked.reign) acked.index = std::max(acked.index, index);
}

}  // namespace synod::sim
