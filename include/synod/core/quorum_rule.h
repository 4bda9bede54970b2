// Which sets of voters decide.
#ifndef SYNOD_CORE_QUORUM_RULE_H_
#define SYNOD_CORE_QUORUM_RULE_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"

namespace synod {

// What a quorum is for: to elect a leader (phase 1 of Paxos), or to commit what it proposes (phase
// 2). Every election quorum must meet every commit quorum, or a new leader may miss what was
// committed; that is all that Paxos needs (Howard, Malkhi & Spiegelman, "Flexible Paxos", 2016).
// Raft, where a term has one leader because each voter has one vote in it, needs every two election
// quorums to meet as well.
enum class Phase : uint8_t { kElection, kCommit };

// Which sets of the voters of one half of a configuration are quorums. The same for all members of
// a group and for its whole life.
struct QuorumRule {
  enum class Kind : uint8_t {
    kMajority = 0,  // More than half of the voters, for either.
    kFlexible = 1,  // Any `election` voters elect, and any `commit` commit.
    // The voters, in order, fill rows of `columns`: a whole row elects, and a whole column commits.
    kGrid = 2,
    kWeighted = 3,  // Voters who weigh `election` together elect, and `commit` commit.
  };
  struct Weight {
    NodeId node;
    uint32_t weight = 0;  // Of those that have none: 0.

    friend bool operator==(const Weight&, const Weight&) = default;
  };

  static constexpr size_t kMaxWeights = 64;

  Kind kind = Kind::kMajority;
  uint32_t election = 0;
  uint32_t commit = 0;
  uint32_t columns = 0;
  std::vector<Weight> weights = {};  // Sorted by node, none of them 0.

  [[nodiscard]] static QuorumRule Flexible(uint32_t election, uint32_t commit) {
    return {.kind = Kind::kFlexible, .election = election, .commit = commit};
  }
  [[nodiscard]] static QuorumRule Grid(uint32_t columns) {
    return {.kind = Kind::kGrid, .columns = columns};
  }
  // One weight a node at most.
  [[nodiscard]] static QuorumRule Weighted(std::vector<Weight> weights, uint32_t election,
                                           uint32_t commit) {
    std::erase_if(weights, [](const Weight& weight) { return weight.weight == 0; });
    std::sort(weights.begin(), weights.end(),
              [](const Weight& a, const Weight& b) { return a.node < b.node; });
    return {.kind = Kind::kWeighted,
            .election = election,
            .commit = commit,
            .weights = std::move(weights)};
  }

  // Whether it is the only way to write down what it means: replicas compare rules, and their
  // hashes.
  [[nodiscard]] bool IsCanonical() const {
    const bool has_counts = kind == Kind::kFlexible || kind == Kind::kWeighted;
    const auto out_of_order = [](const Weight& a, const Weight& b) { return a.node >= b.node; };
    return has_counts == (election > 0) && has_counts == (commit > 0) &&
           (kind == Kind::kGrid) == (columns > 0) &&
           (kind == Kind::kWeighted) == !weights.empty() && weights.size() <= kMaxWeights &&
           std::adjacent_find(weights.begin(), weights.end(), out_of_order) == weights.end() &&
           std::none_of(weights.begin(), weights.end(),
                        [](const Weight& weight) { return weight.weight == 0; });
  }
  // Whether so many of `voters` are always enough, and fewer never. Of a rule that counts alone.
  [[nodiscard]] bool Counts() const { return kind == Kind::kMajority || kind == Kind::kFlexible; }
  [[nodiscard]] size_t Count(Phase phase, size_t voters) const {
    if (kind == Kind::kFlexible) return phase == Phase::kElection ? election : commit;
    if (Mutated(Mutation::kQuorumOfHalf)) return std::max<size_t>(1, voters / 2);
    return voters / 2 + 1;
  }

  // Is {v in voters : has(v)} a superset of a quorum?
  template <class Has>
  [[nodiscard]] bool IsQuorum(Phase phase, const std::vector<NodeId>& voters, Has& has) const {
    switch (kind) {
      case Kind::kMajority:
      case Kind::kFlexible:
        return static_cast<size_t>(std::count_if(voters.begin(), voters.end(), has)) >=
               Count(phase, voters.size());
      case Kind::kGrid:
        return phase == Phase::kElection ? HasRow(voters, has) : HasColumn(voters, has);
      case Kind::kWeighted: {
        uint64_t weight = 0;
        for (NodeId voter : voters) weight += has(voter) ? WeightOf(voter) : 0;
        return weight >= (phase == Phase::kElection ? election : commit);
      }
    }
    return false;
  }

  friend bool operator==(const QuorumRule&, const QuorumRule&) = default;

