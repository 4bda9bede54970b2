#include "synod/sim/main.h"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "synod/sim/shrink.h"
#include "synod/sim/simulation.h"

#include "src/sim/flags.h"
#include "src/sim/isolated_run.h"
#include "src/sim/story.h"
#include "src/sim/totals.h"
#include "src/sim/values.h"

namespace synod::sim {
namespace {

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

constexpr unsigned kSecondsForStory = 5;
// In a process of its own.
constexpr unsigned kSecondsForSeed = 1800;

// What is being run, for the case that an assertion ends it.
std::string running;

void Tell(std::string_view text) {
  const ssize_t ignored = write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(ignored);
}

// First what cannot fail. To tell the story takes memory, and who aborts may hold what guards that:
// then the process still ends, without its story.
void OnAbort(int) {
  Tell(running);
  const Story* const story = Story::Running();
  if (story == nullptr) return;
  std::signal(SIGALRM, SIG_DFL);
  alarm(kSecondsForStory);
  Tell("  what led to it:\n");
  for (const std::string& sentence : story->Tell()) Tell("    " + sentence + "\n");
  alarm(0);
}

void PrintFailure(const Scenario& scenario, const Report& report) {
  const Violation& violation = report.violation;
  std::printf("FAILED %s\n  rule: %s\n  %s\n  at %.6f s, event %" PRIu64 "\n  what led to it:\n",
              scenario.options.Describe().c_str(), violation.rule.c_str(), violation.what.c_str(),
              Seconds(violation.when.time_since_epoch()), violation.event);
  for (const std::string& sentence : report.story) std::printf("    %s\n", sentence.c_str());
}

// One call of the program.
class Session {
 public:
  Session(const Program& program, const Flags& flags) : program_(program), flags_(flags) {}

  int RunSeeds();
  int RunTranscript();

 private:
  [[nodiscard]] Report RunOnce(const Scenario& scenario) const {
    return Run(scenario, *program_.new_workload(), *FindStore(program_, scenario.store)->open());
  }
  Report RunOne(const Scenario& scenario, const std::string& origin) const;
  Report RunApart(const Scenario& scenario, const std::string& origin) const;
  int ShrinkOne(Scenario scenario, const std::string& origin) const;
  [[nodiscard]] bool Write(const std::string& text) const;
  int Misuse(const std::string& what) const;
  // As transcripts name it: the first goes without saying.
  [[nodiscard]] std::string StoreAsked() const {
    return flags_.store == program_.stores.front().name ? "" : flags_.store;
  }
  [[nodiscard]] Protocol protocol() const { return flags_.protocol.value_or(Protocol::kRaft); }
  // How it was called, but for what was run.
  [[nodiscard]] std::string Command() const {
    const std::string store = StoreAsked();
    return program_.name + flags_.own + (store.empty() ? "" : " --store " + store) +
           (flags_.protocol ? " --protocol " + PrintValue(*flags_.protocol) : "");
  }
  void PrintTotals(const Totals& totals, uint64_t failed, double seconds) const;

