// Multi-Paxos under everything that a scheduler can do to it: messages lost, repeated and
// reordered, writes completed late, replicas killed at any point, several proposers at once. What
// is chosen is found out apart from the core, by what the acceptors' disks hold.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "synod/base/rng.h"
#include "synod/core/quorum.h"
#include "synod/paxos/accept_log.h"
#include "synod/paxos/multi_paxos.h"

#include "tests/interaction/describe.h"
#include "tests/interaction/test_replica.h"

namespace synod::test {
namespace {

using Value = std::pair<EntryKind, std::string>;

Value ValueOf(const Entry& entry) { return {entry.kind, std::string(entry.payload.view())}; }

class World {
 public:
  // With `spares` more nodes, the members change.
  World(uint64_t seed, Configuration members, uint64_t spares)
      : rng_(seed), members_(std::move(members)), spares_(spares) {
    options_.trailing_entries = rng_.Below(4);
    options_.max_append_bytes = rng_.Chance(1, 2) ? 200 : 100'000;
    options_.max_inflight_appends = 1 + rng_.Below(4);
    options_.pre_vote = rng_.Chance(3, 4);
    options_.check_quorum = rng_.Chance(3, 4);
    was_member_ = {members_.voters.begin(), members_.voters.end()};
    Configuration nobody;
    nobody.protocol = Protocol::kMultiPaxos;
    for (uint64_t node = 1; node <= members_.voters.size() + spares_; ++node) {
      const bool is_founder = members_.IsVoter(node);
      nodes_[node].replica = std::make_unique<TestReplica>(
          options_,
          TestReplica::Identity{.node = node,
                                .incarnation = Incarnation(100 + node),
                                .members = is_founder ? members_ : nobody},
          rng_.Next(), now_);
    }
  }

  void Run(size_t steps) {
    for (size_t i = 0; i < steps; ++i) Step();
  }

