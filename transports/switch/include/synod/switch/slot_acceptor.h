// A slot acceptor in software: what a switch's does, register for register.
#ifndef SYNOD_SWITCH_SLOT_ACCEPTOR_H_
#define SYNOD_SWITCH_SLOT_ACCEPTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "synod/switch/slot_packet.h"
#include "synod/switch/slot_registers.h"

namespace synod::slots {

// Has no thread, no clock and no I/O. Begins as after power-on: not a voter, everything zero.
// Promises and values are in memory only, so that they last as long as this object.
class SlotAcceptor {
 public:
  // A chunk of fewer slots makes a smaller window, which wraps the sooner: for simulations.
  explicit SlotAcceptor(uint32_t chunk_slots = kChunkSlots)
      : chunk_slots_(chunk_slots), slots_(size_t{kWindowChunks} * chunk_slots) {}

  // Fills `answer` and returns true, or returns false if the datagram is not a request, which gets
  // no answer. Allocates nothing. `request` and `answer` may be the same bytes.
  bool Process(std::span<const std::byte> request, std::span<std::byte, kPacketBytes> answer);

  // Answers a request, whatever its message is.
  [[nodiscard]] SlotPacket Answer(const SlotPacket& request);

  // The control plane's view. An index that there is not reads zero and writes nothing.
  [[nodiscard]] uint32_t Read(SlotRegister which, size_t index) const;
  void Write(SlotRegister which, size_t index, uint32_t word);

  // Forgets everything, as a switch does that loses power.
  void PowerCycle();

 private:
  // One slot's words, as they are in the registers from kGeneration on.
  struct Slot {
    uint32_t generation = 0;
    SlotBallot accepted;
    SlotValue value;
  };
  static constexpr size_t kSingles = static_cast<size_t>(SlotRegister::kGeneration);

  [[nodiscard]] uint32_t& Single(SlotRegister which) {
    return singles_[static_cast<size_t>(which)];
  }
  [[nodiscard]] uint32_t Single(SlotRegister which) const {
    return singles_[static_cast<size_t>(which)];
  }
  [[nodiscard]] uint64_t Incarnation() const;
  [[nodiscard]] SlotBallot Promised() const;
  void SetPromised(const SlotBallot& ballot);
  // What is wrong with a request before its ballot is looked at; kDone if nothing is.
  [[nodiscard]] Outcome Check(const SlotPacket& request) const;
  [[nodiscard]] bool Has(SlotRegister which, size_t index) const {
    return index < (which < SlotRegister::kGeneration ? 1 : slots_.size());
  }
  void AnswerInSlot(const SlotPacket& request, SlotPacket& answer);

  [[nodiscard]] uint32_t ChunkOf(uint64_t slot) const {
    return static_cast<uint32_t>(slot / chunk_slots_);
  }
  [[nodiscard]] uint32_t GenerationOf(uint64_t slot) const {
    return static_cast<uint32_t>(slot / slots_.size());
  }

  uint32_t chunk_slots_;
  std::array<uint32_t, kSingles> singles_{};
  std::vector<Slot> slots_;
};

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_SLOT_ACCEPTOR_H_
