// The registers of the acceptor in the kernel, which are in its maps.
#ifndef SYNOD_TRANSPORTS_SWITCH_XDP_KERNEL_REGISTERS_H_
#define SYNOD_TRANSPORTS_SWITCH_XDP_KERNEL_REGISTERS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/switch/slot_registers.h"

#include "loaded_program.h"

namespace synod::slots {

// The memory of a map's values, which the kernel's programs have before them.
class MappedValues {
 public:
  MappedValues() = default;
  [[nodiscard]] static absl::StatusOr<MappedValues> Of(int map, size_t bytes);
  MappedValues(MappedValues&& other) noexcept
      : words_(std::exchange(other.words_, nullptr)), bytes_(other.bytes_) {}
  MappedValues& operator=(MappedValues&& other) noexcept {
    std::swap(words_, other.words_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedValues();

  [[nodiscard]] uint32_t Load(size_t word) const;
  void Store(size_t word, uint32_t stored);
  // All of them.
  void Clear();

 private:
  uint32_t* words_ = nullptr;
  size_t bytes_ = 0;
};

// The program's maps must outlive this.
class KernelRegisters {
 public:
  // kFailedPrecondition if what was pinned is another version's.
  [[nodiscard]] static absl::StatusOr<KernelRegisters> Of(const LoadedProgram& program);

  [[nodiscard]] uint32_t Read(SlotRegister which, size_t index) const;
  [[nodiscard]] absl::Status Write(const RegisterWrite& write);
  // All are zero. No packet sees some that are and others that are not.
  [[nodiscard]] absl::Status Clear();

 private:
  int control_ = -1;
  MappedValues promise_;
  MappedValues slots_;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_XDP_KERNEL_REGISTERS_H_
