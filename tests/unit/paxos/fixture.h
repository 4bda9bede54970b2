// One core in a wanted state, fed with messages by hand: what the tests of the Multi-Paxos core
// share.
#ifndef SYNOD_TESTS_UNIT_PAXOS_FIXTURE_H_
#define SYNOD_TESTS_UNIT_PAXOS_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "synod/paxos/multi_paxos.h"

namespace synod::test {

inline constexpr Duration kElectionTimeout = std::chrono::milliseconds(500);

inline Ballot BallotOf(uint64_t round, uint64_t node) {
  return {.round = Term(round), .node = node, .incarnation = Incarnation(1000 + node)};
}

inline Entry Command(uint64_t slot, uint64_t round, std::string_view text) {
  return {.index = Index(slot),
          .term = Term(round),
          .kind = EntryKind::kCommand,
          .payload = Payload::Copy(text)};
}

// Commands "<slot>@<round>" for slots from `first` to `last`.
inline AcceptRequest Accepts(uint64_t round, uint64_t first, uint64_t last, uint64_t commit = 0) {
  AcceptRequest request;
  request.first = Index(first);
  request.commit = Index(commit);
  for (uint64_t slot = first; slot <= last; ++slot) {
    request.entries.push_back(
        Command(slot, round, std::to_string(slot) + "@" + std::to_string(round)));
  }
  return request;
}

// What a core starts from: node 1 of so many.
struct Given {
  uint64_t nodes = 3;
  QuorumRule quorums = {};
  uint32_t alpha = 8;
  EngineOptions options = {};
  bool is_introduced = true;
  std::vector<NodeId> acceptors = {};  // Voters besides, that are nothing else.
};

class Core {
 public:
  explicit Core(const Given& given = {}) : options_(given.options) {
    state_.initial_configuration.protocol = Protocol::kMultiPaxos;
    state_.initial_configuration.alpha = given.alpha;
    state_.initial_configuration.quorums = given.quorums;
    for (uint64_t node = 1; node <= given.nodes; ++node) {
      state_.initial_configuration.voters.emplace_back(node);
      if (node != 1 || given.is_introduced) {  // It records itself last.
        state_.hard_state.peers.push_back({node, Incarnation(1000 + node)});
      }
    }
    for (NodeId node : given.acceptors) {
      Configuration& initial = state_.initial_configuration;
      initial.voters.push_back(node);
      initial.acceptors.push_back(node);
      initial.records.push_back({.node = node,
                                 .incarnation = Incarnation(1000 + node.value()),
                                 .epoch = {},
                                 .address = "switch"});
    }
    Start();
  }

  // Begins another life with what was durable.
  void Start() {
    out = Output();
    last_token_ = PersistToken();
    core_ = std::make_unique<MultiPaxos>(
        options_, Engine::Identity{.group = 9, .node = 1, .incarnation = Incarnation(1001)}, state_,
        /*seed=*/1, now_);
  }

  MultiPaxos* operator->() { return core_.get(); }

  void Receive(uint64_t from, uint64_t term, MessageBody body) {
    core_->Step({.group = 9,
                 .from = from,
                 .to = 1,
                 .incarnation = Incarnation(1000 + from),
                 .term = Term(term),
                 .body = std::move(body)});
    core_->CheckInvariants();
  }

  void Elapse(Duration duration) {
    now_ += duration;
    core_->Tick(now_);
    core_->CheckInvariants();
  }

  void Propose(std::string_view command) {
    Proposal proposal{.request = ++last_request_, .command = Payload::Copy(command)};
    core_->Propose({&proposal, 1});
    core_->CheckInvariants();
  }

  // Takes what is due; it is in `out` until the next call.
  const Output& Take() {
    core_->TakeOutput(out);
    core_->CheckInvariants();
    if (!out.persist.token.IsZero()) {
      last_token_ = out.persist.token;
      if (out.persist.hard_state) state_.hard_state = *out.persist.hard_state;
      for (const Entry& entry : out.persist.entries) state_.entries.push_back(entry);
    }
    return out;
  }

  // Reports all writes that were taken as durable.
  void Persisted() { core_->Persisted(last_token_); }

  // Asks for promises in round `round`, its ballot being durable. Messages are in `out`.
  void BecomeCandidate(uint64_t round = 1) {
    Elapse(2 * kElectionTimeout);
    Take();
    for (NodeId voter : state_.initial_configuration.voters) {
      if (core_->role() != Role::kPreCandidate) break;
      if (voter == NodeId(1)) continue;
      Receive(voter.value(), round - 1, PreVoteReply{.next_term = Term(round), .granted = true});
    }
    Take();
    Persisted();
  }

