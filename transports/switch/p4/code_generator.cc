#include "code_generator.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

namespace synod::slots::p4 {
namespace {

constexpr int kWordBits = 64;

class Generator {
 public:
  Generator(const Program& program, Complaint& complaint)
      : program_(program), complaint_(complaint) {
    code_.field_slots = program.fields.size();
  }

  Bytecode Run();

 private:
  // Jumps whose target is not known yet.
  using Pending = std::vector<size_t>;

  void Parser();
  void State(const ParserState& state, std::vector<Pending>& jumps, Pending& ends);
  void Block(std::span<const Step> block);
  void OneStep(const Step& step);
  void Assign(const Step& step);
  // Jumps if the condition is `wanted`, and goes on with the next instruction if not.
  void JumpIf(const Value& condition, bool wanted, Pending& jumps);
  Slot Compute(const Value& value);
  void ComputeInto(const Value& value, Slot target);
  void Sums(const std::vector<Checksum>& checksums, Code code, std::vector<SumLayout>& layouts);
  SumLayout Layout(const Checksum& checksum);
  HeaderLayout Layout(const Header& header);

  size_t Here() const { return code_.instructions.size(); }
  void Add(Instruction instruction) { code_.instructions.push_back(instruction); }
  size_t AddJump(Instruction instruction) {
    Add(instruction);
    return Here() - 1;
  }
  void Land(const Pending& jumps) {
    for (const size_t jump : jumps) {
      code_.instructions[jump].object = static_cast<uint32_t>(Here());
    }
  }
  Slot NewSlot() { return static_cast<Slot>(temporaries_++); }
  Slot ConstantSlot(uint64_t constant);
  void MoveTemporaries();

  const Program& program_;
  Complaint& complaint_;
  Bytecode code_;
  std::map<uint64_t, Slot> constants_;
  size_t temporaries_ = kFirstTemporary;

