#include "src/sim/isolated_run.h"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace synod::sim {
namespace {

constexpr unsigned kSecondsAtMost = 60;

[[noreturn]] void RunAndTell(const Scenario& scenario,
                             const std::function<Report(const Scenario&)>& run, int to) {
  // What an assertion says is known after the first time.
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDERR_FILENO);
  std::signal(SIGABRT, SIG_DFL);
  alarm(kSecondsAtMost);
  const std::string rule = run(scenario).violation.rule;
  const bool told = write(to, rule.data(), rule.size()) == static_cast<ssize_t>(rule.size());
  _exit(told ? 0 : 1);
}

}  // namespace

std::string RuleBrokenBy(const Scenario& scenario,
                         const std::function<Report(const Scenario&)>& run) {
  int ends[2];
  if (pipe(ends) != 0) return run(scenario).violation.rule;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return run(scenario).violation.rule;
  }
  if (child == 0) RunAndTell(scenario, run, ends[1]);
  close(ends[1]);
  std::string rule;
  char piece[256];
  for (ssize_t count = 0; (count = read(ends[0], piece, sizeof(piece))) > 0;) {
    rule.append(piece, static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return rule;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "an end" : "no assertion";
}

}  // namespace synod::sim
