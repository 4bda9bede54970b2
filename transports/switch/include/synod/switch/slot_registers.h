// The registers of a slot acceptor, by the same names wherever it runs, and the order in which the
// control plane writes them.
//
// The control plane is not atomic with packets: each word that it writes takes effect at some time
// of its own. So each step below is complete, seen by reading back, before the next one begins.
#ifndef SYNOD_SWITCH_SLOT_REGISTERS_H_
#define SYNOD_SWITCH_SLOT_REGISTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "synod/switch/slot_packet.h"

namespace synod::slots {

// Words of 32 bits. Up to kPromisedLow there is one of each; of the others one for each slot of the
// window, at the slot's number modulo kWindowSlots.
enum class SlotRegister : uint8_t {
  // The control plane's.
  kEnabled,  // 0: not a voter, whatever else is set.
  kGroup,
  kIncarnationHigh,
  kIncarnationLow,
  kTrim,
  // The acceptor's.
  kHighest,
  kPromisedRound,
  kPromisedNode,
  kPromisedHigh,
  kPromisedLow,
  kGeneration,  // The slot by kWindowSlots.
  kAcceptedRound,
  kAcceptedNode,
  kAcceptedHigh,
  kAcceptedLow,
  kShape,  // The value's kind and length.
  kValue0,
  kValue1,
  kValue2,
  kValue3,
  kValue4,
  kValue5,
  kValue6,
  kValue7,
};
inline constexpr size_t kSlotRegisters = 24;

inline constexpr std::array<std::string_view, kSlotRegisters> kSlotRegisterNames = {
    "enabled",    "group",          "incarnation_high", "incarnation_low", "trim",
    "highest",    "promised_round", "promised_node",    "promised_high",   "promised_low",
    "generation", "accepted_round", "accepted_node",    "accepted_high",   "accepted_low",
    "shape",      "value_0",        "value_1",          "value_2",         "value_3",
    "value_4",    "value_5",        "value_6",          "value_7"};

[[nodiscard]] constexpr std::string_view NameOf(SlotRegister which) {
  return kSlotRegisterNames[static_cast<size_t>(which)];
}

[[nodiscard]] constexpr std::optional<SlotRegister> SlotRegisterNamed(std::string_view name) {
  for (size_t i = 0; i < kSlotRegisters; ++i) {
    if (kSlotRegisterNames[i] == name) return static_cast<SlotRegister>(i);
  }
  return std::nullopt;
}

[[nodiscard]] constexpr size_t SizeOf(SlotRegister which) {
  return which < SlotRegister::kGeneration ? 1 : kWindowSlots;
}

struct RegisterWrite {
  SlotRegister which = SlotRegister::kEnabled;
  uint32_t index = 0;
  uint32_t word = 0;
};

// Writes that may take effect in any order among themselves.
using ControlStep = std::vector<RegisterWrite>;

// What makes a freshly powered-on acceptor a voter: first it is none, then everything is set, and
// only then it votes. Half of an incarnation so never votes. An incarnation is used once: one that
// was used before a loss of power would vote without the promises that it had made (I3).
[[nodiscard]] inline std::vector<ControlStep> EnableSteps(uint32_t group, uint64_t incarnation,
                                                          uint32_t trim) {
  using enum SlotRegister;
  return {{{kEnabled, 0, 0}},
          {{kGroup, 0, group},
           {kIncarnationHigh, 0, static_cast<uint32_t>(incarnation >> 32)},
           {kIncarnationLow, 0, static_cast<uint32_t>(incarnation)},
           {kTrim, 0, trim}},
          {{kEnabled, 0, 1}}};
}

// Takes the vote away.
[[nodiscard]] inline std::vector<ControlStep> DisableSteps() {
  return {{{SlotRegister::kEnabled, 0, 0}}};
}

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_SLOT_REGISTERS_H_
