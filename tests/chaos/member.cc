#include "tests/chaos/member.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace synod::chaos {

namespace {

pid_t Spawn(const std::vector<std::string>& command, const std::string& log_path) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& part : command) argv.push_back(const_cast<char*>(part.c_str()));
  argv.push_back(nullptr);
  const tcp::Fd log(open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  // A stop that comes before the program can take it waits for it, instead of killing it: what is
  // blocked here is so in the child from its first instruction on.
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid != 0) pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    std::cerr << "cannot fork" << std::endl;
    std::abort();
  }
  if (pid > 0) return pid;
  // Nothing is to outlive a test that crashes.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(log.get(), STDOUT_FILENO);
  dup2(log.get(), STDERR_FILENO);
  execv(argv[0], argv.data());
  _exit(127);
}

// Waits for its end.
int ExitCodeOf(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

void Member::Start() {
  pid_ = Spawn(command_, log_path_);
  process_ = tcp::Fd(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  if (process_.IsOpen()) return;
  std::cerr << "cannot watch a process" << std::endl;
  std::abort();
}

void Member::Kill() {
  if (!IsStarted()) return;
  kill(pid_, SIGKILL);
  Wait();
}

bool Member::Stop(Duration patience) {
  if (!IsStarted()) return true;
  Resume();
  kill(pid_, SIGTERM);
  pollfd ended{.fd = process_.get(), .events = POLLIN, .revents = 0};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
  return poll(&ended, 1, static_cast<int>(milliseconds)) > 0 && Wait() == 0;
}

int Member::Wait() {
  process_.Close();
  return ExitCodeOf(std::exchange(pid_, -1));
}

void Member::Pause() {
  if (IsStarted()) kill(pid_, SIGSTOP);
}

void Member::Resume() {
  if (IsStarted()) kill(pid_, SIGCONT);
}

int RunCommand(const std::vector<std::string>& command, const std::string& log_path) {
  return ExitCodeOf(Spawn(command, log_path));
}

}  // namespace synod::chaos
