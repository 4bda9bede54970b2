#include "tests/interaction/describe.h"

#include <string>
#include <variant>
#include <vector>

namespace synod::test {

namespace {

template <class Id>
std::string Number(Id id) {
  return std::to_string(id.value());
}

std::string Join(const std::vector<std::string>& parts, const char* separator) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += separator;
    joined += part;
  }
  return joined;
}

std::string Entries(const std::vector<Entry>& entries) {
  std::vector<std::string> parts;
  for (const Entry& entry : entries) parts.push_back(Describe(entry));
  return Join(parts, ", ");
}

// What a message says, by kind.
struct BodyText {
  std::string operator()(const Introduce& m) const {
    return "introduces itself, " +
           (m.recorded.IsZero() ? "does not know the receiver"
                                : "knows the receiver as #" + Number(m.recorded)) +
           (m.wants_reply ? ", asks back" : "");
  }
  std::string operator()(const PreVoteRequest& m) const {
    return "pre-vote for t" + Number(m.next_term) + "? last " + Describe(m.last_index, m.last_term);
  }
  std::string operator()(const PreVoteReply& m) const {
    return std::string("pre-vote for t") + Number(m.next_term) +
           (m.granted ? " granted" : " refused");
  }
  std::string operator()(const VoteRequest& m) const {
    return "vote? last " + Describe(m.last_index, m.last_term) +
           (m.by_transfer ? ", by transfer" : "");
  }
  std::string operator()(const VoteReply& m) const {
    return m.granted ? "vote granted" : "vote refused";
  }
  std::string operator()(const AppendRequest& m) const {
    return "append behind " + Describe(m.prev_index, m.prev_term) + ", commit " + Number(m.commit) +
           (m.entries.empty() ? "" : ": " + Entries(m.entries));
  }
  std::string operator()(const AppendReply& m) const {
    if (m.status == AppendReply::Status::kAccepted) return "accepted up to " + Number(m.index);
    return "mismatch at " + Number(m.index) + ", agree at most at " +
           Describe(m.hint_index, m.hint_term);
  }
  std::string operator()(const Heartbeat& m) const {
    return "heartbeat " + std::to_string(m.round) + ", commit " + Number(m.commit);
  }
  std::string operator()(const HeartbeatReply& m) const {
    return "heartbeat " + std::to_string(m.round) + " answered, received " + Number(m.received) +
           (m.has_space ? "" : ", no space");
  }
  std::string operator()(const TimeoutNow&) const { return "campaign now"; }
  std::string operator()(const ReadRequest&) const { return "read?"; }
  std::string operator()(const ReadReply& m) const {
    if (m.reason == Reason::kNone) return "read at " + Number(m.index);
    return "read refused: " + std::string(Describe(m.reason));
  }
  std::string operator()(const SnapshotChunk&) const { return "snapshot chunk"; }
  std::string operator()(const SnapshotChunkReply&) const { return "snapshot chunk answered"; }
  std::string operator()(const NotMember& m) const {
    return "not a member as of " + Number(m.as_of);
  }
  std::string operator()(const PrepareRequest& m) const {
    return "prepare from " + Number(m.from) + (m.by_transfer ? ", by transfer" : "");
  }
  std::string operator()(const PrepareReply& m) const {
    if (m.promised > m.ballot) return "prepare refused, promised " + Describe(m.promised);
    std::string text = "promise from " + Number(m.from) + ", chosen " + Number(m.chosen);
    for (const auto& [entry, ballot] : m.accepted) {
      text += ", " + Describe(entry) + " in " + Describe(ballot);
    }
    return text + (m.next.IsZero() ? "" : ", more from " + Number(m.next));
  }
  std::string operator()(const AcceptRequest& m) const {
    std::string text = m.round == 0 ? "accept" : "heartbeat " + std::to_string(m.round);
    text += " from " + Number(m.first) + ", commit " + Number(m.commit);
    for (const Entry& entry : m.entries) text += ", " + Describe(entry);
    return text;
  }
  std::string operator()(const AcceptReply& m) const {
    if (m.promised > m.ballot) return "accept refused, promised " + Describe(m.promised);
    std::string text = m.round == 0 ? "accepted " + Number(m.accepted)
                                    : "heartbeat " + std::to_string(m.round) + " answered";
    return text + ", received " + Number(m.received) + (m.has_space ? "" : ", no space");
  }
};

}  // namespace

