// Scenarios as text, and back.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "synod/sim/scenario.h"

#include "src/concat.h"
#include "src/sim/values.h"

namespace synod::sim {
namespace {

using synod::internal::Concat;

constexpr std::string_view kExpect = "expect:";
constexpr std::string_view kStore = "store:";
constexpr std::string_view kOptions = "options:";
constexpr std::string_view kOk = "ok";

// How the fields of a fault are called; empty: it has no use for one.
struct Words {
  std::string_view kind;
  std::string_view amount;
  std::string_view lasts;
};

constexpr Words kWords[] = {
    {"crash", "after", "down"},
    {"cut_power", "after", "down"},
    {"stop", "", "down"},
    {"pause", "", "for"},
    {"partition", "first", "for"},
    {"leap", "", "by"},
    {"full_disk", "bytes", "for"},
    {"stall", "", "for"},
    {"fail_sync", "", ""},
    {"fail_change", "after", ""},
    {"transfer", "", ""},
    {"change", "voters", ""},
    {"learn", "", ""},
    {"wipe", "joins", "down"},
    {"corrupt", "where", "down"},
    {"lose_write", "where", "down"},
    {"misdirect", "where", "down"},
    {"blackout", "after", "down"},
    {"repair", "", "down"},
    {"flip_snapshot", "where", "for"},
    {"acceptor_power", "", "down"},
};
static_assert(std::size(kWords) == static_cast<size_t>(FaultKind::kCount));

constexpr std::string_view kShapes[] = {"alone", "mute", "deaf",        "split",   "bridge",
                                        "chain", "star", "constrained", "severed", "links"};
static_assert(std::size(kShapes) == static_cast<size_t>(Shape::kCount));

const Words& WordsOf(FaultKind kind) { return kWords[static_cast<size_t>(kind)]; }

absl::Status Bad(std::string_view what, std::string_view text) {
  return absl::InvalidArgumentError(Concat(what, " '", text, "'"));
}

// It names them as "nodes".
bool StrikesMany(FaultKind kind) {
  return kind == FaultKind::kPartition || kind == FaultKind::kBlackout ||
         kind == FaultKind::kChange || kind == FaultKind::kLearn;
}

std::string PrintNodes(const std::vector<NodeId>& nodes) {
  std::string text;
  for (NodeId node : nodes) {
    if (!text.empty()) text += ',';
    text += node.IsZero() ? "leader" : PrintValue(node.value());
  }
  return text;
}

bool ParseNodes(std::string_view text, std::vector<NodeId>& nodes) {
  for (std::string_view item : Split(text, ',')) {
    uint64_t node = 0;
    if (item != "leader" && (!ParseValue(item, node) || node == 0)) return false;
    nodes.emplace_back(node);
  }
  return true;
}

bool ParseField(std::string_view name, std::string_view value, const Words& words, Fault& fault) {
  const bool many = StrikesMany(fault.kind);
  if (name == (many ? "nodes" : "node")) {
    return ParseNodes(value, fault.nodes) && (many || fault.nodes.size() == 1);
  }
  if (fault.kind == FaultKind::kPartition && name == "shape") {
    const auto* const shape = std::find(std::begin(kShapes), std::end(kShapes), value);
    fault.shape = static_cast<Shape>(shape - std::begin(kShapes));
    return shape != std::end(kShapes);
  }
  if (name.empty()) return false;
  if (name == words.amount) return ParseValue(value, fault.amount);
  return name == words.lasts && ParseValue(value, fault.lasts);
}

absl::StatusOr<Fault> ParseFault(std::string_view line) {
  const std::vector<std::string_view> items = Split(line, ' ');
  Fault fault;
  if (items.size() < 2) return Bad("a fault has a time and a kind, unlike", line);
  if (!ParseValue(items[0], fault.at)) return Bad("there is no time", items[0]);
  const auto* const words = std::find_if(std::begin(kWords), std::end(kWords),
                                         [&](const Words& of) { return of.kind == items[1]; });
  if (words == std::end(kWords)) return Bad("there is no fault", items[1]);
  fault.kind = static_cast<FaultKind>(words - std::begin(kWords));
  for (size_t i = 2; i < items.size(); ++i) {
    const auto [name, value] = SplitField(items[i]);
    if (!ParseField(name, value, *words, fault)) {
      return Bad(Concat("a ", words->kind, " cannot have"), items[i]);
    }
  }
  if (fault.nodes.empty() && fault.shape != Shape::kLinks) return Bad("no node in", line);
  return fault;
}

absl::Status ParseLine(std::string_view line, Scenario& scenario) {
  if (line.starts_with(kExpect)) {
    const std::string_view rule = Trimmed(line.substr(kExpect.size()));
    if (rule.empty()) return absl::InvalidArgumentError("a rule, or ok, is expected");
    scenario.expected_rule = rule == kOk ? "" : std::string(rule);
    return absl::OkStatus();
  }
  if (line.starts_with(kStore)) {
    scenario.store = Trimmed(line.substr(kStore.size()));
    return scenario.store.empty() ? absl::InvalidArgumentError("a store is named")
                                  : absl::OkStatus();
  }
  if (line.starts_with(kOptions)) {
    auto options = Options::Parse(line.substr(kOptions.size()));
    if (options.ok()) scenario.options = *options;
    return options.status();
  }
  auto fault = ParseFault(line);
  if (!fault.ok()) return fault.status();
  scenario.faults.push_back(*std::move(fault));
  return absl::OkStatus();
}

}  // namespace

std::string_view NameOf(FaultKind kind) { return WordsOf(kind).kind; }

std::string Print(const Fault& fault) {
  const Words& words = WordsOf(fault.kind);
  std::string text = Concat(PrintValue(fault.at), " ", words.kind);
  if (fault.kind == FaultKind::kPartition) {
    text += Concat(" shape=", kShapes[static_cast<size_t>(fault.shape)]);
  }
  text += Concat(StrikesMany(fault.kind) ? " nodes=" : " node=", PrintNodes(fault.nodes));
  if (!words.amount.empty() && fault.amount != 0) {
    text += Concat(" ", words.amount, "=", fault.amount);
  }
  if (!words.lasts.empty()) text += Concat(" ", words.lasts, "=", PrintValue(fault.lasts));
  return text;
}

std::string Print(const Scenario& scenario) {
  const std::string_view rule =
      scenario.expected_rule.empty() ? kOk : std::string_view(scenario.expected_rule);
  std::string text = Concat(kExpect, " ", rule, "\n");
  if (!scenario.store.empty()) text += Concat(kStore, " ", scenario.store, "\n");
  text += Concat(kOptions, " ", scenario.options.Describe(), "\n");
  for (const Fault& fault : scenario.faults) text += Concat(Print(fault), "\n");
  return text;
}

absl::StatusOr<Scenario> ParseScenario(std::string_view transcript) {
  Scenario scenario;
  int number = 0;
  while (!transcript.empty()) {
    ++number;
    const size_t end = std::min(transcript.find('\n'), transcript.size());
    const std::string_view line = Trimmed(transcript.substr(0, end));
    transcript.remove_prefix(std::min(end + 1, transcript.size()));
    if (line.empty() || line.front() == '#') continue;
    if (absl::Status status = ParseLine(line, scenario); !status.ok()) {
      return absl::InvalidArgumentError(Concat("line ", number, ": ", status.message()));
    }
  }
  std::stable_sort(scenario.faults.begin(), scenario.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return scenario;
}

}  // namespace synod::sim
