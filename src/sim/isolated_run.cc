#include "src/sim/isolated_run.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace synod::sim {
namespace {

constexpr unsigned kSecondsToShrink = 60;

// Calls `take` with each part of the report that goes from one process to the other as it is in
// memory.
template <class Its, class Take>
void ForEachPart(Its& report, Take take) {
  take(report.seed);
  take(report.events);
  take(report.hash);
  take(report.simulated);
  take(report.counts);
  take(report.recovery);
  take(report.reached);
  take(report.turned);
  take(report.beyond_atlas);
  take(report.ok);
}

std::string Encode(const Report& report) {
  std::string bytes;
  ForEachPart(report, [&](const auto& part) {
    bytes.append(reinterpret_cast<const char*>(&part), sizeof(part));
  });
  return bytes + report.violation.rule;
}

std::optional<Report> Decode(std::string_view bytes) {
  Report report;
  bool is_whole = true;
  ForEachPart(report, [&](auto& part) {
    is_whole = is_whole && bytes.size() >= sizeof(part);
    if (!is_whole) return;
    std::memcpy(&part, bytes.data(), sizeof(part));
    bytes.remove_prefix(sizeof(part));
  });
  if (!is_whole) return std::nullopt;
  report.violation.rule = std::string(bytes);
  return report;
}

[[noreturn]] void RunAndTell(const std::function<Report()>& run, unsigned seconds, int to) {
  std::signal(SIGALRM, SIG_DFL);
  alarm(seconds);
  const std::string bytes = Encode(run());
  std::fflush(stdout);
  const bool told = write(to, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  _exit(told ? 0 : 1);
}

std::string ReadAll(int from) {
  std::string bytes;
  char piece[4096];
  for (ssize_t count = 0; (count = read(from, piece, sizeof(piece))) > 0;) {
    bytes.append(piece, static_cast<size_t>(count));
  }
  return bytes;
}

}  // namespace

Report RunIsolated(const std::function<Report()>& run, unsigned seconds) {
  int ends[2];
  if (pipe(ends) != 0) return run();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return run();
  }
  if (child == 0) RunAndTell(run, seconds, ends[1]);
  close(ends[1]);
  const std::string bytes = ReadAll(ends[0]);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    if (auto report = Decode(bytes)) return *std::move(report);
  }
  Report report;
  report.ok = false;
  const bool is_late = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
  report.violation.rule = is_late ? kAnEnd : kNoAssertion;
  return report;
}

std::string RuleBrokenBy(const Scenario& scenario,
                         const std::function<Report(const Scenario&)>& run) {
  const pid_t parent = getpid();
  const Report report = RunIsolated(
      [&] {
        if (getpid() != parent) {
          dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
          std::signal(SIGABRT, SIG_DFL);
        }
        return run(scenario);
      },
      kSecondsToShrink);
  return report.violation.rule;
}

}  // namespace synod::sim
