// What a laid-out program is compiled to: instructions over the words that travel with a packet.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_BYTECODE_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_BYTECODE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "program.h"

namespace synod::slots::p4 {

// A word: fields first, by their ids, then constants, then what is computed in between.
using Slot = uint16_t;

enum class Code : uint8_t {
  kMove,        // target = a
  kSlice,       // target = (a >> shift) & mask
  kConcat,      // target = a << shift | b
  kComplement,  // target = ~a & mask
  kAdd,         // target = (a + b) & mask
  kSubtract,
  kAnd,
  kOr,
  kXor,
  kShiftLeft,
  kShiftRight,
  kInsert,  // target = (target & ~mask) | (a << shift & mask)
  kJump,    // to `object`
  kJumpIfEqual,
  kJumpIfNotEqual,
  kJumpIfLess,     // a < b
  kJumpIfNotLess,  // a >= b
  kRead,           // target = register object[a]
  kWrite,          // register object[a] = b
  kApply,          // Table `object`.
  kExtract,        // Header `object`; ends the run if the packet is too short.
  kVerify,         // Checksum `object` of the verified ones.
  kUpdate,         // Likewise of the updated ones.
  kEnd,
};

struct Instruction {
  Code code = Code::kEnd;
  uint8_t shift = 0;
  Slot target = 0;
  Slot a = 0;
  Slot b = 0;
  uint32_t object = 0;
  uint64_t mask = 0;
};

// Fields that lie together in eight bytes of the packet, from the byte `offset` on, each
// shifted to its place in them.
struct Group {
  struct Part {
    Slot slot = 0;
    uint8_t shift = 0;
    uint64_t mask = 0;
  };
  uint16_t offset = 0;
  std::vector<Part> parts{};
};

struct HeaderLayout {
  uint16_t bytes = 0;
  Slot valid = 0;
  std::vector<Group> groups{};
};

struct SumLayout {
  struct Part {
    Slot slot = 0;
    uint8_t shift = 0;  // To the words of 16 bits.
  };
  std::vector<Part> parts{};
  Slot sum = 0;  // What it is compared with, or where it goes.
};

struct Bytecode {
  std::vector<Instruction> instructions{};
  size_t parser = 0;  // Where each begins.
  size_t verify = 0;
  size_t ingress = 0;
  size_t update = 0;
  std::vector<std::vector<size_t>> actions{};  // By table and action.

  size_t field_slots = 0;  // Cleared for each packet.
  size_t slots = 0;
  std::vector<uint64_t> constants{};  // From field_slots on.
  std::vector<HeaderLayout> headers{};
  std::vector<SumLayout> verified{};
  std::vector<SumLayout> updated{};
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_BYTECODE_H_