  // Provisional numbers, until it is known how many constants there are.
  static constexpr size_t kFirstTemporary = 0x8000;
  static constexpr Slot kNoSlot = 0xffff;
};

Slot Generator::ConstantSlot(uint64_t constant) {
  const auto [found, is_new] =
      constants_.emplace(constant, static_cast<Slot>(code_.field_slots + code_.constants.size()));
  if (is_new) code_.constants.push_back(constant);
  return found->second;
}

void Generator::ComputeInto(const Value& value, Slot target) {
  Instruction instruction{.target = target, .mask = Mask(value.width)};
  const auto operand = [&](size_t i) { return Compute(value.operands[i]); };
  switch (value.op) {
    case Operator::kConstant:
      instruction.code = Code::kMove;
      instruction.a = ConstantSlot(value.constant);
      return Add(instruction);
    case Operator::kField:
      instruction.code = Code::kMove;
      instruction.a = value.field;
      return Add(instruction);
    case Operator::kWiden:
      return ComputeInto(value.operands[0], target);
    case Operator::kSlice:
      instruction.code = Code::kSlice;
      instruction.shift = static_cast<uint8_t>(value.low);
      break;
    case Operator::kConcat:
      instruction.code = Code::kConcat;
      instruction.shift = static_cast<uint8_t>(value.operands[1].width);
      break;
    case Operator::kComplement:
      instruction.code = Code::kComplement;
      break;
    case Operator::kAdd:
      instruction.code = Code::kAdd;
      break;
    case Operator::kSubtract:
      instruction.code = Code::kSubtract;
      break;
    case Operator::kAnd:
      instruction.code = Code::kAnd;
      break;
    case Operator::kOr:
      instruction.code = Code::kOr;
      break;
    case Operator::kXor:
      instruction.code = Code::kXor;
      break;
    case Operator::kShiftLeft:
    case Operator::kShiftRight:
      instruction.code = value.op == Operator::kShiftLeft ? Code::kShiftLeft : Code::kShiftRight;
      instruction.shift = static_cast<uint8_t>(value.low);
      break;
    case Operator::kNot:
    case Operator::kEqual:
    case Operator::kNotEqual:
    case Operator::kLess:
    case Operator::kLessEqual:
    case Operator::kBoth:
    case Operator::kEither:
      // A condition, which only jumps.
      return complaint_.Say(value.where, "a bool cannot be kept: use if");
  }
  instruction.a = operand(0);
  if (value.operands.size() > 1) instruction.b = operand(1);
  Add(instruction);
}

Slot Generator::Compute(const Value& value) {
  if (value.op == Operator::kField) return value.field;
  if (value.op == Operator::kConstant) return ConstantSlot(value.constant);
  if (value.op == Operator::kWiden) return Compute(value.operands[0]);
  const Slot slot = NewSlot();
  ComputeInto(value, slot);
  return slot;
}

void Generator::JumpIf(const Value& condition, bool wanted, Pending& jumps) {
  switch (condition.op) {
    case Operator::kNot:
      return JumpIf(condition.operands[0], !wanted, jumps);
    case Operator::kBoth:
    case Operator::kEither: {
      // The first operand decides alone if it is false, or true.
      const bool decides = condition.op == Operator::kEither;
      if (wanted == decides) {
        JumpIf(condition.operands[0], wanted, jumps);
        return JumpIf(condition.operands[1], wanted, jumps);
      }
      Pending past;
      JumpIf(condition.operands[0], decides, past);
      JumpIf(condition.operands[1], wanted, jumps);
      return Land(past);
    }
    case Operator::kEqual:
    case Operator::kNotEqual:
    case Operator::kLess:
    case Operator::kLessEqual: {
      Slot a = Compute(condition.operands[0]);
      Slot b = Compute(condition.operands[1]);
      const bool is_order = condition.op == Operator::kLess || condition.op == Operator::kLessEqual;
      bool holds = wanted;
      if (condition.op == Operator::kNotEqual) holds = !holds;
      if (condition.op == Operator::kLessEqual) {  // a <= b unless b < a.
        std::swap(a, b);
        holds = !holds;
      }
      const Code code = is_order ? (holds ? Code::kJumpIfLess : Code::kJumpIfNotLess)
                                 : (holds ? Code::kJumpIfEqual : Code::kJumpIfNotEqual);
      jumps.push_back(AddJump({.code = code, .a = a, .b = b}));
      return;
    }
    default: {
      // A bool: true, false, or whether a header is there.
      const Slot a = Compute(condition);
      jumps.push_back(AddJump({.code = wanted ? Code::kJumpIfNotEqual : Code::kJumpIfEqual,
                               .a = a,
                               .b = ConstantSlot(0)}));
    }
  }
}

void Generator::Assign(const Step& step) {
  if (step.width == program_.fields[step.target].width) {
    return ComputeInto(step.value, step.target);
  }
  Add({.code = Code::kInsert,
       .shift = static_cast<uint8_t>(step.low),
       .target = step.target,
       .a = Compute(step.value),
       .mask = Mask(step.width) << step.low});
}

void Generator::OneStep(const Step& step) {
  const auto object = static_cast<uint32_t>(step.object);
  switch (step.kind) {
    case Step::Kind::kAssign:
      return Assign(step);
    case Step::Kind::kIf: {
      Pending otherwise;
      JumpIf(step.value, false, otherwise);
      Block(step.body);
      if (step.otherwise.empty()) return Land(otherwise);
      const Pending past = {AddJump({.code = Code::kJump})};
      Land(otherwise);
      Block(step.otherwise);
      return Land(past);
    }
    case Step::Kind::kRead: {
      const Slot index = Compute(step.index);
      return Add({.code = Code::kRead, .target = step.target, .a = index, .object = object});
    }
    case Step::Kind::kWrite: {
      const Slot index = Compute(step.index);
      const Slot value = Compute(step.value);
      return Add({.code = Code::kWrite, .a = index, .b = value, .object = object});
    }
    case Step::Kind::kApply:
      return Add({.code = Code::kApply, .object = object});
    case Step::Kind::kExtract:
      return Add({.code = Code::kExtract, .object = object});
  }
}

void Generator::Block(std::span<const Step> block) {
  for (const Step& step : block) OneStep(step);
}

void Generator::State(const ParserState& state, std::vector<Pending>& jumps, Pending& ends) {
  Block(state.body);
  for (const ParserState::Case& choice : state.cases) {
    Pending next_case;
    for (size_t i = 0; i < choice.matches.size(); ++i) {
      if (choice.matches[i].any) continue;
      next_case.push_back(AddJump({.code = Code::kJumpIfNotEqual,
                                   .a = state.select[i],
                                   .b = ConstantSlot(choice.matches[i].value)}));
    }
    // A rejected packet goes on as one that is accepted, without the headers that it has not got.
    Pending& there = choice.next < 0 ? ends : jumps[static_cast<size_t>(choice.next)];
    there.push_back(AddJump({.code = Code::kJump}));
    Land(next_case);
  }
  ends.push_back(AddJump({.code = Code::kJump}));
}

void Generator::Parser() {
  std::vector<Pending> jumps(program_.parser.size());
  std::vector<size_t> starts;
  Pending ends;
  for (const ParserState& state : program_.parser) {
    starts.push_back(Here());
    State(state, jumps, ends);
  }
  for (size_t state = 0; state < starts.size(); ++state) {
    for (const size_t jump : jumps[state]) {
      code_.instructions[jump].object = static_cast<uint32_t>(starts[state]);
    }
  }
  Land(ends);
  Add({.code = Code::kEnd});
}

SumLayout Generator::Layout(const Checksum& checksum) {
  SumLayout layout;
  int bit = 0;
  for (const Value& value : checksum.data) {
    bit += value.width;
    const int shift = (16 - bit % 16) % 16;
    if (value.width + shift > kWordBits) {
      complaint_.Say(value.where, "a field this wide is summed from the border of 16 bits only");
    }
    layout.parts.push_back({.slot = Compute(value), .shift = static_cast<uint8_t>(shift)});
  }
  layout.sum = checksum.sum.op == Operator::kField ? checksum.sum.field : Compute(checksum.sum);
  return layout;
}

void Generator::Sums(const std::vector<Checksum>& checksums, Code code,
                     std::vector<SumLayout>& layouts) {
  for (const Checksum& checksum : checksums) {
    Pending past;
    JumpIf(checksum.condition, false, past);
    Add({.code = code, .object = static_cast<uint32_t>(layouts.size())});
    layouts.push_back(Layout(checksum));
    Land(past);
  }
  Add({.code = Code::kEnd});
}

HeaderLayout Generator::Layout(const Header& header) {
  HeaderLayout layout{.bytes = static_cast<uint16_t>(header.bits / 8), .valid = header.valid};
  size_t next = 0;
  int start = 0;  // Of the group, in bits.
  while (next < header.fields.size()) {
    // As many fields as fit and end with a byte.
    size_t end = next;
    int end_bit = start;
    int bit = start;
    for (size_t i = next; i < header.fields.size(); ++i) {
      bit += program_.fields[header.fields[i]].width;
      if (bit - start > kWordBits) break;
      if (bit % 8 == 0) {
        end = i + 1;
        end_bit = bit;
      }
    }
    if (end == next) {
      complaint_.Say({}, "a field of " + header.name + " does not fit eight bytes of the packet");
      return layout;
    }
    Group group{.offset = static_cast<uint16_t>(start / 8)};
    int used = 0;
    for (; next < end; ++next) {
      const int width = program_.fields[header.fields[next]].width;
      used += width;
      group.parts.push_back({.slot = header.fields[next],
                             .shift = static_cast<uint8_t>(kWordBits - used),
                             .mask = Mask(width)});
    }
    layout.groups.push_back(std::move(group));
    start = end_bit;
  }
  return layout;
}

// Now that the constants are known, what is computed in between comes behind them.
void Generator::MoveTemporaries() {
  const size_t base = code_.field_slots + code_.constants.size();
  const auto move = [&](Slot& slot) {
    if (slot >= kFirstTemporary) slot = static_cast<Slot>(slot - kFirstTemporary + base);
  };
  for (Instruction& instruction : code_.instructions) {
    move(instruction.target);
    move(instruction.a);
    move(instruction.b);
  }
  code_.slots = base + (temporaries_ - kFirstTemporary);
  if (base >= kFirstTemporary || code_.slots >= kNoSlot) {
    complaint_.Say({}, "the program is too large");
  }
}

Bytecode Generator::Run() {
  for (const Header& header : program_.headers) code_.headers.push_back(Layout(header));
  code_.parser = Here();
  Parser();
  code_.verify = Here();
  Sums(program_.verified, Code::kVerify, code_.verified);
  code_.ingress = Here();
  Block(program_.ingress);
  Add({.code = Code::kEnd});
  for (const Table& table : program_.tables) {
    std::vector<size_t>& actions = code_.actions.emplace_back();
    for (const TableAction& action : table.actions) {
      actions.push_back(Here());
      Block(action.body);
      Add({.code = Code::kEnd});
    }
  }
  code_.update = Here();
  Sums(program_.updated, Code::kUpdate, code_.updated);
  MoveTemporaries();
  return std::move(code_);
}

}  // namespace

Bytecode GenerateCode(const Program& program, Complaint& complaint) {
  return Generator(program, complaint).Run();
}

}  // namespace synod::slots::p4
