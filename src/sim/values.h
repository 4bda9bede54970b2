// Numbers and times as people write them: in options, and in transcripts.
#ifndef SYNOD_SRC_SIM_VALUES_H_
#define SYNOD_SRC_SIM_VALUES_H_

#include <algorithm>
#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "synod/base/time.h"
#include "synod/core/protocol.h"
#include "synod/core/quorum_text.h"

namespace synod::sim {

[[nodiscard]] inline std::string PrintValue(bool value) { return value ? "true" : "false"; }
[[nodiscard]] inline std::string PrintValue(std::integral auto value) {
  return std::to_string(value);
}
// "1.5s", "20us", "0".
[[nodiscard]] inline std::string PrintValue(Duration value) {
  return absl::FormatDuration(absl::FromChrono(value));
}

[[nodiscard]] inline std::string PrintValue(const QuorumRule& value) { return Describe(value); }
[[nodiscard]] inline std::string PrintValue(Protocol value) { return std::string(Describe(value)); }

// False, with `value` as it was, if the text is not one of its type.
[[nodiscard]] inline bool ParseValue(std::string_view text, bool& value) {
  if (text != "true" && text != "false") return false;
  value = text == "true";
  return true;
}
[[nodiscard]] bool ParseValue(std::string_view text, std::integral auto& value) {
  std::decay_t<decltype(value)> parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  value = parsed;
  return true;
}
// Negative times, and those that do not fit, are none.
[[nodiscard]] inline bool ParseValue(std::string_view text, Duration& value) {
  absl::Duration parsed;
  if (!absl::ParseDuration(std::string(text), &parsed)) return false;
  if (parsed < absl::ZeroDuration() || parsed > absl::Hours(24 * 365)) return false;
  value = absl::ToChronoNanoseconds(parsed);
  return true;
}

[[nodiscard]] inline bool ParseValue(std::string_view text, QuorumRule& value) {
  auto parsed = ParseQuorumRule(text);
  if (!parsed.ok()) return false;
  value = *std::move(parsed);
  return true;
}

[[nodiscard]] inline bool ParseValue(std::string_view text, Protocol& value) {
  for (Protocol protocol : {Protocol::kRaft, Protocol::kMultiPaxos}) {
    if (text != Describe(protocol)) continue;
    value = protocol;
    return true;
  }
  return false;
}

// What a value of its type is, for whoever has written something else.
[[nodiscard]] inline std::string KindOf(bool) { return "true or false"; }
template <std::integral Number>
[[nodiscard]] std::string KindOf(Number) {
  return "a number from " + std::to_string(std::numeric_limits<Number>::min()) + " to " +
         std::to_string(std::numeric_limits<Number>::max());
}
[[nodiscard]] inline std::string KindOf(Duration) {
  return "a time with its unit (ns, us, ms, s, m or h), such as 1.5s or 20us";
}
[[nodiscard]] inline std::string KindOf(const QuorumRule&) {
  return "a rule such as majority, flexible:q1=4,q2=2 or weighted:q1=3,q2=3,1=2,2=1,3=1,4=1";
}

[[nodiscard]] inline std::string KindOf(Protocol) { return "raft or multipaxos"; }

[[nodiscard]] inline std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// The pieces of the text that are not blank.
[[nodiscard]] inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (!Trimmed(text.substr(0, end)).empty()) pieces.push_back(Trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return pieces;
}

// "name=value" in two.
[[nodiscard]] inline std::pair<std::string_view, std::string_view> SplitField(
    std::string_view field) {
  const size_t split = field.find('=');
  if (split == std::string_view::npos) return {field, {}};
  return {field.substr(0, split), field.substr(split + 1)};
}

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_VALUES_H_
