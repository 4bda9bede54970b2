#include "kernel_registers.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "synod/base/assert.h"

#include "kernel_error.h"
#include "maps.h"

namespace synod::slots {
namespace {

// The structures' words are the registers in their order.
constexpr size_t kLastOfControl = static_cast<size_t>(SlotRegister::kTrim);
constexpr size_t kFirstOfPromise = static_cast<size_t>(SlotRegister::kHighest);
constexpr size_t kFirstOfSlot = static_cast<size_t>(SlotRegister::kGeneration);
constexpr size_t kSlotWords = sizeof(SynodSlot) / sizeof(uint32_t);

static_assert(offsetof(SynodControl, trim) - offsetof(SynodControl, enabled) ==
              kLastOfControl * sizeof(uint32_t));
static_assert(offsetof(SynodPromise, promised_low) ==
              (kFirstOfSlot - kFirstOfPromise - 1) * sizeof(uint32_t));
static_assert(offsetof(SynodSlot, value) ==
              (static_cast<size_t>(SlotRegister::kValue0) - kFirstOfSlot) * sizeof(uint32_t));

constexpr uint32_t kFirstKey = 0;

// Reads all of the control plane's words at one instant: under the lock.
absl::Status ReadControl(int map, SynodControl& control) {
  control = {};
  if (bpf_map_lookup_elem_flags(map, &kFirstKey, &control, BPF_F_LOCK) == 0) {
    return absl::OkStatus();
  }
  return KernelError("cannot read the control plane's registers", errno);
}

// Once this returns, no packet is under way that has seen what was there before.
absl::Status WriteControl(int map, const SynodControl& control) {
  if (bpf_map_update_elem(map, &kFirstKey, &control, BPF_F_LOCK) == 0) return absl::OkStatus();
  return KernelError("cannot write the control plane's registers", errno);
}

std::byte* WordOf(SynodControl& control, SlotRegister which) {
  return reinterpret_cast<std::byte*>(&control) + offsetof(SynodControl, enabled) +
         static_cast<size_t>(which) * sizeof(uint32_t);
}

size_t WordOfSlot(SlotRegister which, size_t index) {
  return index * kSlotWords + static_cast<size_t>(which) - kFirstOfSlot;
}

}  // namespace

absl::StatusOr<MappedValues> MappedValues::Of(int map, size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  MappedValues values;
  values.bytes_ = (bytes + page - 1) / page * page;
  void* const begin =
      mmap(nullptr, values.bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, map, /*offset=*/0);
  if (begin == MAP_FAILED) return KernelError("cannot share the program's memory", errno);
  values.words_ = static_cast<uint32_t*>(begin);
  return values;
}

MappedValues::~MappedValues() {
  if (words_ != nullptr) munmap(words_, bytes_);
}

uint32_t MappedValues::Load(size_t word) const {
  return std::atomic_ref<uint32_t>(words_[word]).load(std::memory_order_relaxed);
}

void MappedValues::Store(size_t word, uint32_t stored) {
  std::atomic_ref<uint32_t>(words_[word]).store(stored, std::memory_order_relaxed);
}

void MappedValues::Clear() { std::memset(words_, 0, bytes_); }

absl::StatusOr<KernelRegisters> KernelRegisters::Of(const LoadedProgram& program) {
  const absl::StatusOr<int> control = program.Map("control", sizeof(SynodControl));
  const absl::StatusOr<int> promise = program.Map("promise", sizeof(SynodPromise));
  const absl::StatusOr<int> slots = program.Map("slots", sizeof(SynodSlot));
  for (const auto& map : {control, promise, slots}) {
    if (!map.ok()) return map.status();
  }
  SynodControl now{};
  if (absl::Status status = ReadControl(*control, now); !status.ok()) return status;
  if (now.layout != 0 && now.layout != kSynodLayout) {
    return absl::FailedPreconditionError("what is pinned is another version's: layout " +
                                         std::to_string(now.layout));
  }
  now.layout = kSynodLayout;
  if (absl::Status status = WriteControl(*control, now); !status.ok()) return status;
  absl::StatusOr<MappedValues> shared_promise = MappedValues::Of(*promise, sizeof(SynodPromise));
  if (!shared_promise.ok()) return shared_promise.status();
  absl::StatusOr<MappedValues> shared_slots =
      MappedValues::Of(*slots, kWindowSlots * sizeof(SynodSlot));
  if (!shared_slots.ok()) return shared_slots.status();
  KernelRegisters registers;
  registers.control_ = *control;
  registers.promise_ = *std::move(shared_promise);
  registers.slots_ = *std::move(shared_slots);
  return registers;
}

uint32_t KernelRegisters::Read(SlotRegister which, size_t index) const {
  if (index >= SizeOf(which)) return 0;
  if (which >= SlotRegister::kGeneration) return slots_.Load(WordOfSlot(which, index));
  if (which >= SlotRegister::kHighest) {
    return promise_.Load(static_cast<size_t>(which) - kFirstOfPromise);
  }
  SynodControl control{};
  SYNOD_ASSERT(ReadControl(control_, control).ok(), "a map that is there can be read");
  uint32_t word = 0;
  std::memcpy(&word, WordOf(control, which), sizeof(word));
  return word;
}

// All of the control plane's words are written at once, with one changed. Nothing is lost between
// reading and writing: there is one control plane, and the program writes none of them.
absl::Status KernelRegisters::Write(const RegisterWrite& write) {
  if (write.index >= SizeOf(write.which)) return absl::OkStatus();
  if (write.which >= SlotRegister::kGeneration) {
    slots_.Store(WordOfSlot(write.which, write.index), write.word);
    return absl::OkStatus();
  }
  if (write.which >= SlotRegister::kHighest) {
    promise_.Store(static_cast<size_t>(write.which) - kFirstOfPromise, write.word);
    return absl::OkStatus();
  }
  SynodControl control{};
  if (absl::Status status = ReadControl(control_, control); !status.ok()) return status;
  std::memcpy(WordOf(control, write.which), &write.word, sizeof(write.word));
  return WriteControl(control_, control);
}

// The vote first. Behind that no packet touches the rest.
absl::Status KernelRegisters::Clear() {
  SynodControl none{};
  none.layout = kSynodLayout;
  if (absl::Status status = WriteControl(control_, none); !status.ok()) return status;
  promise_.Clear();
  slots_.Clear();
  return absl::OkStatus();
}

}  // namespace synod::slots
