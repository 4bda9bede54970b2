#include "synod/switch/emulated_switch.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "p4/pipeline.h"

namespace synod::slots {
namespace {

constexpr uint64_t kMillion = 1'000'000;
// A switch's buffers are small: what would be held beyond passes at once.
constexpr size_t kMaxHeld = 256;

// Of what is due, what comes first; the end if nothing is due by `now`.
template <class Queue>
auto FirstDue(Queue& queue, Instant now) {
  const auto first = std::min_element(queue.begin(), queue.end(), [](const auto& a, const auto& b) {
    return std::tie(a.due, a.order) < std::tie(b.due, b.order);
  });
  return first == queue.end() || first->due > now ? queue.end() : first;
}

}  // namespace

TableEntry OwnAddress(Endpoint address) {
  return {.table = "own_address",
          .keys = {address.address, address.port},
          .action = "vote",
          .data = {}};
}

absl::StatusOr<std::unique_ptr<EmulatedSwitch>> EmulatedSwitch::Create(SwitchOptions options) {
  const std::string_view text = options.program.empty() ? AcceptorProgram() : options.program;
  absl::StatusOr<p4::Pipeline> pipeline =
      p4::Pipeline::Compile(options.program_name, text, options.limits);
  if (!pipeline.ok()) return pipeline.status();
  for (const TableEntry& entry : options.entries) {
    const absl::Status status =
        pipeline->SetEntry(entry.table, entry.keys, entry.action, entry.data);
    if (!status.ok()) {
      return absl::InvalidArgumentError("an entry of " + entry.table + ": " +
                                        std::string(status.message()));
    }
  }
  if (options.control_delay_max < options.control_delay_min) {
    return absl::InvalidArgumentError("control_delay_max is less than control_delay_min");
  }
  return std::unique_ptr<EmulatedSwitch>(
      new EmulatedSwitch(std::move(options), std::make_unique<p4::Pipeline>(*std::move(pipeline))));
}

EmulatedSwitch::EmulatedSwitch(SwitchOptions options, std::unique_ptr<p4::Pipeline> pipeline)
    : options_(std::move(options)), pipeline_(std::move(pipeline)), rng_(options_.seed) {}

EmulatedSwitch::~EmulatedSwitch() = default;

const StageReport& EmulatedSwitch::stages() const { return pipeline_->stages(); }

void EmulatedSwitch::Receive(uint16_t port, std::span<const std::byte> frame, Instant now,
                             Transmit transmit) {
  Advance(now, transmit);
  if (is_on_) Disturb(/*is_out=*/false, port, frame, transmit);
}

void EmulatedSwitch::Advance(Instant now, Transmit transmit) {
  now_ = std::max(now_, now);
  while (!writes_.empty() || !held_.empty()) {
    const auto write = FirstDue(writes_, now_);
    const auto held = FirstDue(held_, now_);
    if (write == writes_.end() && held == held_.end()) return;
    if (held == held_.end() || (write != writes_.end() && write->due <= held->due)) {
      TakeEffect(*write);
      writes_.erase(write);
    } else {
      const Held frame = std::move(*held);
      held_.erase(held);
      Pass(frame.is_out, frame.port, frame.frame, transmit);
    }
  }
}

Instant EmulatedSwitch::NextEvent() const {
  Instant next = kNever;
  for (const Write& write : writes_) next = std::min(next, write.due);
  for (const Held& held : held_) next = std::min(next, held.due);
  return next;
}

void EmulatedSwitch::Disturb(bool is_out, uint16_t port, std::span<const std::byte> frame,
                             Transmit transmit) {
  const PortFaults& faults = options_.faults;
  if (faults.loss > 0 && rng_.Chance(faults.loss, kMillion)) return;
  const int copies = faults.duplication > 0 && rng_.Chance(faults.duplication, kMillion) ? 2 : 1;
  for (int copy = 0; copy < copies; ++copy) {
    if (faults.reordering > 0 && rng_.Chance(faults.reordering, kMillion) &&
        held_.size() < kMaxHeld) {
      const auto most = static_cast<uint64_t>(faults.held_max.count());
      held_.push_back({.due = now_ + Duration(rng_.Below(most + 1)),
                       .order = next_order_++,
                       .is_out = is_out,
                       .port = port,
                       .frame = {frame.begin(), frame.end()}});
    } else {
      Pass(is_out, port, frame, transmit);
    }
  }
}

void EmulatedSwitch::Pass(bool is_out, uint16_t port, std::span<const std::byte> frame,
                          Transmit transmit) {
  if (is_out) {
    transmit(port, frame);
    return;
  }
  if (const auto sent = pipeline_->Run(port, frame)) {
    Disturb(/*is_out=*/true, sent->port, sent->frame, transmit);
  }
}

absl::StatusOr<size_t> EmulatedSwitch::Find(std::string_view name, uint32_t index) const {
  if (!is_on_) return absl::UnavailableError("the power is off");
  const auto array = pipeline_->FindRegister(name);
  if (!array) return absl::NotFoundError("there is no register " + std::string(name));
  if (index >= pipeline_->registers()[*array].size) {
    return absl::OutOfRangeError("the register " + std::string(name) + " has no word " +
                                 std::to_string(index));
  }
  return *array;
}

absl::Status EmulatedSwitch::WriteRegister(std::string_view name, uint32_t index, uint32_t word,
                                           Instant now) {
  return Schedule(name, index, word, /*raises=*/false, now);
}

absl::Status EmulatedSwitch::RaiseRegister(std::string_view name, uint32_t index, uint32_t word,
                                           Instant now) {
  return Schedule(name, index, word, /*raises=*/true, now);
}

absl::Status EmulatedSwitch::Schedule(std::string_view name, uint32_t index, uint32_t word,
                                      bool raises, Instant now) {
  const absl::StatusOr<size_t> array = Find(name, index);
  if (!array.ok()) return array.status();
  const auto spread =
      static_cast<uint64_t>((options_.control_delay_max - options_.control_delay_min).count());
  const Duration delay = options_.control_delay_min + Duration(rng_.Below(spread + 1));
  now_ = std::max(now_, now);
  const Write write{.due = now_ + delay,
                    .order = next_order_++,
                    .array = *array,
                    .index = index,
                    .word = word,
                    .raises = raises};
  if (delay == Duration::zero()) {
    TakeEffect(write);
  } else {
    writes_.push_back(write);
  }
  return absl::OkStatus();
}

void EmulatedSwitch::TakeEffect(const Write& write) {
  if (write.raises && pipeline_->Read(write.array, write.index) >= write.word) return;
  pipeline_->Write(write.array, write.index, write.word);
}

absl::StatusOr<uint32_t> EmulatedSwitch::ReadRegister(std::string_view name, uint32_t index) const {
  const absl::StatusOr<size_t> array = Find(name, index);
  if (!array.ok()) return array.status();
  return pipeline_->Read(*array, index);
}

absl::Status EmulatedSwitch::SetEntry(const TableEntry& entry) {
  if (!is_on_) return absl::UnavailableError("the power is off");
  return pipeline_->SetEntry(entry.table, entry.keys, entry.action, entry.data);
}

void EmulatedSwitch::PowerOff() {
  is_on_ = false;
  writes_.clear();
  held_.clear();
}

void EmulatedSwitch::PowerOn() {
  if (is_on_) return;
  is_on_ = true;
  pipeline_->Reset();
  // They fitted when this was created.
  for (const TableEntry& entry : options_.entries) (void)SetEntry(entry);
}

}  // namespace synod::slots
