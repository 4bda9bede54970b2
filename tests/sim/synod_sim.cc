// synod-sim: runs simulated clusters, from seeds or transcripts, says what they have shown, and
// makes small what fails.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

#include "synod/sim/shrink.h"
#include "synod/sim/simulation.h"

#include "tests/sim/flags.h"
#include "tests/sim/isolated_run.h"
#include "tests/sim/totals.h"

#if defined(SYNOD_SIM_ROCKSDB)
#include "tests/sim/rocksdb_factory.h"
#endif

namespace synod::sim {
namespace {

constexpr uint64_t kKeys = 3;

// Null if this build has no store of that name.
std::unique_ptr<StoreFactory> NewStores(const std::string& name) {
  if (name == "wal") return NewWalFactory();
#if defined(SYNOD_SIM_ROCKSDB)
  if (name == "rocksdb") return NewRocksdbFactory();
#endif
  return nullptr;
}

Report RunOnce(const Scenario& scenario, const Flags& flags) {
  return Run(scenario, *NewRegisterWorkload(kKeys), *NewStores(flags.store));
}

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

// What is being run, for the case that an assertion ends it.
std::string running;

void OnAbort(int) {
  const ssize_t ignored = write(STDERR_FILENO, running.data(), running.size());
  static_cast<void>(ignored);
}

void PrintFailure(const Scenario& scenario, const Report& report) {
  const Violation& violation = report.violation;
  std::printf("FAILED %s\n  rule: %s\n  %s\n  at %.6f s, event %s\n  what led to it:\n",
              scenario.options.Describe().c_str(), violation.rule.c_str(), violation.what.c_str(),
              Seconds(violation.when.time_since_epoch()), std::to_string(violation.event).c_str());
  for (const std::string& sentence : report.story) std::printf("    %s\n", sentence.c_str());
}

// Not ok if the run breaks a rule, or is another one when it is run again.
Report RunOne(const Scenario& scenario, const std::string& origin, const Flags& flags) {
  running = "in the run of " + origin + ": " + scenario.options.Describe() + "\n";
  if (flags.verbose) {
    std::printf("%s: %s, %zu faults\n", origin.c_str(), scenario.options.Describe().c_str(),
                scenario.faults.size());
  }
  Report report = RunOnce(scenario, flags);
  if (flags.twice && RunOnce(scenario, flags).hash != report.hash) {
    report.ok = false;
    report.violation = {.rule = "determinism", .what = "two runs differ", .when = {}, .event = 0};
  }
  if (flags.verbose) {
    std::printf("  %s events in %.1f s, hash %016llx\n", std::to_string(report.events).c_str(),
                Seconds(report.simulated), static_cast<unsigned long long>(report.hash));
    PrintCounts(report.counts);
    PrintRecovery(report.recovery);
  }
  if (!report.ok) PrintFailure(scenario, report);
  std::fflush(stdout);
  return report;
}

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) std::fprintf(stderr, "synod-sim: cannot write %s\n", path.c_str());
  return file.good();
}

// Of a run that breaks a rule, the smallest that breaks it too.
int ShrinkOne(Scenario scenario, const std::string& origin, const Flags& flags) {
  const auto run = [&flags](const Scenario& tried) { return RunOnce(tried, flags); };
  const std::string rule = RuleBrokenBy(scenario, run);
  if (rule.empty()) {
    std::printf("%s breaks no rule: there is nothing to shrink\n", origin.c_str());
    return 1;
  }
  uint64_t runs = 0;
  const size_t faults = scenario.faults.size();
  scenario = Shrink(
      std::move(scenario),
      [&](const Scenario& smaller) {
        ++runs;
        return RuleBrokenBy(smaller, run) == rule;
      },
      flags.runs);
  scenario.expected_rule = rule;
  std::string text = "# Shrunk from " + origin + ", of whose " + std::to_string(faults) +
                     " faults are left " + std::to_string(scenario.faults.size()) + ".\n" +
                     Print(scenario);
  std::printf("%s breaks the rule: %s\nshrunk in %s runs:\n\n%s\n", origin.c_str(), rule.c_str(),
              std::to_string(runs).c_str(), text.c_str());
  std::fflush(stdout);
  if (!flags.write_to.empty() && !Write(flags.write_to, text)) return 2;
  // For its story. An assertion ends this process too.
  static_cast<void>(RunOne(scenario, "what is left", flags));
  return 1;
}