  // Ends the faults. True if, in bounded time, everybody knows that a command of now is chosen.
  bool Recovers() {
    is_calm_ = true;
    for (auto& [id, node] : nodes_) {
      if (!node.replica->IsUp()) Restart(id);
    }
    for (int round = 0; round < 400; ++round) {
      for (auto& [id, node] : nodes_) {
        while (node.replica->IsUp() && node.replica->CompleteWrite()) {
        }
        if (node.replica->IsUp()) Pump(id);
      }
      while (!in_flight_.empty()) Deliver(0);
      now_ += std::chrono::milliseconds(20);
      const size_t chosen = chosen_.size();
      for (auto& [id, node] : nodes_) {
        if (!node.replica->IsUp()) continue;
        if (node.replica->core().IsLeader() && round % 10 == 0) Propose(id);
        node.replica->core().Tick(now_);
        Pump(id);
      }
      const bool are_equal = std::ranges::all_of(nodes_, [&](const auto& entry) {
        return !Newest().IsMember(entry.first) ||
               entry.second.replica->core().commit() == Index(chosen);
      });
      if (round > 200 && are_equal && !chosen_.empty() &&
          chosen_.rbegin()->second.first == EntryKind::kCommand) {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] std::string States() const {
    std::string text;
    for (const auto& [id, node] : nodes_) {
      if (!node.replica->IsUp()) continue;
      const Engine& core = node.replica->core();
      text += std::to_string(id.value()) + " is " + DescribeState(core) + ", members since";
      for (Index i = core.extent().first - 1; i <= core.commit(); ++i) {
        const Configuration& members = core.ConfigurationAt(i);
        if (i >= core.extent().first && members == core.ConfigurationAt(i - 1)) continue;
        text += " " + std::to_string(i.value()) + ":";
        for (NodeId voter : members.voters) text += " " + std::to_string(voter.value());
      }
      text += "\n";
    }
    return text;
  }
  [[nodiscard]] size_t chosen() const { return chosen_.size(); }
  [[nodiscard]] size_t changes() const { return changes_made_; }
  [[nodiscard]] size_t leaders() const { return led_.size(); }

  std::string story;

 private:
  struct Node {
    std::unique_ptr<TestReplica> replica;
    Ballot promised;  // By its disk, ...
    Index chosen;     // ... and what that knows to be chosen.
  };
  using Parcel = std::variant<Message, SnapshotTransfer>;

  void Step() {
    const NodeId id(1 + rng_.Below(nodes_.size()));
    Node& node = nodes_[id];
    for (auto& [other, each] : nodes_) {
      if ((is_dark_ || retired_.contains(other)) && each.replica->IsUp()) Crash(other);
    }
    is_dark_ = false;
    const uint64_t what = rng_.Below(100);
    if (!node.replica->IsUp()) {
      if (what < 20) Restart(id);
    } else if (what < 50) {
      if (!in_flight_.empty()) Deliver(rng_.Below(std::min<size_t>(in_flight_.size(), 6)));
    } else if (what < 65) {
      node.replica->CompleteWrite();
      Pump(id);
    } else if (what < 80) {
      now_ += std::chrono::milliseconds(rng_.Below(rng_.Chance(1, 8) ? 400 : 20));
      node.replica->core().Tick(now_);
      Pump(id);
    } else if (what < 92) {
      Propose(id);
    } else if (what < 94) {
      node.replica->TakeSnapshot();
      Pump(id);
    } else if (what < 95) {
      Crash(id);
    } else if (what < 96 && rng_.Chance(1, 4)) {
      cut_ = rng_.Chance(1, 2) ? id : NodeId();
    } else if (what < 99 && spares_ > 0 && node.replica->core().IsLeader()) {
      ChangeMembers(id);
    }
  }

  // Who is no member when a change is done may be switched off for ever, and power may fail at
  // once.
  void Retire() {
    for (auto& [id, node] : nodes_) {
      if (Newest().IsMember(id) || !was_member_.contains(id) || !rng_.Chance(1, 2)) continue;
      Say("retire " + std::to_string(id.value()));
      retired_.insert(id);
    }
    is_dark_ = rng_.Chance(1, 3);
  }

  void ChangeMembers(NodeId leader) {
    const NodeId who(1 + rng_.Below(nodes_.size()));
    const auto to = static_cast<MemberChange::To>(rng_.Below(3));
    Say("change " + std::to_string(who.value()) + " to " + std::to_string(static_cast<int>(to)));
    changes_.insert(++last_request_);
    nodes_[leader].replica->core().Reconfigure({{.node = who, .to = to}}, last_request_);
    Pump(leader);
  }

  // The newest configuration that is chosen.
  const Configuration& Newest() const {
    return configurations_.empty() ? members_ : configurations_.rbegin()->second;
  }
  // Null if it is not known yet.
  const Configuration* Governing(Index slot) const {
    if (chosen_.size() + members_.alpha < slot.value()) return nullptr;
    const Configuration* governing = &members_;
    for (const auto& [index, members] : configurations_) {
      if (index + members_.alpha <= slot) governing = &members;
    }
    return governing;
  }

  void Crash(NodeId id) {
    Say("crash " + std::to_string(id.value()));
    TestReplica& replica = *nodes_[id].replica;
    replica.Crash(rng_.Below(replica.writes_in_flight() + 1));
    Examine(id);
  }

  void Restart(NodeId id) {
    if (retired_.contains(id)) return;
    Say("restart " + std::to_string(id.value()));
    nodes_[id].replica->Restart(rng_.Next(), now_);
    Gather(id);
  }

  void Propose(NodeId id) {
    nodes_[id].replica->Propose(++last_request_, "v" + std::to_string(last_request_.value()));
    Pump(id);
  }

  void Deliver(size_t which) {
    const Parcel parcel = in_flight_[which];
    const bool is_message = std::holds_alternative<Message>(parcel);
    const bool repeats = is_message && !is_calm_ && rng_.Chance(1, 15);
    if (!repeats) in_flight_.erase(in_flight_.begin() + static_cast<std::ptrdiff_t>(which));
    if (is_message && !is_calm_ && rng_.Chance(1, 12)) return;
    std::visit([this](const auto& content) { Take(content); }, parcel);
  }
  void Take(const Message& message) {
    TestReplica& replica = *nodes_[message.to].replica;
    if (!replica.IsUp()) return;
    if (!is_calm_ && (message.from == cut_ || message.to == cut_)) return;
    Say(Describe(message));
    replica.core().Tick(now_);
    replica.core().Step(message);
    Pump(message.to);
  }
  void Take(const SnapshotTransfer& transfer) {
    TestReplica& replica = *nodes_[transfer.to].replica;
    const bool arrives = replica.IsUp() && (is_calm_ || rng_.Chance(3, 4));
    if (arrives) {
      Say("snapshot " + std::to_string(transfer.meta.index.value()) + " to " +
          std::to_string(transfer.to.value()));
      replica.ReceiveSnapshot(transfer);
      Pump(transfer.to);
    }
    TestReplica& sender = *nodes_[transfer.from].replica;
    if (!sender.IsUp()) return;
    sender.core().SnapshotSendEnded(transfer.to, transfer.term, arrives);
    Pump(transfer.from);
  }

  void Pump(NodeId id) {
    nodes_[id].replica->Pump();
    Gather(id);
  }

  void Gather(NodeId id) {
    TestReplica& replica = *nodes_[id].replica;
    Examine(id);
    for (Message& message : replica.sent) {
      CheckPromise(message);
      in_flight_.emplace_back(std::move(message));
    }
    for (const SendSnapshot& request : replica.snapshot_requests) {
      if (auto transfer = replica.OpenSnapshot(request)) {
        in_flight_.emplace_back(*std::move(transfer));
      } else {
        replica.core().SnapshotSendEnded(request.to, request.term, false);
      }
    }
    for (const Committed& committed : replica.committed) Choose(committed.entry, "learnt by", id);
    for (const Alert& alert : replica.alerts) {
      if (alert.kind == Alert::Kind::kRemoved || alert.peer.IsZero()) continue;
      ADD_FAILURE() << id << " " << Describe(alert) << "\n" << story;
    }
    for (const Resolved& resolved : replica.resolved) {
      if (resolved.kind != Outcome::Kind::kCommitted) continue;
      ++changes_made_;
      retires_ = true;
      EXPECT_TRUE(changes_.contains(resolved.request)) << "a proposal ends as an entry";
    }
    if (std::exchange(retires_, false)) Retire();
    replica.sent.clear();
    replica.snapshot_requests.clear();
    replica.committed.clear();
    replica.alerts.clear();
    replica.resolved.clear();
    replica.reads.clear();
    if (replica.core().IsLeader()) led_.insert(replica.core().term());
  }

  // What the node's disk says it has accepted, and promised.
  void Examine(NodeId id) {
    const DurableState& disk = nodes_[id].replica->disk().image();
    const Ballot promised{disk.hard_state.term, disk.hard_state.vote,
                          disk.hard_state.vote_incarnation};
    EXPECT_GE(promised, nodes_[id].promised) << "a promise is broken\n" << story;
    nodes_[id].promised = promised;
    if (disk.entries.empty() || disk.entries.back().index == examined_[id]) return;
    examined_[id] = disk.entries.back().index;
    AcceptLog log;
    const bool is_log =
        log.Replay(disk.entries, [&](const Entry& entry, const Ballot& ballot, Index) {
          EXPECT_LE(ballot, promised);
          const auto [known, is_new] = values_.try_emplace({entry.index, ballot}, ValueOf(entry));
          EXPECT_EQ(known->second, ValueOf(entry))
              << "two values in one ballot, slot " << entry.index << "\n"
              << story;
          std::set<NodeId>& acceptors = accepted_[{entry.index, ballot}];
          if (!acceptors.insert(id).second) return;
          const Configuration* governing = Governing(entry.index);
          const auto has = [&](NodeId node) { return acceptors.contains(node); };
          if (governing != nullptr && QuorumSystem(*governing).Commits(has)) {
            Choose(entry, "accepted last by", id);
          }
        });
    EXPECT_TRUE(is_log);
    nodes_[id].chosen = log.chosen();
  }

  // What a message says of its sender's disk is so (I3, I5).
  void CheckPromise(const Message& message) {
    const TestDisk& disk = nodes_[message.from].replica->disk();
    const Ballot promised = nodes_[message.from].promised;
    if (std::holds_alternative<PrepareRequest>(message.body) ||
        std::holds_alternative<AcceptRequest>(message.body)) {
      EXPECT_GE(promised, (Ballot{message.term, message.from, message.incarnation}))
          << "a ballot is used that may be forgotten\n"
          << story;
    } else if (const auto* promise = std::get_if<PrepareReply>(&message.body)) {
      if (promise->promised > promise->ballot) return;
      EXPECT_GE(promised, promise->ballot) << "a promise may be forgotten\n" << story;
      for (const auto& [entry, ballot] : promise->accepted) {
        EXPECT_TRUE(Holds(message.from, entry.index, ballot)) << "an accept may be forgotten";
      }
    } else if (const auto* accepted = std::get_if<AcceptReply>(&message.body)) {
      for (Index i = disk.image().snapshot.index + 1; i <= accepted->accepted; ++i) {
        EXPECT_TRUE(i <= nodes_[message.from].chosen || Holds(message.from, i, accepted->ballot))
            << "slot " << i << " is acked and may be forgotten\n"
            << story;
      }
    }
  }
  bool Holds(NodeId node, Index slot, const Ballot& ballot) const {
    const auto accepted = accepted_.find({slot, ballot});
    return accepted != accepted_.end() && accepted->second.contains(node);
  }

  void Choose(const Entry& entry, const std::string& how, NodeId node) {
    const auto [known, is_new] = chosen_.try_emplace(entry.index, ValueOf(entry));
    EXPECT_EQ(known->second, ValueOf(entry)) << "two values are chosen in slot " << entry.index
                                             << ", the second " << how << " " << node << "\n"
                                             << story;
    if (is_new && entry.kind == EntryKind::kConfiguration) {
      const Configuration members = *DecodeConfiguration(entry.payload.view());
      for (NodeId member : members.Members()) was_member_.insert(member);
      configurations_[entry.index] = members;
    }
  }

  void Say(const std::string& line) {
    story += line + "\n";
    if (story.size() > 20'000) story.erase(0, 10'000);
  }

  Rng rng_;
  const Configuration members_;  // The first ones.
  const uint64_t spares_;
  EngineOptions options_;
  Instant now_{std::chrono::seconds(100)};
  bool is_calm_ = false;
  NodeId cut_;  // From all others.
  std::map<NodeId, Node> nodes_;
  std::vector<Parcel> in_flight_;
  RequestId last_request_;
  std::map<NodeId, Index> examined_;
  std::map<std::pair<Index, Ballot>, Value> values_;
  std::map<std::pair<Index, Ballot>, std::set<NodeId>> accepted_;
  std::map<Index, Value> chosen_;
  std::map<Index, Configuration> configurations_;  // Of them.
  std::set<NodeId> was_member_;
  std::set<NodeId> retired_;
  bool retires_ = false;
  bool is_dark_ = false;  // All lose power now.
  std::set<RequestId> changes_;
  size_t changes_made_ = 0;
  std::set<Term> led_;
};

Configuration Group(uint64_t voters, QuorumRule quorums, uint32_t alpha) {
  Configuration members;
  for (uint64_t node = 1; node <= voters; ++node) members.voters.emplace_back(node);
  members.quorums = std::move(quorums);
  members.protocol = Protocol::kMultiPaxos;
  members.alpha = alpha;
  return members;
}

class StaticSchedules : public ::testing::TestWithParam<Configuration> {};

TEST_P(StaticSchedules, OfAnyKind_ChooseOneValueASlotAndRecover) {
  size_t chosen = 0;
  size_t leaders = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, GetParam(), /*spares=*/0);
    world.Run(3000);
    EXPECT_TRUE(world.Recovers()) << world.story << world.States();
    chosen += world.chosen();
    leaders += world.leaders();
    if (HasFailure()) return;
  }
  EXPECT_GT(chosen, 300u * 20);
  EXPECT_GT(leaders, 300u * 2);
}

TEST(Schedules, ChangeTheMembers_ChooseOneValueASlotAndRecover) {
  size_t chosen = 0;
  size_t changes = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    World world(seed, Group(1 + rng.Below(3), {}, static_cast<uint32_t>(1 + rng.Below(12))),
                /*spares=*/1 + rng.Below(3));
    world.Run(4000);
    EXPECT_TRUE(world.Recovers()) << world.story << world.States();
    chosen += world.chosen();
    changes += world.changes();
    if (HasFailure()) return;
  }
  EXPECT_GT(chosen, 1000u * 20);
  EXPECT_GT(changes, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Groups, StaticSchedules,
                         ::testing::Values(Group(1, {}, 8), Group(3, {}, 2), Group(3, {}, 64),
                                           Group(5, {}, 16),
                                           Group(5, QuorumRule::Flexible(2, 4), 16),
                                           Group(5, QuorumRule::Flexible(4, 2), 16),
                                           Group(4, QuorumRule::Flexible(1, 4), 4)));

}  // namespace
}  // namespace synod::test
