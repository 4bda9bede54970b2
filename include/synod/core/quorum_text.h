// Rules of quorums as people write them: in flags and in options.
#ifndef SYNOD_CORE_QUORUM_TEXT_H_
#define SYNOD_CORE_QUORUM_TEXT_H_

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/core/quorum_rule.h"

namespace synod {

// "majority", "flexible:q1=4,q2=2", "grid:columns=3", "weighted:q1=3,q2=2,1=2,2=1,3=1".
inline std::string Describe(const QuorumRule& rule) {
  const std::string counts =
      "q1=" + std::to_string(rule.election) + ",q2=" + std::to_string(rule.commit);
  switch (rule.kind) {
    case QuorumRule::Kind::kMajority:
      return "majority";
    case QuorumRule::Kind::kFlexible:
      return "flexible:" + counts;
    case QuorumRule::Kind::kGrid:
      return "grid:columns=" + std::to_string(rule.columns);
    case QuorumRule::Kind::kWeighted: {
      std::string text = "weighted:" + counts;
      for (const auto& [node, weight] : rule.weights) {
        text += "," + std::to_string(node.value()) + "=" + std::to_string(weight);
      }
      return text;
    }
  }
  return {};
}

// The inverse. kInvalidArgument, naming what is wrong.
inline absl::StatusOr<QuorumRule> ParseQuorumRule(std::string_view text) {
  const auto bad = [text](std::string_view why) {
    return absl::InvalidArgumentError("'" + std::string(text) +
                                      "' is no rule of quorums: " + std::string(why));
  };
  const std::string_view kind = text.substr(0, text.find(':'));
  std::string_view rest = text.substr(std::min(text.size(), kind.size() + 1));
  QuorumRule rule;
  if (kind == "majority") {
    if (text != kind) return bad("majority takes nothing");
    return rule;
  }
  if (kind == "flexible") {
    rule.kind = QuorumRule::Kind::kFlexible;
  } else if (kind == "grid") {
    rule.kind = QuorumRule::Kind::kGrid;
  } else if (kind == "weighted") {
    rule.kind = QuorumRule::Kind::kWeighted;
  } else {
    return bad("there are majority, flexible, grid and weighted");
  }
  const auto number = [](std::string_view digits, auto& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value > 0;
  };
  while (!rest.empty()) {
    const std::string_view field = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    const std::string_view name = field.substr(0, field.find('='));
    const std::string_view value = field.substr(std::min(field.size(), name.size() + 1));
    const bool counts = rule.kind != QuorumRule::Kind::kGrid;
    uint64_t node = 0;
    uint32_t weight = 0;
    if (counts && name == "q1" && number(value, rule.election)) continue;
    if (counts && name == "q2" && number(value, rule.commit)) continue;
    if (!counts && name == "columns" && number(value, rule.columns)) continue;
    if (rule.kind == QuorumRule::Kind::kWeighted && number(name, node) && number(value, weight) &&
        rule.weights.size() < QuorumRule::kMaxWeights) {
      rule.weights.push_back({.node = NodeId(node), .weight = weight});
      continue;
    }
    return bad("it cannot have " + std::string(field));
  }
  const bool is_grid = rule.kind == QuorumRule::Kind::kGrid;
  if (is_grid && rule.columns == 0) return bad("a grid has columns=N");
  if (!is_grid && (rule.election == 0 || rule.commit == 0)) return bad("it has q1=N and q2=N");
  if (rule.kind == QuorumRule::Kind::kWeighted) {
    if (rule.weights.empty()) return bad("it has a weight for each node, as 1=2");
    rule = QuorumRule::Weighted(std::move(rule.weights), rule.election, rule.commit);
    if (!rule.IsCanonical()) return bad("it has a node twice");
  }
  return rule;
}

}  // namespace synod

#endif  // SYNOD_CORE_QUORUM_TEXT_H_
