// Slot acceptors without a kernel's help: in software, and a switch's program in the emulator.
#include <cstdio>
#include <string>

#include <synod/switch/emulated_switch.h>
#include <synod/switch/slot_acceptor.h>

int main() {
  synod::slots::SlotAcceptor acceptor;
  for (const auto& step : synod::slots::EnableSteps(/*group=*/1, /*incarnation=*/7, /*trim=*/0)) {
    for (const auto& write : step) acceptor.Write(write.which, write.index, write.word);
  }
  const synod::slots::SlotPacket answer = acceptor.Answer({.message = synod::slots::Message::k2a,
                                                           .group = 1,
                                                           .incarnation = 7,
                                                           .ballot = {1, 1, 1},
                                                           .slot = 5});
  const auto emulated = synod::slots::EmulatedSwitch::Create({});
  std::printf("%s, %d stages\n", std::string(Describe(answer.outcome)).c_str(),
              emulated.ok() ? (*emulated)->stages().stages : 0);
  return answer.outcome == synod::slots::Outcome::kDone && emulated.ok() ? 0 : 1;
}
