#include "pipeline.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "synod/base/assert.h"

#include "code_generator.h"
#include "parser.h"
#include "resolver.h"
#include "stages.h"

namespace synod::slots::p4 {
namespace {

uint64_t LoadBigEndian(const std::byte* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return __builtin_bswap64(word);
}

void StoreBigEndian(uint64_t word, std::byte* bytes) {
  word = __builtin_bswap64(word);
  std::memcpy(bytes, &word, sizeof(word));
}

// What is neither a move, nor a jump, nor more than words.
void Compute(const Instruction& now, uint64_t* words) {
  switch (now.code) {
    case Code::kSlice:
      words[now.target] = (words[now.a] >> now.shift) & now.mask;
      break;
    case Code::kConcat:
      words[now.target] = (words[now.a] << now.shift) | words[now.b];
      break;
    case Code::kComplement:
      words[now.target] = ~words[now.a] & now.mask;
      break;
    case Code::kAdd:
      words[now.target] = (words[now.a] + words[now.b]) & now.mask;
      break;
    case Code::kSubtract:
      words[now.target] = (words[now.a] - words[now.b]) & now.mask;
      break;
    case Code::kAnd:
      words[now.target] = words[now.a] & words[now.b];
      break;
    case Code::kOr:
      words[now.target] = words[now.a] | words[now.b];
      break;
    case Code::kXor:
      words[now.target] = words[now.a] ^ words[now.b];
      break;
    case Code::kShiftLeft:
      words[now.target] = (words[now.a] << now.shift) & now.mask;
      break;
    case Code::kShiftRight:
      words[now.target] = words[now.a] >> now.shift;
      break;
    case Code::kInsert:
      words[now.target] =
          (words[now.target] & ~now.mask) | ((words[now.a] << now.shift) & now.mask);
      break;
    default:
      break;
  }
}

}  // namespace

absl::StatusOr<Pipeline> Pipeline::Compile(std::string_view file, std::string_view text,
                                           const SwitchLimits& limits) {
  Complaint complaint(file);
  const ast::Program source = Parse(text, complaint);
  if (!complaint.IsEmpty()) return complaint.status();
  Program program = ResolveProgram(source, complaint);
  if (!complaint.IsEmpty()) return complaint.status();
  StageReport stages = AssignStages(program, limits, complaint);
  if (!complaint.IsEmpty()) return complaint.status();
  Bytecode code = GenerateCode(program, complaint);
  // A deparser never writes more than it has room for: all headers once, and what was not parsed.
  size_t emitted = 0;
  for (const int header : program.emitted) {
    emitted += code.headers[static_cast<size_t>(header)].bytes;
  }
  if (emitted > kMaxFrameBytes) complaint.Say({}, "the headers are longer than a frame");
  if (!complaint.IsEmpty()) return complaint.status();
  return Pipeline(std::move(program), std::move(code), std::move(stages));
}

Pipeline::Pipeline(Program program, Bytecode code, StageReport stages)
    : program_(std::move(program)), code_(std::move(code)), stages_(std::move(stages)) {
  for (const Register& array : program_.registers) arrays_.emplace_back(array.size);
  for (const Table& table : program_.tables) tables_.emplace_back(table.size);
  words_.resize(code_.slots);
  std::copy(code_.constants.begin(), code_.constants.end(),
            words_.begin() + static_cast<std::ptrdiff_t>(code_.field_slots));
}

void Pipeline::Reset() {
  for (std::vector<uint32_t>& array : arrays_) std::fill(array.begin(), array.end(), 0);
  for (ExactTable& table : tables_) table.Clear();
}

std::optional<Pipeline::Sent> Pipeline::Run(uint16_t port, std::span<const std::byte> frame) {
  if (frame.size() > kMaxFrameBytes) return std::nullopt;
  std::copy(frame.begin(), frame.end(), in_.begin());
  in_bytes_ = frame.size();
  parsed_bytes_ = 0;
  std::memset(words_.data(), 0, code_.field_slots * sizeof(uint64_t));
  words_[program_.ingress_port] = port;
  words_[program_.packet_length] = frame.size();

  Execute(code_.parser);
  Execute(code_.verify);
  Execute(code_.ingress);
  const uint64_t egress = words_[program_.egress_spec];
  if (egress == kDropPort) return std::nullopt;
  Execute(code_.update);
  const size_t bytes = Deparse();
  return Sent{.port = static_cast<uint16_t>(egress), .frame = std::span(out_).first(bytes)};
}

void Pipeline::Execute(size_t from) {
  uint64_t* const words = words_.data();
  const Instruction* const start = code_.instructions.data();
  for (const Instruction* next = start + from;;) {
    const Instruction& now = *next++;
    switch (now.code) {
      case Code::kMove:
        words[now.target] = words[now.a];
        // They come in rows.
        for (; next->code == Code::kMove; ++next) words[next->target] = words[next->a];
        break;
      case Code::kJump:
        next = start + now.object;
        break;
      case Code::kJumpIfEqual:
        if (words[now.a] == words[now.b]) next = start + now.object;
        break;
      case Code::kJumpIfNotEqual:
        if (words[now.a] != words[now.b]) next = start + now.object;
        break;
      case Code::kJumpIfLess:
        if (words[now.a] < words[now.b]) next = start + now.object;
        break;
      case Code::kJumpIfNotLess:
        if (words[now.a] >= words[now.b]) next = start + now.object;
        break;
      case Code::kRead:
      case Code::kWrite:
        Access(now);
        break;
      case Code::kApply:
        Apply(now.object);
        break;
      case Code::kExtract:
        if (!Extract(code_.headers[now.object])) return;
        break;
      case Code::kVerify:
      case Code::kUpdate:
        CheckOrSet(now);
        break;
      case Code::kEnd:
        return;
      default:
        Compute(now, words);
    }
  }
}

// Beyond the end of an array nothing is written, and zero is read.
void Pipeline::Access(const Instruction& now) {
  std::vector<uint32_t>& array = arrays_[now.object];
  const uint64_t index = words_[now.a];
  if (now.code == Code::kRead) {
    words_[now.target] = index < array.size() ? array[index] : 0;
  } else if (index < array.size()) {
    array[index] = static_cast<uint32_t>(words_[now.b]);
  }
}

void Pipeline::CheckOrSet(const Instruction& now) {
  if (now.code == Code::kUpdate) {
    const SumLayout& layout = code_.updated[now.object];
    words_[layout.sum] = Sum(layout);
    return;
  }
  const SumLayout& layout = code_.verified[now.object];
  if (Sum(layout) != words_[layout.sum]) words_[program_.checksum_error] = 1;
}

void Pipeline::Apply(size_t number) {
  const Table& table = program_.tables[number];
  ExactTable::Keys keys{};
  for (size_t i = 0; i < table.keys.size(); ++i) keys[i] = words_[table.keys[i]];
  const ExactTable::Entry* entry = tables_[number].Find(keys);
  const size_t action = entry == nullptr ? table.default_action : entry->action;
  const std::vector<FieldId>& parameters = table.actions[action].parameters;
  for (size_t i = 0; i < parameters.size(); ++i) words_[parameters[i]] = entry->data[i];
  Execute(code_.actions[number][action]);
}

bool Pipeline::Extract(const HeaderLayout& header) {
  if (in_bytes_ - parsed_bytes_ < header.bytes) return false;
  const std::byte* const bytes = in_.data() + parsed_bytes_;
  for (const Group& group : header.groups) {
    const uint64_t word = LoadBigEndian(bytes + group.offset);
    for (const Group::Part& part : group.parts) {
      words_[part.slot] = (word >> part.shift) & part.mask;
    }
  }
  words_[header.valid] = 1;
  parsed_bytes_ += header.bytes;
  return true;
}

// Modulo 2^16 - 1, shifting by 16 bits changes nothing: so whole fields are added, and folded at
// the end.
uint64_t Pipeline::Sum(const SumLayout& layout) const {
  uint64_t sum = 0;
  for (const SumLayout::Part& part : layout.parts) {
    const uint64_t word = words_[part.slot] << part.shift;
    sum += (word >> 32) + (word & 0xffffffff);
  }
  while (sum >> 16 != 0) sum = (sum >> 16) + (sum & 0xffff);
  return ~sum & 0xffff;
}

size_t Pipeline::Deparse() {
  size_t bytes = 0;
  for (const int number : program_.emitted) {
    const HeaderLayout& header = code_.headers[static_cast<size_t>(number)];
    if (words_[header.valid] == 0) continue;
    for (const Group& group : header.groups) {
      uint64_t word = 0;
      for (const Group::Part& part : group.parts) word |= words_[part.slot] << part.shift;
      StoreBigEndian(word, out_.data() + bytes + group.offset);
    }
    bytes += header.bytes;
  }
  const size_t rest = in_bytes_ - parsed_bytes_;
  std::memcpy(out_.data() + bytes, in_.data() + parsed_bytes_, rest);
  return bytes + rest;
}

std::optional<size_t> Pipeline::FindRegister(std::string_view name) const {
  std::optional<size_t> found;
  for (size_t i = 0; i < program_.registers.size(); ++i) {
    const std::string_view full = program_.registers[i].name;
    if (full == name) return i;
    if (full.starts_with(name) && full.substr(name.size()).starts_with('.')) {
      if (found) return std::nullopt;
      found = i;
    }
  }
  return found;
}

absl::Status Pipeline::SetEntry(std::string_view table_name, std::span<const uint64_t> keys,
                                std::string_view action_name, std::span<const uint64_t> data) {
  const auto by_name = [](std::string_view name) {
    return [name](const auto& thing) { return thing.name == name; };
  };
  const auto table =
      std::find_if(program_.tables.begin(), program_.tables.end(), by_name(table_name));
  if (table == program_.tables.end()) {
    return absl::NotFoundError("there is no table " + std::string(table_name));
  }
  const auto action =
      std::find_if(table->actions.begin(), table->actions.end(), by_name(action_name));
  if (action == table->actions.end()) {
    return absl::NotFoundError("the table has no action " + std::string(action_name));
  }
  if (keys.size() != table->keys.size() || data.size() != action->parameters.size()) {
    return absl::InvalidArgumentError("the entry has another number of keys or data");
  }
  const auto fits = [this](uint64_t word, FieldId field) {
    return (word & ~Mask(program_.fields[field].width)) == 0;
  };
  if (!std::equal(keys.begin(), keys.end(), table->keys.begin(), fits) ||
      !std::equal(data.begin(), data.end(), action->parameters.begin(), fits)) {
    return absl::InvalidArgumentError("a key or data has more bits than its field");
  }
  ExactTable::Entry entry{.action = static_cast<size_t>(action - table->actions.begin()),
                          .data = {data.begin(), data.end()}};
  std::copy(keys.begin(), keys.end(), entry.keys.begin());
  if (!tables_[static_cast<size_t>(table - program_.tables.begin())].Set(std::move(entry))) {
    return absl::ResourceExhaustedError("the table is full");
  }
  return absl::OkStatus();
}

}  // namespace synod::slots::p4
