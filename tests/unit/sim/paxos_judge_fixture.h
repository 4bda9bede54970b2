// A judge of Multi-Paxos, cores to show it, and the calls by which a history is made up before it:
// what the tests of its rules share.
#ifndef SYNOD_TESTS_UNIT_SIM_PAXOS_JUDGE_FIXTURE_H_
#define SYNOD_TESTS_UNIT_SIM_PAXOS_JUDGE_FIXTURE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/paxos/multi_paxos.h"

#include "src/sim/paxos_judge.h"
#include "tests/unit/sim/judge_fixture.h"

namespace synod::sim {

// Of the node's first disk.
inline Ballot BallotBy(NodeId node, uint64_t round) {
  return {.round = Term(round), .node = node, .incarnation = IncarnationOf(node)};
}
inline Entry ValueIn(uint64_t slot, uint64_t round, std::string_view text = "x") {
  return {.index = Index(slot),
          .term = Term(round),
          .kind = EntryKind::kCommand,
          .payload = Payload::Copy(text)};
}
// Without gaps.
inline AcceptRequest Proposing(std::vector<Entry> entries, uint64_t commit = 0) {
  AcceptRequest request;
  request.first = entries.front().index;
  request.commit = Index(commit);
  request.entries = std::move(entries);
  return request;
}
inline AcceptRequest HeartbeatOf(uint64_t round, uint64_t next = 1) {
  AcceptRequest request;
  request.first = Index(next);
  request.round = round;
  return request;
}
// The whole report of one who has been asked from slot 1 on.
inline PrepareReply Reporting(const Ballot& ballot, std::vector<AcceptedEntry> accepted = {}) {
  return {.ballot = ballot,
          .promised = ballot,
          .from = Index(1),
          .first = Index(1),
          .chosen = {},
          .next = {},
          .accepted = std::move(accepted)};
}
inline AcceptReply Acking(const Ballot& ballot, uint64_t slot, uint64_t chosen = 0) {
  return {.ballot = ballot,
          .promised = ballot,
          .epoch = {},
          .accepted = Index(slot),
          .received = Index(slot),
          .chosen = Index(chosen),
          .round = 0,
          .has_space = true};
}
inline AcceptReply AnsweringHeartbeat(const Ballot& ballot, uint64_t round) {
  AcceptReply reply = Acking(ballot, 0);
  reply.round = round;
  return reply;
}

// One core of any node, fed with messages by hand. Its disk is empty at first, and knows all.
class PaxosCore {
 public:
  PaxosCore(NodeId node, const Configuration& members, const EngineOptions& options = {})
      : node_(node) {
    DurableState state;
    state.initial_configuration = members;
    for (NodeId member : members.voters) {
      state.hard_state.peers.push_back({member, IncarnationOf(member)});
    }
    core_ = std::make_unique<MultiPaxos>(
        options,
        Engine::Identity{.group = test::kGroup, .node = node, .incarnation = IncarnationOf(node)},
        std::move(state), /*seed=*/1, now_);
  }

  MultiPaxos* operator->() { return core_.get(); }

  void Receive(NodeId from, uint64_t round, MessageBody body) {
    core_->Step({.group = test::kGroup,
                 .from = from,
                 .to = node_,
                 .incarnation = IncarnationOf(from),
                 .term = Term(round),
                 .body = std::move(body)});
  }
  void Propose(std::string_view command) {
    Proposal proposal{.request = ++last_request_, .command = Payload::Copy(command)};
    core_->Propose({&proposal, 1});
  }
  void Reconfigure(std::vector<MemberChange> changes) {
    core_->Reconfigure(std::move(changes), ++last_request_);
  }
  // Takes what is due, and says that all of it is durable.
  void Settle() {
    Output out;
    core_->TakeOutput(out);
    Note(out);
  }

  // Has asked for promises in its next ballot.
  void BecomeCandidate() {
    now_ += 2 * test::kElectionTimeout;
    core_->Tick(now_);
    Output out;
    core_->TakeOutput(out);
    Note(out);
    for (const Outgoing& outgoing : out.messages) {
      const auto* question = std::get_if<PreVoteRequest>(&outgoing.message.body);
      if (question == nullptr || core_->role() != Role::kPreCandidate) continue;
      Receive(outgoing.message.to, core_->term().value(),
              PreVoteReply{.next_term = question->next_term, .granted = true});
    }
    Settle();
  }
  // The whole report of an acceptor that was asked from `asked` on; 0: from behind commit.
  void Report(NodeId from, std::vector<AcceptedEntry> accepted = {}, Index asked = {}) {
    PrepareReply reply = Reporting(core_->promised(), std::move(accepted));
    reply.from = asked.IsZero() ? core_->commit() + 1 : asked;
    Receive(from, core_->term().value(), std::move(reply));
  }
  void Lead(const std::vector<NodeId>& reporters) {
    BecomeCandidate();
    for (NodeId node : reporters) Report(node);
    Settle();
  }
  // The acceptor has all up to `slot`, and has noted that so much of it is chosen.
  void Ack(NodeId from, uint64_t slot, uint64_t chosen = 0) {
    AcceptReply ack = Acking(core_->promised(), slot, chosen);
    for (const Progress& peer : core_->progress()) {
      if (peer.node == from) ack.epoch = peer.epoch;
    }
    Receive(from, core_->term().value(), ack);
  }

  // What it has written since this was asked last.
  [[nodiscard]] std::vector<Persist> TakeWrites() { return std::exchange(writes_, {}); }

