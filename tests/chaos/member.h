// One replica of synod-kv, in a process of its own.
#ifndef SYNOD_TESTS_CHAOS_MEMBER_H_
#define SYNOD_TESTS_CHAOS_MEMBER_H_

#include <string>
#include <sys/types.h>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"

#include "transports/tcp/socket.h"

namespace synod::chaos {

// Used by one thread, with which the process ends at the latest.
class Member {
 public:
  // `command`: the program and its arguments. Its output is added to `log_path`.
  Member(NodeId id, std::vector<std::string> command, std::string log_path)
      : id_(id), command_(std::move(command)), log_path_(std::move(log_path)) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() { Kill(); }

  [[nodiscard]] NodeId id() const { return id_; }
  [[nodiscard]] bool IsStarted() const { return pid_ > 0; }
  // Readable once the process has ended.
  [[nodiscard]] int ended_fd() const { return process_.get(); }

  void Start();
  void Kill();  // SIGKILL; returns once it has ended.
  // SIGTERM; false if it does not end, or not with 0.
  [[nodiscard]] bool Stop(Duration patience);
  void Pause();   // SIGSTOP
  void Resume();  // SIGCONT

 private:
  // Its exit code, or -1.
  int Wait();

  const NodeId id_;
  const std::vector<std::string> command_;
  const std::string log_path_;
  pid_t pid_ = -1;
  tcp::Fd process_;
};

// Runs a command to its end; its exit code, or -1 if it has none.
[[nodiscard]] int RunCommand(const std::vector<std::string>& command, const std::string& log_path);

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_MEMBER_H_
