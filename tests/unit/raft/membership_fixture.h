// What the tests of changes of the members share.
#ifndef SYNOD_TESTS_UNIT_RAFT_MEMBERSHIP_FIXTURE_H_
#define SYNOD_TESTS_UNIT_RAFT_MEMBERSHIP_FIXTURE_H_

#include <optional>
#include <utility>
#include <vector>

#include "synod/core/configuration_codec.h"

#include "tests/unit/raft/fixture.h"

namespace synod::test {

using Nodes = std::vector<NodeId>;
using To = MemberChange::To;

inline MemberChange Voter(uint64_t node) {
  return {.node = NodeId(node), .to = To::kVoter, .incarnation = IncarnationOf(NodeId(node))};
}
inline MemberChange Learner(uint64_t node) {
  return {.node = NodeId(node), .to = To::kLearner, .incarnation = IncarnationOf(NodeId(node))};
}
inline MemberChange Removal(uint64_t node) { return {.node = NodeId(node), .to = To::kNone}; }

// One that a change has set: everybody under the usual incarnation.
inline Configuration Changed(Nodes voters, Nodes outgoing = {}, Nodes learners = {}) {
  Configuration configuration{.voters = std::move(voters),
                              .outgoing = std::move(outgoing),
                              .learners = std::move(learners)};
  for (NodeId node : configuration.Members()) {
    configuration.records.push_back(
        {.node = node, .incarnation = IncarnationOf(node), .epoch = {}, .address = {}});
  }
  return configuration;
}

inline Entry EntryOf(const Configuration& configuration, uint64_t index, uint64_t term) {
  return {.index = Index(index),
          .term = Term(term),
          .kind = EntryKind::kConfiguration,
          .payload = Payload::Copy(EncodeConfiguration(configuration))};
}

inline AppendRequest AppendOf(uint64_t prev_index, uint64_t prev_term, Entry entry,
                              uint64_t commit = 0) {
  return {.prev_index = Index(prev_index),
          .prev_term = Term(prev_term),
          .commit = Index(commit),
          .entries = {std::move(entry)}};
}

// An ack as a member that became one at `epoch` sends it.
inline AppendReply AcceptedIn(uint64_t epoch, uint64_t index) {
  AppendReply reply = Accepted(index);
  reply.epoch = Index(epoch);
  return reply;
}

// The answer to a question of the leader's, which it has sent in this output.
inline Introduce FromNewcomer(const Introduce& asked) {
  return {.configuration_hash = 0, .recorded = {}, .question = asked.question};
}

inline std::optional<Resolved> EndOf(const Core& core, RequestId request) {
  for (const Resolved& resolved : core.out.resolved) {
    if (resolved.request == request) return resolved;
  }
  return std::nullopt;
}

inline Resolved Ended(RequestId request, Outcome::Kind kind, Reason reason = Reason::kNone) {
  return {.request = request, .kind = kind, .reason = reason};
}

// Acks everything under the epochs that the leader has.
inline void AckAll(Core& core) {
  for (const Progress& peer : std::vector(core->progress().begin(), core->progress().end())) {
    if (!core->IsLeader()) return;
    core.Receive(peer.node, core->term().value(),
                 AcceptedIn(peer.epoch.value(), core->log().last().value()));
  }
}

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_RAFT_MEMBERSHIP_FIXTURE_H_