 private:
  void Note(const Output& out) {
    if (out.persist.token.IsZero()) return;
    writes_.push_back(out.persist);
    core_->Persisted(out.persist.token);
  }

  const NodeId node_;
  Instant now_{std::chrono::seconds(100)};
  std::unique_ptr<MultiPaxos> core_;
  std::vector<Persist> writes_;
  RequestId last_request_;
};

// Founders that know each other, with empty disks of incarnation IncarnationOf. Whoever is shown to
// the judge as a core has the state of that core, by whatever way it came there.
class PaxosJudgeFixture : public OnTrial<PaxosJudge> {
 protected:
  static constexpr uint32_t kAlpha = 4;

  explicit PaxosJudgeFixture(size_t founders = 3, size_t spares = 0, const QuorumRule& rule = {},
                             size_t acceptors = 0)
      : OnTrial({.nodes = founders,
                 .spares = spares,
                 .quorums = rule,
                 .protocol = Protocol::kMultiPaxos,
                 .alpha = kAlpha,
                 .acceptors = acceptors}) {
    for (uint64_t node = 1; node <= founders; ++node) Promise(node, {});
  }

  // --- Disks ---

  // With all founders as known.
  [[nodiscard]] HardState Hard(const Ballot& ballot) const {
    return HardOf(ballot.round, ballot.node, ballot.incarnation);
  }
  [[nodiscard]] SnapshotMeta SnapshotOfFirst() const {
    return {.index = Index(1),
            .term = Term(1),
            .configuration = options_.Founders(),
            .size = 3,
            .checksum = 7};
  }
  void Promise(NodeId node, const Ballot& ballot) { Write(node, Writing(Hard(ballot))); }
  // A mark, and what is accepted behind it, at the end of the node's log. The promise is there.
  [[nodiscard]] Persist Accepting(NodeId node, const Ballot& ballot,
                                  const std::vector<Entry>& entries, uint64_t chosen = 0) {
    Index position = last_[node];
    Persist persist;
    const Mark mark{.ballot = ballot,
                    .slot = entries.empty() ? Index(1) : entries.front().index,
                    .chosen = Index(chosen)};
    persist.entries.push_back({.index = ++position,
                               .term = ballot.round,
                               .kind = EntryKind::kMark,
                               .payload = Payload::Copy(EncodeMark(mark))});
    for (Entry entry : entries) {
      entry.index = ++position;
      entry.term = ballot.round;
      persist.entries.push_back(std::move(entry));
    }
    return persist;
  }
  // Durably, and with the promise.
  void Accept(NodeId node, const Ballot& ballot, const std::vector<Entry>& entries,
              uint64_t chosen = 0) {
    Persist persist = Accepting(node, ballot, entries, chosen);
    persist.hard_state = Hard(ballot);
    Write(node, std::move(persist));
  }
  void NoteChosen(NodeId node, const Ballot& ballot, uint64_t chosen) {
    Accept(node, ballot, {}, chosen);
  }
  // What the core has written since.
  void WriteAllOf(NodeId node, PaxosCore& core) {
    for (Persist& persist : core.TakeWrites()) Write(node, std::move(persist));
  }

  // --- Messages ---

  // Its owner proposes this to `to`.
  void Propose(const Ballot& ballot, NodeId to, const std::vector<Entry>& entries) {
    Send(ballot.node, to, ballot.round.value(), Proposing(entries));
  }
  // It promises durably, and reports this.
  void Report(NodeId from, const Ballot& ballot, std::vector<AcceptedEntry> accepted = {}) {
    Promise(from, ballot);
    Send(from, ballot.node, ballot.round.value(), Reporting(ballot, std::move(accepted)));
  }
  // The owner has these promises, none of which reports anything.
  void Elect(const Ballot& ballot, const std::vector<NodeId>& voters) {
    Promise(ballot.node, ballot);
    for (NodeId voter : voters) Report(voter, ballot);
  }

  // --- Turns ---

  void Turn(NodeId node, PaxosCore& core, uint64_t life = 1) {
    TurnOf(node, *core.operator->(), life, /*is_stopped=*/false);
  }
  [[nodiscard]] PaxosCore NewCore(NodeId node) const { return {node, options_.Founders()}; }
  // Of a node that has done nothing but to propose what it has.
  void EndTurn(NodeId node) {
    PaxosCore core = NewCore(node);
    Turn(node, core);
  }
  // These are proposed to the acceptors and accepted by them, and the first of them learns that
  // they are chosen. Each call takes up where the last one ended, with the same first acceptor.
  void Choose(const Ballot& ballot, const std::vector<NodeId>& acceptors,
              const std::vector<Entry>& entries) {
    for (NodeId acceptor : acceptors) {
      if (acceptor != ballot.node) Propose(ballot, acceptor, entries);
      Accept(acceptor, ballot, entries);
    }
    Learn(acceptors.front(), ballot, entries);
  }
  void Learn(NodeId learner, const Ballot& ballot, const std::vector<Entry>& entries) {
    if (learner_ == nullptr) {
      learner_ = std::make_unique<PaxosCore>(learner, options_.Founders());
    }
    learner_->Receive(ballot.node, ballot.round.value(),
                      Proposing(entries, entries.back().index.value()));
    Turn(learner, *learner_);
  }

  const Ballot low_ = BallotBy(1, 1);
  const Ballot middle_ = BallotBy(2, 1);
  const Ballot high_ = BallotBy(3, 2);
  std::unique_ptr<PaxosCore> learner_;
};

}  // namespace synod::sim

#endif  // SYNOD_TESTS_UNIT_SIM_PAXOS_JUDGE_FIXTURE_H_
