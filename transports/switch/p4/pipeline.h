// A compiled P4 program with its registers and tables: runs packets.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_PIPELINE_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_PIPELINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/switch/limits.h"

#include "bytecode.h"
#include "exact_table.h"
#include "program.h"

namespace synod::slots::p4 {

class Pipeline {
 public:
  static constexpr size_t kMaxFrameBytes = 2048;

  // kInvalidArgument names the place in `file` and the reason: not P4, outside of the subset, or
  // more than a switch can do.
  [[nodiscard]] static absl::StatusOr<Pipeline> Compile(std::string_view file,
                                                        std::string_view text,
                                                        const SwitchLimits& limits);

  struct Sent {
    uint16_t port = 0;
    std::span<const std::byte> frame{};  // Valid until the next run.
  };
  // What becomes of a frame that came in at a port; nothing if it is dropped, as one is that is
  // longer than kMaxFrameBytes. Allocates nothing.
  std::optional<Sent> Run(uint16_t port, std::span<const std::byte> frame);

  // As after power-on: registers are zero and tables empty.
  void Reset();

  // A register by its name: "trim", "promised_round.cell"; or by its control's alone, if that has
  // no other.
  [[nodiscard]] std::optional<size_t> FindRegister(std::string_view name) const;
  [[nodiscard]] const std::vector<Register>& registers() const { return program_.registers; }
  [[nodiscard]] uint32_t Read(size_t array, size_t index) const { return arrays_[array][index]; }
  void Write(size_t array, size_t index, uint32_t word) { arrays_[array][index] = word; }
  // All words of an array.
  [[nodiscard]] std::span<const uint32_t> Words(size_t array) const { return arrays_[array]; }

  // kNotFound, kInvalidArgument, kResourceExhausted.
  [[nodiscard]] absl::Status SetEntry(std::string_view table, std::span<const uint64_t> keys,
                                      std::string_view action, std::span<const uint64_t> data);

  [[nodiscard]] const StageReport& stages() const { return stages_; }

 private:
  Pipeline(Program program, Bytecode code, StageReport stages);

  void Execute(size_t from);
  void Access(const Instruction& instruction);
  void Apply(size_t table);
  bool Extract(const HeaderLayout& header);
  void CheckOrSet(const Instruction& instruction);
  uint64_t Sum(const SumLayout& layout) const;
  size_t Deparse();

  Program program_;
  Bytecode code_;
  StageReport stages_;
  std::vector<std::vector<uint32_t>> arrays_;
  std::vector<ExactTable> tables_;

  std::vector<uint64_t> words_;  // By slot.
  // What is loaded and stored is eight bytes at a time, so there are some more than a frame has.
  std::array<std::byte, kMaxFrameBytes + 8> in_{};
  std::array<std::byte, 2 * kMaxFrameBytes + 8> out_{};
  size_t in_bytes_ = 0;
  size_t parsed_bytes_ = 0;
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_PIPELINE_H_
