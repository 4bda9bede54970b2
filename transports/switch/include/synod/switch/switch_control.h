// The control plane of a slot acceptor that synod-switch runs: a client of its control port.
#ifndef SYNOD_SWITCH_SWITCH_CONTROL_H_
#define SYNOD_SWITCH_SWITCH_CONTROL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/time.h"
#include "synod/switch/slot_packet.h"
#include "synod/switch/slot_registers.h"

namespace synod::slots {

// Word by word, so not of one instant: only what nobody changes meanwhile is sure to be so.
struct SlotState {
  bool is_enabled = false;
  uint32_t group = 0;
  uint64_t incarnation = 0;
  uint32_t trim = 0;
  uint32_t highest = 0;
  SlotBallot promised;
};

// Methods block until they are done, or until the timeout; one thread at a time. Errors are those
// of the connection (kUnavailable, kDeadlineExceeded), after which it is of no more use, and those
// that a method names.
class SwitchControl {
 public:
  // "host:port". kInvalidArgument, kUnavailable.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<SwitchControl>> Connect(
      const std::string& address, Duration timeout = std::chrono::seconds(5));
  ~SwitchControl();
  SwitchControl(const SwitchControl&) = delete;
  SwitchControl& operator=(const SwitchControl&) = delete;

  // Makes a freshly powered-on acceptor a voter of the group, from the chunk `trim` on. Each of the
  // EnableSteps is read back before the next. The incarnation is drawn at random and never one that
  // was used before: a switch cannot know. kInvalidArgument for 0; kFailedPrecondition if it is a
  // voter, or has promised: then it has state of an earlier life, and is to be power-cycled first.
  [[nodiscard]] absl::Status Enable(uint32_t group, uint64_t incarnation, uint32_t trim);
  // Takes its vote away. It keeps its promises, and its state as long as it has power.
  [[nodiscard]] absl::Status Disable();
  // Lets it forget all slots of chunks before `trim`: once nobody needs them (I8). kOutOfRange if
  // that would lower it.
  [[nodiscard]] absl::Status SetTrim(uint32_t trim);
  // The same if that is not lower, and it is this voter of this group; kFailedPrecondition if it is
  // another by now.
  [[nodiscard]] absl::Status RaiseTrim(uint32_t group, uint64_t incarnation, uint32_t trim);
  [[nodiscard]] absl::StatusOr<SlotState> State();

  // Power. While it is off, everything else fails with kUnavailable, and the connection lasts.
  [[nodiscard]] absl::Status PowerOff();
  [[nodiscard]] absl::Status PowerOn();

  // One word. A write has taken effect once Settle returns.
  [[nodiscard]] absl::StatusOr<uint32_t> Read(SlotRegister which, uint32_t index = 0);
  [[nodiscard]] absl::Status Write(const RegisterWrite& write);
  [[nodiscard]] absl::Status Settle();
  // Each step once the one before is read back.
  [[nodiscard]] absl::Status Apply(const std::vector<ControlStep>& steps);

  // A line of the control port's own language, and the answer without its "ok ".
  [[nodiscard]] absl::StatusOr<std::string> Ask(std::string_view line);

 private:
  SwitchControl(int fd, Duration timeout) : fd_(fd), timeout_(timeout) {}

  absl::StatusOr<uint64_t> AskNumber(std::string_view line);

  int fd_;
  Duration timeout_;
  std::string received_;
};

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_SWITCH_CONTROL_H_