  const Program& program_;
  const Flags& flags_;
};

int Session::Misuse(const std::string& what) const {
  std::fprintf(stderr, "%s: %s\n", program_.name.c_str(), what.c_str());
  return 2;
}

// Not ok if the run breaks a rule, or is another one when it is run again.
Report Session::RunOne(const Scenario& scenario, const std::string& origin) const {
  running = "in the run of " + origin + ": " + scenario.options.Describe() + "\n";
  if (flags_.verbose) {
    std::printf("%s: %s, %zu faults\n", origin.c_str(), scenario.options.Describe().c_str(),
                scenario.faults.size());
  }
  Report report = RunOnce(scenario);
  if (flags_.twice && RunOnce(scenario).hash != report.hash) {
    report.ok = false;
    report.violation = {.rule = "determinism", .what = "two runs differ", .when = {}, .event = 0};
  }
  if (flags_.verbose) {
    std::printf("  %" PRIu64 " events in %.1f s, hash %016" PRIx64 "\n", report.events,
                Seconds(report.simulated), report.hash);
    PrintCounts(report.counts);
    PrintRecovery(report.recovery);
  }
  if (!report.ok) PrintFailure(scenario, report);
  std::fflush(stdout);
  return report;
}

// So that the seeds behind one that ends its process are run too.
Report Session::RunApart(const Scenario& scenario, const std::string& origin) const {
  Report report = RunIsolated([&] { return RunOne(scenario, origin); }, kSecondsForSeed);
  const std::string& rule = report.violation.rule;
  if (rule == kNoAssertion || rule == kAnEnd) {
    report.seed = scenario.options.seed;
    std::printf("FAILED %s\n  rule: %s\n", scenario.options.Describe().c_str(), rule.c_str());
  }
  return report;
}

bool Session::Write(const std::string& text) const {
  if (flags_.write_to.empty()) return true;
  std::ofstream file(flags_.write_to);
  file << text << std::flush;
  if (!file) Misuse("cannot write " + flags_.write_to);
  return file.good();
}

// Of a run that breaks a rule, the smallest that breaks it too.
int Session::ShrinkOne(Scenario scenario, const std::string& origin) const {
  const auto run = [this](const Scenario& tried) { return RunOnce(tried); };
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
      flags_.runs);
  scenario.expected_rule = rule;
  const std::string text = "# Shrunk by " + Command() + " from " + origin + ", of whose " +
                           std::to_string(faults) + " faults are left " +
                           std::to_string(scenario.faults.size()) + ".\n" + Print(scenario);
  std::printf("%s breaks the rule: %s\nshrunk in %" PRIu64 " runs:\n\n%s\n", origin.c_str(),
              rule.c_str(), runs, text.c_str());
  std::fflush(stdout);
  if (!Write(text)) return 2;
  // For its story. An assertion ends this process too.
  static_cast<void>(RunOne(scenario, "what is left"));
  return 1;
}

int Session::RunTranscript() {
  std::ifstream file(flags_.transcript);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Misuse("cannot read " + flags_.transcript);
  auto scenario = ParseScenario(text.str());
  if (!scenario.ok()) {
    return Misuse(flags_.transcript + ": " + std::string(scenario.status().message()));
  }
  if (!flags_.store.empty()) scenario->store = StoreAsked();
  if (FindStore(program_, scenario->store) == nullptr) {
    return Misuse(flags_.transcript + ": there is no store '" + scenario->store +
                  "' in this build; there is " + StoreNames(program_));
  }
  if (flags_.shrink) return ShrinkOne(*scenario, flags_.transcript);
  if (!Write(Print(*scenario))) return 2;
  const Report report = RunOne(*scenario, flags_.transcript);
  const auto name = [](const std::string& rule) { return rule.empty() ? "ok" : rule; };
  const bool is_expected = report.violation.rule == scenario->expected_rule;
  std::printf("%s: %s%s, %" PRIu64 " events, hash %016" PRIx64 "\n", flags_.transcript.c_str(),
              name(report.violation.rule).c_str(),
              is_expected ? ", as expected"
                          : (", and expected was " + name(scenario->expected_rule)).c_str(),
              report.events, report.hash);
  return is_expected ? 0 : 1;
}

int Session::RunSeeds() {
  const auto start = std::chrono::steady_clock::now();
  uint64_t failed = 0;
  Totals totals(protocol());
  for (uint64_t i = 0; i < flags_.seeds; ++i) {
    const uint64_t seed = flags_.first_seed + i;
    const std::string drawn = Options::Swarm(seed, protocol()).Describe();
    auto options = Options::Parse(drawn + ' ' + flags_.options);
    // The rule that was drawn is for as many nodes as were drawn.
    if (!options.ok()) options = Options::Parse(drawn + " quorums=majority " + flags_.options);
    if (!options.ok()) return Misuse("--options: " + std::string(options.status().message()));
    Scenario scenario = Expand(*options);
    scenario.store = StoreAsked();
    const std::string origin = "seed " + std::to_string(seed);
    if (flags_.shrink) return ShrinkOne(scenario, origin);
    if (!Write(Print(scenario))) return 2;
    const Report report = flags_.keep_going ? RunApart(scenario, origin) : RunOne(scenario, origin);
    totals.Add(report);
    if (!report.ok) {
      ++failed;
      std::printf("  again: %s --seed %" PRIu64 "%s\n", Command().c_str(), seed,
                  (flags_.options.empty() ? "" : " --options '" + flags_.options + "'").c_str());
      if (!flags_.keep_going) break;
    }
    if (flags_.complete && totals.IsComplete()) break;
  }
  PrintTotals(totals, failed, Seconds(std::chrono::steady_clock::now() - start));
  return failed == 0 && (totals.IsComplete() || !flags_.complete) ? 0 : 1;
}

void Session::PrintTotals(const Totals& totals, uint64_t failed, double seconds) const {
  std::printf("%s on %s, %" PRIu64 " seed%s from %" PRIu64 " on, %" PRIu64 " failed, %" PRIu64
              " beyond the atlas; %" PRIu64 " events, hash %016" PRIx64
              ", %.0f simulated seconds, in %.1f seconds\n",
              PrintValue(protocol()).c_str(), FindStore(program_, flags_.store)->name.c_str(),
              totals.runs(), totals.runs() == 1 ? "" : "s", flags_.first_seed, failed,
              totals.beyond_atlas(), totals.events(), totals.hash(), Seconds(totals.simulated()),
              seconds);
  PrintCounts(totals.counts());
  if (flags_.seeds > 1) totals.PrintSlowest();
  if (program_.shows_reach && (flags_.seeds > 1 || flags_.complete)) totals.PrintReach();
}

}  // namespace

int Main(const Program& program, int argc, char** argv) {
  const auto flags = ParseFlags(program, {argv + (argc > 0 ? 1 : 0), argv + argc});
  if (!flags.ok()) {
    std::fprintf(stderr, "%s: %s\nTry '%s --help'.\n", program.name.c_str(),
                 std::string(flags.status().message()).c_str(), program.name.c_str());
    return 2;
  }
  if (flags->help) {
    std::printf("%s", Usage(program).c_str());
    return 0;
  }
  std::signal(SIGABRT, OnAbort);
  Session session(program, *flags);
  return flags->transcript.empty() ? session.RunSeeds() : session.RunTranscript();
}

}  // namespace synod::sim