std::string Describe(Index index, Term term) { return Number(index) + "@" + Number(term); }

std::string Describe(const Entry& entry) {
  const std::string what = entry.kind == EntryKind::kNoOp   ? "no-op"
                           : entry.kind == EntryKind::kMark ? "mark"
                           : entry.kind == EntryKind::kConfiguration
                               ? "members"
                               : std::string(entry.payload.view());
  return Describe(entry.index, entry.term) + " " + what;
}

std::string Describe(const Message& message) {
  return Number(message.from) + "->" + Number(message.to) + " t" + Number(message.term) + " " +
         std::visit(BodyText(), message.body);
}

std::string Describe(const Ballot& ballot) {
  return Number(ballot.round) + "." + Number(ballot.node);
}

std::string Describe(const Persist& persist) {
  std::vector<std::string> parts;
  if (persist.hard_state) {
    std::vector<std::string> peers;
    for (const KnownPeer& peer : persist.hard_state->peers) peers.push_back(Number(peer.node));
    parts.push_back("term " + Number(persist.hard_state->term) + ", vote " +
                    Number(persist.hard_state->vote) + ", knows " + Join(peers, " "));
  }
  if (persist.snapshot) {
    parts.push_back("snapshot at " +
                    Describe(persist.snapshot->meta.index, persist.snapshot->meta.term) +
                    (persist.snapshot->resets_log ? " in place of the log" : ""));
  }
  if (persist.truncate_from) parts.push_back("truncate from " + Number(*persist.truncate_from));
  if (persist.compact_to) parts.push_back("compact to " + Number(*persist.compact_to));
  if (!persist.entries.empty()) parts.push_back(Entries(persist.entries));
  return Join(parts, "; ");
}

std::string Describe(const Alert& alert) {
  const auto what = [&]() -> std::string {
    switch (alert.kind) {
      case Alert::Kind::kConfigurationMismatch:
        return "has another initial configuration";
      case Alert::Kind::kPeerWiped:
        return "came back with another disk";
      case Alert::Kind::kSelfWiped:
        return "remembers another disk under this name";
      case Alert::Kind::kUnsafeTruncation:
        return "asked to overwrite a committed entry";
      case Alert::Kind::kInvalidMessage:
        return "sent what no correct replica sends";
      case Alert::Kind::kRemoved:
        return "says that this is no member any more";
      case Alert::Kind::kQuorumLost:
        return "hears from no quorum";
      case Alert::Kind::kDiskStalled:
        return "has a late disk";
    }
    return "did something unknown";
  };
  const std::string who = alert.peer.IsZero() ? "" : Number(alert.peer) + " ";
  return who + what() + (alert.fatal ? ": must stop" : "");
}

std::string Describe(const Resolved& resolved) {
  const auto kind = [&]() -> std::string {
    switch (resolved.kind) {
      case Outcome::Kind::kCommitted:
        return "done";
      case Outcome::Kind::kNotCommitted:
        return "not done";
      case Outcome::Kind::kUnknown:
        return "unknown";
    }
    return "";
  };
  return "request " + Number(resolved.request) + ": " + kind() +
         (resolved.reason == Reason::kNone ? "" : ", " + std::string(Describe(resolved.reason)));
}

std::string DescribeRole(const Engine& core) {
  std::string text(synod::Describe(core.role()));
  if (core.role() == Role::kFollower) {
    text += core.leader().IsZero() ? " of nobody" : " of " + Number(core.leader());
  }
  return text + " in t" + Number(core.term());
}

std::string DescribeState(const Engine& core) {
  return DescribeRole(core) + ", commit " + Number(core.commit()) + ", log " +
         Number(core.extent().first) + ".." + Number(core.extent().last) + ", durable " +
         Number(core.extent().durable);
}

}  // namespace synod::test