int RunTranscript(const Flags& flags) {
  std::ifstream file(flags.transcript);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    std::fprintf(stderr, "synod-sim: cannot read %s\n", flags.transcript.c_str());
    return 2;
  }
  const auto scenario = ParseScenario(text.str());
  if (!scenario.ok()) {
    std::fprintf(stderr, "synod-sim: %s: %s\n", flags.transcript.c_str(),
                 std::string(scenario.status().message()).c_str());
    return 2;
  }
  if (flags.shrink) return ShrinkOne(*scenario, flags.transcript, flags);
  if (!flags.write_to.empty() && !Write(flags.write_to, Print(*scenario))) return 2;
  const Report report = RunOne(*scenario, flags.transcript, flags);
  const auto name = [](const std::string& rule) { return rule.empty() ? "ok" : rule; };
  const bool is_expected = report.violation.rule == scenario->expected_rule;
  std::printf("%s: %s%s, %s events, hash %016llx\n", flags.transcript.c_str(),
              name(report.violation.rule).c_str(),
              is_expected ? ", as expected"
                          : (", and expected was " + name(scenario->expected_rule)).c_str(),
              std::to_string(report.events).c_str(), static_cast<unsigned long long>(report.hash));
  return is_expected ? 0 : 1;
}

int RunSeeds(const Flags& flags) {
  const auto start = std::chrono::steady_clock::now();
  uint64_t runs = 0;
  uint64_t failed = 0;
  Totals totals;
  for (uint64_t i = 0; i < flags.seeds; ++i) {
    const uint64_t seed = flags.first_seed + i;
    const auto options = Options::Parse(Options::Swarm(seed).Describe() + ' ' + flags.options);
    if (!options.ok()) {
      std::fprintf(stderr, "synod-sim: --options: %s\n",
                   std::string(options.status().message()).c_str());
      return 2;
    }
    const Scenario scenario = Expand(*options);
    const std::string origin = "seed " + std::to_string(seed);
    if (flags.shrink) return ShrinkOne(scenario, origin, flags);
    if (!flags.write_to.empty() && !Write(flags.write_to, Print(scenario))) return 2;
    const Report report = RunOne(scenario, origin, flags);
    if (!report.ok) {
      std::printf("  again: synod-sim --store %s --options '%s' --seed %s\n", flags.store.c_str(),
                  flags.options.c_str(), std::to_string(seed).c_str());
    }
    totals.Add(report);
    ++runs;
    if (!report.ok) ++failed;
    if (flags.complete && totals.IsComplete()) break;
  }
  const double seconds = Seconds(std::chrono::steady_clock::now() - start);
  std::printf(
      "raft on %s, %s seeds from %s on, %s failed, %s beyond the atlas; %s events, %.0f simulated "
      "seconds, in %.1f seconds\n",
      flags.store.c_str(), std::to_string(runs).c_str(), std::to_string(flags.first_seed).c_str(),
      std::to_string(failed).c_str(), std::to_string(totals.beyond_atlas()).c_str(),
      std::to_string(totals.events()).c_str(), Seconds(totals.simulated()), seconds);
  PrintCounts(totals.counts());
  if (flags.seeds > 1) totals.PrintSlowest();
  if (flags.seeds > 1 || flags.complete) totals.PrintReach();
  return failed == 0 && (totals.IsComplete() || !flags.complete) ? 0 : 1;
}

int Main(std::span<char* const> arguments) {
  const auto flags = ParseFlags(arguments);
  if (!flags.ok()) {
    std::fprintf(stderr, "synod-sim: %s\n\n%s", std::string(flags.status().message()).c_str(),
                 kUsage);
    return 2;
  }
  if (flags->help) {
    std::printf("%s", kUsage);
    return 0;
  }
  if (NewStores(flags->store) == nullptr) {
    std::fprintf(stderr, "synod-sim: --store: there is no store '%s' in this build\n",
                 flags->store.c_str());
    return 2;
  }
  std::signal(SIGABRT, OnAbort);
  return flags->transcript.empty() ? RunSeeds(*flags) : RunTranscript(*flags);
}

}  // namespace
}  // namespace synod::sim

int main(int argc, char** argv) {
  return synod::sim::Main({argv + 1, argv + (argc > 0 ? argc : 1)});
}
