// A switch in software that runs a P4 program, and is held to what a switch can do.
#ifndef SYNOD_SWITCH_EMULATED_SWITCH_H_
#define SYNOD_SWITCH_EMULATED_SWITCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/rng.h"
#include "synod/base/time.h"
#include "synod/switch/limits.h"
#include "synod/switch/udp_frame.h"

namespace synod::slots {

namespace p4 {
class Pipeline;
}

// acceptor.p4, as it was when this was built.
[[nodiscard]] std::string_view AcceptorProgram();

// What happens to frames on their way in and, again, on their way out. Chances are in a million.
struct PortFaults {
  uint32_t loss = 0;
  uint32_t duplication = 0;
  uint32_t reordering = 0;                             // Held back while others pass.
  Duration held_max = std::chrono::microseconds(100);  // For at most so long.
};

struct TableEntry {
  std::string table{};
  std::vector<uint64_t> keys{};
  std::string action{};
  std::vector<uint64_t> data{};
};

struct SwitchOptions {
  std::string program{};  // Its text; empty: AcceptorProgram().
  std::string program_name = "acceptor.p4";
  SwitchLimits limits{};
  // Set whenever it is powered on, as a switch's own start-up configuration is.
  std::vector<TableEntry> entries{};
  // How long it takes until a word that the control plane writes is in its register: of each word a
  // time of its own between the two.
  Duration control_delay_min = Duration::zero();
  Duration control_delay_max = Duration::zero();
  PortFaults faults{};
  uint64_t seed = 1;
};

// The entry that makes acceptor.p4 answer what is sent to an address.
[[nodiscard]] TableEntry OwnAddress(Endpoint address);

// One thread at a time. Time is an input: with equal options and inputs all outputs are equal.
class EmulatedSwitch {
 public:
  // Where frames go that leave by a port. The frame is valid during the call, which must not call
  // back.
  using Transmit = absl::FunctionRef<void(uint16_t port, std::span<const std::byte> frame)>;

  // Powered on. kInvalidArgument if the program is not P4, leaves the subset that is known here, or
  // needs more than a switch has, with "file:line:column: why"; or if an entry does not fit it.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<EmulatedSwitch>> Create(
      SwitchOptions options);
  ~EmulatedSwitch();

  // A frame arrives. Calls `transmit` for whatever leaves because of it or was due before `now`,
  // which never goes back. Without faults and control writes under way nothing is allocated.
  void Receive(uint16_t port, std::span<const std::byte> frame, Instant now, Transmit transmit);
  // Time passes: what is due happens.
  void Advance(Instant now, Transmit transmit);
  // When something is due next; kNever if nothing is.
  [[nodiscard]] Instant NextEvent() const;

  // The control plane. kUnavailable while the power is off, kNotFound if there is no such register,
  // kOutOfRange for the index. A word that is written is there after its delay, each word for
  // itself, before or after words that were written earlier.
  [[nodiscard]] absl::Status WriteRegister(std::string_view name, uint32_t index, uint32_t word,
                                           Instant now);
  // The same, unless the word is as great by then: for several that raise one at once.
  [[nodiscard]] absl::Status RaiseRegister(std::string_view name, uint32_t index, uint32_t word,
                                           Instant now);
  [[nodiscard]] absl::StatusOr<uint32_t> ReadRegister(std::string_view name, uint32_t index) const;
  // Writes that are not in their registers yet.
  [[nodiscard]] size_t PendingWrites() const { return writes_.size(); }
  [[nodiscard]] absl::Status SetEntry(const TableEntry& entry);

  // All state is lost, with what is under way; until the power is back, so are frames.
  void PowerOff();
  // Registers are zero, and tables as the options say.
  void PowerOn();
  [[nodiscard]] bool IsOn() const { return is_on_; }

  // Where the program's registers and tables were placed.
  [[nodiscard]] const StageReport& stages() const;

 private:
  struct Write {
    Instant due;
    uint64_t order = 0;
    size_t array = 0;
    uint32_t index = 0;
    uint32_t word = 0;
    bool raises = false;
  };
  struct Held {
    Instant due;
    uint64_t order = 0;
    bool is_out = false;  // On its way out.
    uint16_t port = 0;
    std::vector<std::byte> frame;
  };

  EmulatedSwitch(SwitchOptions options, std::unique_ptr<p4::Pipeline> pipeline);

  [[nodiscard]] absl::StatusOr<size_t> Find(std::string_view name, uint32_t index) const;
  [[nodiscard]] absl::Status Schedule(std::string_view name, uint32_t index, uint32_t word,
                                      bool raises, Instant now);
  void TakeEffect(const Write& write);
  // Passes a frame on, unless a fault meets it: then not, or twice, or later.
  void Disturb(bool is_out, uint16_t port, std::span<const std::byte> frame, Transmit transmit);
  void Pass(bool is_out, uint16_t port, std::span<const std::byte> frame, Transmit transmit);

  SwitchOptions options_;
  std::unique_ptr<p4::Pipeline> pipeline_;
  Rng rng_;
  Instant now_;
  bool is_on_ = true;
  uint64_t next_order_ = 0;
  // Not sorted: there are few.
  std::vector<Write> writes_;
  std::vector<Held> held_;
};

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_EMULATED_SWITCH_H_