 private:
  [[nodiscard]] uint32_t WeightOf(NodeId node) const {
    const auto at = std::lower_bound(weights.begin(), weights.end(), node,
                                     [](const Weight& w, NodeId id) { return w.node < id; });
    return at != weights.end() && at->node == node ? at->weight : 0;
  }
  template <class Has>
  [[nodiscard]] bool HasRow(const std::vector<NodeId>& voters, Has& has) const {
    for (size_t first = 0; first + columns <= voters.size(); first += columns) {
      const auto row = voters.begin() + static_cast<std::ptrdiff_t>(first);
      if (std::all_of(row, row + columns, has)) return true;
    }
    return false;
  }
  template <class Has>
  [[nodiscard]] bool HasColumn(const std::vector<NodeId>& voters, Has& has) const {
    for (size_t column = 0; column < columns; ++column) {
      bool is_whole = true;
      for (size_t i = column; i < voters.size(); i += columns) {
        is_whole = is_whole && has(voters[i]);
      }
      if (is_whole) return true;
    }
    return false;
  }
};

// Two quorums without a common voter.
struct DisjointQuorums {
  std::vector<NodeId> election;
  std::vector<NodeId> other;
};

// An election quorum and a quorum for `other` that do not meet, as small as there are. Nothing if
// every two do. Tries each set of the voters, of whom there are kMaxVoters at most, unless a sum
// shows it.
inline std::optional<DisjointQuorums> FindDisjoint(const QuorumRule& rule,
                                                   const std::vector<NodeId>& voters, Phase other) {
  if (rule.Counts() &&
      rule.Count(Phase::kElection, voters.size()) + rule.Count(other, voters.size()) >
          voters.size()) {
    return std::nullopt;
  }
  const auto is_quorum = [&](Phase phase, uint32_t set) {
    const auto has = [&](NodeId node) {
      const auto at = std::lower_bound(voters.begin(), voters.end(), node) - voters.begin();
      return (set >> at & 1) != 0;
    };
    return rule.IsQuorum(phase, voters, has);
  };
  const uint32_t all = (uint32_t{1} << voters.size()) - 1;
  std::optional<uint32_t> smallest;
  for (uint32_t set = 0; set <= all; ++set) {
    if (smallest && std::popcount(set) >= std::popcount(*smallest)) continue;
    if (is_quorum(Phase::kElection, set) && is_quorum(other, all & ~set)) smallest = set;
  }
  if (!smallest) return std::nullopt;
  uint32_t rest = all & ~*smallest;
  for (size_t i = 0; i < voters.size(); ++i) {
    const uint32_t fewer = rest & ~(uint32_t{1} << i);
    if (is_quorum(other, fewer)) rest = fewer;
  }
  DisjointQuorums found;
  for (size_t i = 0; i < voters.size(); ++i) {
    if ((*smallest >> i & 1) != 0) found.election.push_back(voters[i]);
    if ((rest >> i & 1) != 0) found.other.push_back(voters[i]);
  }
  return found;
}

// kInvalidArgument, with two quorums that do not meet, or what else keeps these voters from
// deciding by the rule. `elections_meet`: as Raft needs it.
inline absl::Status CheckQuorums(const QuorumRule& rule, const std::vector<NodeId>& voters,
                                 bool elections_meet) {
  const auto list = [](const std::vector<NodeId>& nodes) {
    std::string text;
    for (NodeId node : nodes) text += (text.empty() ? "" : " ") + std::to_string(node.value());
    return "{" + text + "}";
  };
  if (!rule.IsCanonical()) {
    return absl::InvalidArgumentError(
        "a rule of quorums has what its kind asks for and nothing else: counts above 0, or "
        "columns, "
        "or one weight above 0 a node, in order and no more than " +
        std::to_string(QuorumRule::kMaxWeights));
  }
  if (rule.kind == QuorumRule::Kind::kMajority) return absl::OkStatus();
  if (rule.kind == QuorumRule::Kind::kGrid && voters.size() % rule.columns != 0) {
    return absl::InvalidArgumentError("a grid of " + std::to_string(rule.columns) +
                                      " columns is not filled by " + std::to_string(voters.size()) +
                                      " voters");
  }
  const auto everybody = [](NodeId) { return true; };
  for (Phase phase : {Phase::kElection, Phase::kCommit}) {
    if (rule.IsQuorum(phase, voters, everybody)) continue;
    return absl::InvalidArgumentError(
        "all voters together, " + list(voters) + ", cannot " +
        (phase == Phase::kElection ? "elect a leader" : "commit anything"));
  }
  if (const auto pair = FindDisjoint(rule, voters, Phase::kCommit)) {
    return absl::InvalidArgumentError(
        list(pair->election) + " may elect and " + list(pair->other) +
        " may commit, and they share nobody: the leader would not know what was committed");
  }
  if (!elections_meet) return absl::OkStatus();
  if (const auto pair = FindDisjoint(rule, voters, Phase::kElection)) {
    return absl::InvalidArgumentError(list(pair->election) + " may elect one leader and " +
                                      list(pair->other) +
                                      " another in the same term, since they share nobody, which "
                                      "Raft does not allow");
  }
  return absl::OkStatus();
}

}  // namespace synod

#endif  // SYNOD_CORE_QUORUM_RULE_H_
