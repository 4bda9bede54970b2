// A P4 program once its names are resolved and its controls are put in place of their calls: what
// the stages are assigned to and what runs.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_PROGRAM_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "source.h"

namespace synod::slots::p4 {

// Into Program::fields.
using FieldId = uint16_t;

// What travels with a packet: of headers, of metadata, of local variables; at most 64 bits.
struct Field {
  std::string name{};
  int width = 0;
  bool is_bool = false;
};

enum class Operator : uint8_t {
  kConstant,
  kField,
  kSlice,       // Of one operand, from the bit `low` on, as wide as the value.
  kWiden,       // With zeros.
  kConcat,      // The first operand has the higher bits.
  kComplement,  // Of bits.
  kNot,         // Of a bool.
  kAdd,
  kSubtract,
  kAnd,
  kOr,
  kXor,
  kShiftLeft,   // By `low`.
  kShiftRight,  // Likewise.
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kBoth,
  kEither,
};

struct Value {
  Operator op = Operator::kConstant;
  Location where{};
  int width = 0;  // In bits, 1 of a bool; 0 of a number that does not say.
  bool is_bool = false;
  uint64_t constant = 0;
  FieldId field = 0;
  int low = 0;
  std::vector<Value> operands{};
};

struct Step {
  enum class Kind : uint8_t {
    kAssign,   // `value` to `width` bits of `target` from `low` on.
    kIf,       // `value` is the condition.
    kRead,     // Register `object` at `index`, into `target`.
    kWrite,    // `value`, into register `object` at `index`.
    kApply,    // Table `object`.
    kExtract,  // Header `object`; of parsers only.
  };

  Kind kind = Kind::kAssign;
  Location where{};
  FieldId target = 0;
  int low = 0;
  int width = 0;
  Value value{};
  Value index{};
  int object = 0;
  std::vector<Step> body{};
  std::vector<Step> otherwise{};
};

struct Header {
  std::string name{};
  std::vector<FieldId> fields{};
  FieldId valid = 0;
  int bits = 0;
};

struct Register {
  std::string name{};
  Location where{};
  uint32_t size = 0;  // Words of 32 bits.
};

struct TableAction {
  std::string name{};
  std::vector<FieldId> parameters{};  // Set from the entry that matches.
  std::vector<Step> body{};
};

struct Table {
  std::string name{};
  Location where{};
  std::vector<FieldId> keys{};
  std::vector<TableAction> actions{};
  size_t default_action = 0;
  size_t size = 0;
};

struct ParserState {
  // Next states that are none.
  static constexpr int kAccept = -1;
  static constexpr int kReject = -2;

  struct Case {
    struct Match {
      bool any = false;
      uint64_t value = 0;
    };
    std::vector<Match> matches{};
    int next = kAccept;
  };

  std::string name{};
  Location where{};
  std::vector<Step> body{};
  std::vector<FieldId> select{};
  std::vector<Case> cases{};  // The first that matches; none is a rejection.
};

// One's complement sum over the data, in 16-bit words.
struct Checksum {
  Location where{};
  Value condition{};
  std::vector<Value> data{};  // Fields and constants.
  Value sum{};                // A field when it is updated; what it is to be when it is verified.
};

struct Program {
  std::vector<Field> fields{};
  std::vector<Header> headers{};
  std::vector<Register> registers{};
  std::vector<Table> tables{};
  std::vector<ParserState> parser{};  // The first one is where it starts.
  std::vector<Checksum> verified{};
  std::vector<Step> ingress{};
  std::vector<Checksum> updated{};
  std::vector<int> emitted{};  // Headers.

  // Of standard_metadata_t.
  FieldId ingress_port = 0;
  FieldId egress_spec = 0;
  FieldId packet_length = 0;
  FieldId checksum_error = 0;
};

// The port of a packet that goes nowhere.
inline constexpr uint64_t kDropPort = 511;

// The bits of a field or a value.
constexpr uint64_t Mask(int width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_PROGRAM_H_
