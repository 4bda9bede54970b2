#include "src/sim/totals.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "src/sim/shadow_log.h"

namespace synod::sim {
namespace {

// In the order in which they come.
constexpr std::pair<const char*, Recovery::Part Recovery::*> kRecovery[] = {
    {"leader", &Recovery::leader},   {"members", &Recovery::members},
    {"answers", &Recovery::answers}, {"equality", &Recovery::equality},
    {"power", &Recovery::power},
};

double Timeouts(const Recovery& recovery, const Recovery::Part& part) {
  const auto timeout = static_cast<double>(recovery.election_timeout.count());
  return timeout > 0 ? static_cast<double>(part.took.count()) / timeout : 0;
}

double Percent(const Recovery::Part& part) {
  const auto most = static_cast<double>(part.most.count());
  return most > 0 ? 100 * static_cast<double>(part.took.count()) / most : 0;
}

// Whether runs of the protocol come to what has this name.
bool IsOf(Protocol protocol, std::string_view name) {
  const bool is_of_raft =
      name.starts_with("raft: ") || name == "truncations" || name == "mismatch_without_hint";
  return protocol == Protocol::kRaft ? !name.starts_with("paxos: ") : !is_of_raft;
}

template <class Reach>
void PrintTable(Protocol protocol, std::span<const std::string_view> names,
                std::span<const Reach> reach) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (!IsOf(protocol, names[i])) continue;
    std::printf("  %8s %10s  %s\n", std::to_string(reach[i].runs).c_str(),
                std::to_string(reach[i].times).c_str(), std::string(names[i]).c_str());
  }
}

template <class Reach>
void PrintMissing(Protocol protocol, const char* what, std::span<const std::string_view> names,
                  std::span<const Reach> reach) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (reach[i].runs == 0 && IsOf(protocol, names[i])) {
      std::printf("NEVER %s: %s\n", what, std::string(names[i]).c_str());
    }
  }
}

}  // namespace

void PrintCounts(const Counts& counts) {
  std::string line;
  for (const auto& [name, count] : kCounts) {
    if (counts.*count == 0) continue;
    const std::string item = std::string(name) + ' ' + std::to_string(counts.*count);
    if (line.size() + item.size() > 96) {
      std::printf("  %s\n", line.c_str());
      line.clear();
    }
    line += (line.empty() ? "" : ", ") + item;
  }
  std::printf("  %s\n", line.c_str());
  if (counts.searches_given_up == 0) return;
  std::printf("  GIVEN UP %s searches for an order of what clients saw\n",
              std::to_string(counts.searches_given_up).c_str());
}

void PrintRecovery(const Recovery& recovery) {
  std::printf("  election time-outs after the storm (of those allowed):");
  for (const auto& [name, part] : kRecovery) {
    std::printf(" %s %.1f (%.0f %%)", name, Timeouts(recovery, recovery.*part),
                Percent(recovery.*part));
  }
  std::printf("\n");
}

void Totals::Add(const Report& report) {
  static_assert(std::size(kRecovery) == kParts);
  hash_ = runs_ == 0 ? report.hash : Mixed(hash_, report.hash);
  ++runs_;
  events_ += report.events;
  simulated_ += report.simulated;
  beyond_atlas_ += report.beyond_atlas ? 1 : 0;
  for (const auto& [name, count] : kCounts) counts_.*count += report.counts.*count;
  counts_.searches_given_up += report.counts.searches_given_up;
  for (size_t i = 0; i < kParts; ++i) {
    const Recovery::Part& part = report.recovery.*kRecovery[i].second;
    timeouts_[i].Add(Timeouts(report.recovery, part), report.seed);
    shares_[i].Add(Percent(part), report.seed);
  }
  for (size_t i = 0; i < kMarkCount; ++i) marks_[i].Add(report.reached[i]);
  for (size_t i = 0; i < kKnobCount; ++i) knobs_[i].Add(report.turned[i]);
}

void Totals::PrintSlowest() const {
  for (size_t i = 0; i < kParts; ++i) {
    if (timeouts_[i].what == 0) continue;  // Nobody was waited for.
    std::printf(
        "  slowest %s after a storm: %.1f election time-outs (seed %s), %.0f %% of those "
        "allowed (seed %s)\n",
        kRecovery[i].first, timeouts_[i].what, std::to_string(timeouts_[i].seed).c_str(),
        shares_[i].what, std::to_string(shares_[i].seed).c_str());
  }
}

void Totals::PrintReach() const {
  for (const auto& [name, count] : kCounts) {
    if (counts_.*count == 0 && IsOf(protocol_, name)) std::printf("NEVER happened: %s\n", name);
  }
  std::printf("      runs      times  mark reached\n");
  PrintTable<Reach>(protocol_, kMarks, marks_);
  std::printf("      runs      times  knob turned\n");
  PrintTable<Reach>(protocol_, kKnobs, knobs_);
  PrintMissing<Reach>(protocol_, "reached", kMarks, marks_);
  PrintMissing<Reach>(protocol_, "turned", kKnobs, knobs_);
}

bool Totals::IsComplete() const {
  const auto are_reached = [this](std::span<const std::string_view> names,
                                  std::span<const Reach> reach) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (reach[i].runs == 0 && IsOf(protocol_, names[i])) return false;
    }
    return true;
  };
  const auto has_happened = [this](const auto& count) {
    return counts_.*count.second > 0 || !IsOf(protocol_, count.first);
  };
  return std::all_of(std::begin(kCounts), std::end(kCounts), has_happened) &&
         50 * counts_.searches_given_up <= runs_ && are_reached(kMarks, marks_) &&
         are_reached(kKnobs, knobs_);
}

}  // namespace synod::sim
