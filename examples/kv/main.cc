// synod-kv: a replicated key-value server that etcd's clients can talk to.
#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <grpc/support/log.h>

#include "kv/advice.h"
#include "kv/flags.h"
#include "kv/server.h"

namespace {

constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

int Report(const absl::Status& status, int exit_code) {
  const absl::string_view message = status.message();
  std::fprintf(stderr, "synod-kv: %.*s\n", static_cast<int>(message.size()), message.data());
  return exit_code;
}

// The last line says that the list is complete, for whoever reads the log while it grows.
void LogCounters(const synod_kv::Server& server) {
  std::string lines;
  for (const auto& [name, value] : server.Counters()) {
    lines += "synod-kv: counter " + name + " " + std::to_string(value) + "\n";
  }
  lines += "synod-kv: these were all counters\n";
  std::fputs(lines.c_str(), stderr);
}

int Serve(const synod_kv::Flags& flags) {
  // Blocked before any thread is started, so that none but sigwait below receives them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::mutex mutex;
  absl::Status broken;
  const auto on_broken = [&](const absl::Status& why) {
    {
      std::lock_guard lock(mutex);
      if (broken.ok()) broken = why;
    }
    kill(getpid(), SIGTERM);
  };
  absl::StatusOr<std::unique_ptr<synod_kv::Server>> server =
      synod_kv::Server::Start(flags, on_broken);
  if (!server.ok()) return Report(synod_kv::WithAdvice(server.status(), flags), kFailed);
  std::fprintf(stderr, "synod-kv: member %llu serves clients at %s\n",
               static_cast<unsigned long long>(flags.id.value()),
               flags.Self().client_address.c_str());

  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGUSR1) LogCounters(**server);
  absl::Status why;
  {
    std::lock_guard lock(mutex);
    why = broken;
  }
  (*server)->Stop();
  return why.ok() ? 0 : Report(synod_kv::WithAdvice(why, flags), kFailed);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  // What gRPC has to say it also returns; its own lines would only repeat that less clearly.
  gpr_set_log_function([](gpr_log_func_args*) {});

  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  absl::StatusOr<synod_kv::Flags> flags = synod_kv::ParseFlags(arguments);
  if (!flags.ok()) {
    Report(flags.status(), kBadUsage);
    std::fputs("Try synod-kv --help.\n", stderr);
    return kBadUsage;
  }
  switch (flags->verb) {
    case synod_kv::Flags::Verb::kHelp:
      std::fputs(synod_kv::HelpText().c_str(), stdout);
      return 0;
    case synod_kv::Flags::Verb::kVersion:
      std::fputs(synod_kv::VersionText().c_str(), stdout);
      return 0;
    case synod_kv::Flags::Verb::kBootstrap: {
      const absl::StatusOr<std::string> done = synod_kv::BootstrapMember(*flags);
      if (!done.ok()) return Report(synod_kv::WithAdvice(done.status(), *flags), kFailed);
      std::printf("synod-kv: %s\n", done->c_str());
      return 0;
    }
    case synod_kv::Flags::Verb::kServe:
      return Serve(*flags);
  }
}