  // The whole report of an acceptor that has accepted these and knows `chosen` to be so. `from`:
  // as it was asked; above commit, unless that has risen since.
  void Report(uint64_t from, uint64_t round, std::vector<AcceptedEntry> accepted,
              uint64_t chosen = 0, Index asked = Index(), Index first = Index(1)) {
    const Ballot ballot = BallotOf(round, 1);
    Receive(from, round,
            PrepareReply{.ballot = ballot,
                         .promised = ballot,
                         .from = asked.IsZero() ? core_->commit() + 1 : asked,
                         .first = first,
                         .chosen = Index(chosen),
                         .next = Index(),
                         .accepted = std::move(accepted)});
  }

  // The acceptor has all up to `slot`, and notes on its disk that so much of it is chosen.
  void Ack(uint64_t from, uint64_t round, uint64_t slot, uint64_t chosen = 0) {
    const Ballot ballot = BallotOf(round, 1);
    Index epoch;
    for (const Progress& peer : core_->progress()) {
      if (peer.node == NodeId(from)) epoch = peer.epoch;
    }
    Receive(from, round,
            AcceptReply{.ballot = ballot,
                        .promised = ballot,
                        .epoch = epoch,
                        .accepted = Index(slot),
                        .received = Index(slot),
                        .chosen = Index(chosen),
                        .round = 0,
                        .has_space = true});
  }

  // Leads in round 1, elected by the reports of these, and every acceptor is known to be empty.
  void Lead(const std::vector<uint64_t>& reporters) {
    BecomeCandidate();
    for (uint64_t node : reporters) Report(node, 1, {});
    Take();
    Persisted();
    for (NodeId voter : state_.initial_configuration.voters) {
      if (voter != NodeId(1)) Ack(voter.value(), 1, 0);
    }
    Take();
  }

  RequestId Reconfigure(std::vector<MemberChange> changes) {
    core_->Reconfigure(std::move(changes), ++last_request_);
    core_->CheckInvariants();
    return last_request_;
  }

  // All that is proposed is written here, and acked by these, who know as much to be chosen.
  void Choose(const std::vector<uint64_t>& acceptors) {
    Take();
    Persisted();
    for (uint64_t node : acceptors) Ack(node, 1, core_->extent().last.value());
    Take();
    Persisted();
  }

  // These have what is chosen, and have noted on their disks that it is.
  void Know(const std::vector<uint64_t>& members) {
    Take();
    Persisted();
    const uint64_t chosen = core_->commit().value();
    for (uint64_t node : members) Ack(node, 1, chosen, chosen);
  }

  // The bodies of the messages in `out` to `to`.
  template <class Body>
  [[nodiscard]] std::vector<Body> SentTo(uint64_t to) const {
    std::vector<Body> bodies;
    for (const Outgoing& outgoing : out.messages) {
      if (outgoing.message.to != NodeId(to)) continue;
      if (const auto* body = std::get_if<Body>(&outgoing.message.body)) bodies.push_back(*body);
    }
    return bodies;
  }

  // What is in each slot above commit: "4@2 x" or, for nothing but a no-op, "4@2".
  [[nodiscard]] std::vector<std::string> Slots() const {
    std::vector<std::string> all;
    for (Index i = core_->slots().first(); i <= core_->slots().last(); ++i) {
      const Slot* slot = core_->slots().Find(i);
      if (slot == nullptr) continue;
      std::string text =
          std::to_string(i.value()) + "@" + std::to_string(slot->ballot.round.value());
      if (slot->entry.kind == EntryKind::kCommand) {
        text += " " + std::string(slot->entry.payload.view());
      }
      all.push_back(std::move(text));
    }
    return all;
  }

  [[nodiscard]] std::vector<uint64_t> Committed() const {
    std::vector<uint64_t> slots;
    for (const auto& committed : out.committed) slots.push_back(committed.entry.index.value());
    return slots;
  }

  Output out;

 private:
  const EngineOptions options_;
  DurableState state_;
  Instant now_{std::chrono::seconds(100)};
  std::unique_ptr<MultiPaxos> core_;
  PersistToken last_token_;
  RequestId last_request_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_PAXOS_FIXTURE_H_
