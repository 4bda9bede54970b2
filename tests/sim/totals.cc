#include "tests/sim/totals.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace synod::sim {
namespace {

template <class Reach>
void PrintTable(std::span<const std::string_view> names, std::span<const Reach> reach) {
  for (size_t i = 0; i < names.size(); ++i) {
    std::printf("  %8s %10s  %s\n", std::to_string(reach[i].runs).c_str(),
                std::to_string(reach[i].times).c_str(), std::string(names[i]).c_str());
  }
}

template <class Reach>
void PrintMissing(const char* what, std::span<const std::string_view> names,
                  std::span<const Reach> reach) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (reach[i].runs == 0) std::printf("NEVER %s: %s\n", what, std::string(names[i]).c_str());
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
}

void Totals::Add(const Report& report) {
  events_ += report.events;
  simulated_ += report.simulated;
  beyond_atlas_ += report.beyond_atlas ? 1 : 0;
  for (const auto& [name, count] : kCounts) counts_.*count += report.counts.*count;
  for (size_t i = 0; i < kMarkCount; ++i) marks_[i].Add(report.reached[i]);
  for (size_t i = 0; i < kKnobCount; ++i) knobs_[i].Add(report.turned[i]);
}

void Totals::PrintReach() const {
  for (const auto& [name, count] : kCounts) {
    if (counts_.*count == 0) std::printf("NEVER happened: %s\n", name);
  }
  std::printf("      runs      times  mark reached\n");
  PrintTable<Reach>(kMarks, marks_);
  std::printf("      runs      times  knob turned\n");
  PrintTable<Reach>(kKnobs, knobs_);
  PrintMissing<Reach>("reached", kMarks, marks_);
  PrintMissing<Reach>("turned", kKnobs, knobs_);
}

bool Totals::IsComplete() const {
  const auto is_reached = [](const Reach& reach) { return reach.runs > 0; };
  const auto has_happened = [this](const auto& count) { return counts_.*count.second > 0; };
  return std::all_of(std::begin(kCounts), std::end(kCounts), has_happened) &&
         std::all_of(marks_.begin(), marks_.end(), is_reached) &&
         std::all_of(knobs_.begin(), knobs_.end(), is_reached);
}

}  // namespace synod::sim
