#include "src/sim/acceptors.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/sim/shadow_log.h"

namespace synod::sim {
namespace {

constexpr uint32_t kGroup = 1;
// How long a word takes from the control plane to its register, on average.
constexpr Duration kControlDelay = std::chrono::milliseconds(2);

}  // namespace

// What a process sends and receives.
class Acceptors::Wire final : public slots::SlotWire {
 public:
  Wire(Acceptors& acceptors, Life& life, Loop& loop)
      : acceptors_(acceptors), life_(life), loop_(loop), number_(++acceptors.last_wire_) {}
  ~Wire() override { acceptors_.wires_.erase(number_); }

  absl::Status Start(EventLoop&, Receive receive) override {
    receive_ = std::move(receive);
    acceptors_.wires_[number_] = this;
    return absl::OkStatus();
  }
  void Send(slots::Endpoint to, const slots::SlotPacket& packet) override {
    if (!life_.MayAct()) return;
    const size_t which = WhichAt(to);
    if (which >= acceptors_.devices_.size() || acceptors_.IsCut(node(), which, true)) return;
    acceptors_.Pass([this_acceptors = &acceptors_, number = number_, which, packet] {
      this_acceptors->OnRequest(number, which, packet);
    });
  }
  void Flush() override {}
  void RaiseTrim(const slots::AcceptorAddress& acceptor, uint32_t /*group*/, uint64_t incarnation,
                 uint32_t trim) override {
    const size_t which = WhichAt(acceptor.data);
    if (life_.MayAct() && which < acceptors_.devices_.size()) {
      acceptors_.RaiseTrim(which, incarnation, trim);
    }
  }
  void Stop() override { acceptors_.wires_.erase(number_); }

  [[nodiscard]] NodeId node() const { return life_.node(); }
  // In a turn of the process.
  void Deliver(size_t which, const slots::SlotPacket& answer) {
    const Arrival arrival{.from = {.address = AddressOf(which), .port = kPort}, .packet = answer};
    loop_.Post([all = &acceptors_, number = number_, arrival] {
      const auto wire = all->wires_.find(number);
      if (wire != all->wires_.end()) wire->second->receive_({&arrival, 1});
    });
  }

  static constexpr uint16_t kPort = 7400;
  static uint32_t AddressOf(size_t which) { return 0x0a000001 + static_cast<uint32_t>(which); }

 private:
  static size_t WhichAt(slots::Endpoint to) { return to.address - AddressOf(0); }

  Acceptors& acceptors_;
  Life& life_;
  Loop& loop_;
  const uint64_t number_;
  Receive receive_;
};

// Lets the judge see what is said to acceptors and for them, and that come with what others say.
class Acceptors::Tap final : public slots::AcceptorTap {
 public:
  Tap(Judge& judge, Life& life, Loop& loop) : judge_(judge), life_(life), loop_(loop) {}

  bool OnRequest(const Message& message) override {
    if (!life_.MayAct()) return false;
    judge_.OnSend(message);
    return true;
  }
  void OnAnswers(std::span<Message> messages) override {
    for (Message& message : messages) {
      judge_.OnSend(message);
      loop_.Deliver(std::move(message));
    }
  }

 private:
  Judge& judge_;
  Life& life_;
  Loop& loop_;
};

Acceptors::Acceptors(World& world, const Options& options, const Network& network, Judge& judge,
                     Counts& counts)
    : world_(world),
      options_(options),
      network_(network),
      judge_(judge),
      counts_(counts),
      actor_(world.Add(*this)),
      dice_(world.Dice(Stream::kAcceptors)),
      delay_(options.network.delay) {
  for (size_t which = 0; which < options.acceptors; ++which) {
    Device& device = devices_.emplace_back(options.AcceptorChunkSlots());
    device.incarnation = options.Founders().RecordOf(NameOf(which))->incarnation;
    const auto steps = slots::EnableSteps(kGroup, device.incarnation.value(), /*trim=*/0);
    for (const slots::ControlStep& step : steps) {
      for (const slots::RegisterWrite& write : step) {
        device.acceptor.Write(write.which, write.index, write.word);
      }
    }
    judge_.OnAcceptorEnabled(NameOf(which), device.incarnation);
  }
}

std::unique_ptr<Transport> Acceptors::Reach(std::unique_ptr<Transport> replicas, Life& life,
                                            Loop& loop) {
  if (devices_.empty()) return replicas;
  slots::AcceptorOptions options;
  options.link.chunk_slots = options_.AcceptorChunkSlots();
  if (options_.acceptor_rounds != 0) options.link.max_round = options_.acceptor_rounds;
  options.link.trim_step = 1;
  options.link.trim_pause_min = options_.engine.heartbeat_interval;
  options.link.trim_pause_max = 10 * options_.engine.heartbeat_interval;
  options.link.max_in_flight = 8;
  options.link.page_slots = 16;
  options.tap = std::make_unique<Tap>(judge_, life, loop);
  return slots::WithAcceptors(std::move(replicas), std::make_unique<Wire>(*this, life, loop),
                              std::move(options));
}

MemberRecord Acceptors::RecordOf(NodeId acceptor) const {
  MemberRecord record = *options_.Founders().RecordOf(acceptor);
  record.incarnation = devices_[Find(acceptor)].incarnation;
  return record;
}

// --- Packets ---

void Acceptors::After(Duration delay, Task task) {
  size_t slot = tasks_.size();
  if (free_.empty()) {
    tasks_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  tasks_[slot] = std::move(task);
  world_.Schedule(world_.Now() + delay, actor_, slot);
}

void Acceptors::OnEvent(uint64_t slot) {
  world_.CountEvent();
  const auto number = static_cast<size_t>(slot);
  Task task = std::move(tasks_[number]);
  free_.push_back(number);
  task();
}

void Acceptors::Pass(const std::function<void()>& arrive) {
  const NetworkOptions& network = options_.network;
  const auto draw = [this](uint32_t chance) {
    return !is_calm_ && chance > 0 && dice_.Chance(chance, 10'000);
  };
  if (draw(network.lose)) return;
  for (int copies = draw(network.repeat) ? 2 : 1; copies > 0; --copies) {
    Duration delay = UpTo(dice_, 2 * delay_);
    if (draw(network.late)) delay += UpTo(dice_, 2 * network.lateness);
    After(delay, arrive);
  }
}

bool Acceptors::IsCut(NodeId node, size_t which, bool is_request) const {
  const NodeId beside = NodeId(1 + which % options_.nodes);
  if (is_calm_) return std::find(cut_off_.begin(), cut_off_.end(), node) != cut_off_.end();
  if (node == beside) return false;
  return is_request ? network_.IsCut(node, beside) : network_.IsCut(beside, node);
}

void Acceptors::OnRequest(uint64_t wire, size_t which, const slots::SlotPacket& packet) {
  Device& device = devices_[which];
  if (!device.is_on) return;
  std::array<std::byte, slots::kPacketBytes> bytes{};
  slots::Encode(packet, bytes);
  if (!device.acceptor.Process(bytes, bytes)) return;
  const slots::SlotPacket answer = *slots::Decode(bytes);
  ++counts_.slot_requests;
  world_.Mix(HashOf({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  judge_.OnSlotAnswered(NameOf(which), packet, answer);
  const auto asking = wires_.find(wire);
  if (asking == wires_.end() || IsCut(asking->second->node(), which, false)) return;
  Pass([this, wire, which, answer] {
    const auto there = wires_.find(wire);
    if (there != wires_.end()) there->second->Deliver(which, answer);
  });
}

// --- Control planes ---

// It looks which acceptor there is, and then writes: the power may be gone in between, and another
// be there afterwards.
void Acceptors::RaiseTrim(size_t which, uint64_t incarnation, uint32_t trim) {
  const auto read = [this, which](slots::SlotRegister reg) {
    return devices_[which].acceptor.Read(reg, 0);
  };
  After(UpTo(dice_, 2 * kControlDelay), [this, read, which, incarnation, trim] {
    using enum slots::SlotRegister;
    const uint64_t there = uint64_t{read(kIncarnationHigh)} << 32 | read(kIncarnationLow);
    if (read(kEnabled) == 0 || there != incarnation || trim <= read(kTrim)) return;
    After(UpTo(dice_, 2 * kControlDelay), [this, read, which, trim] {
      if (!devices_[which].is_on || trim <= read(kTrim)) return;
      devices_[which].acceptor.Write(kTrim, 0, trim);
      ++counts_.trims;
      NoteTrim(which);
    });
  });
}

void Acceptors::NoteTrim(size_t which) const {
  const uint32_t trim = devices_[which].acceptor.Read(slots::SlotRegister::kTrim, 0);
  judge_.OnTrimmed(NameOf(which), Index(uint64_t{trim} * options_.AcceptorChunkSlots()));
}

Incarnation Acceptors::NextIncarnation(size_t which) const {
  const Incarnation first = options_.Founders().RecordOf(NameOf(which))->incarnation;
  return Incarnation(first.value() + devices_[which].lives);
}

void Acceptors::CutPower(NodeId acceptor, Duration down) {
  const size_t which = Find(acceptor);
  Device& device = devices_[which];
  ++counts_.power_losses;
  ++device.lives;
  device.acceptor.PowerCycle();
  device.is_on = device.votes = false;
  judge_.OnAcceptorLost(acceptor);
  After(down, [this, which, life = device.lives] {
    devices_[which].is_on = true;
    // For a while it is there, and nobody has enabled it.
    After(UpTo(dice_, 20 * kControlDelay), [this, which, life] { Enable(which, 0, life); });
  });
}

void Acceptors::Enable(size_t which, size_t step, uint64_t life) {
  Device& device = devices_[which];
  if (device.lives != life) return;
  const auto steps = slots::EnableSteps(kGroup, NextIncarnation(which).value(), /*trim=*/0);
  if (step == steps.size()) {
    device.incarnation = NextIncarnation(which);
    device.votes = true;
    if (on_return) on_return(NameOf(which));
    return;
  }
  // The next step waits for the slowest of these.
  Duration slowest{};
  for (const slots::RegisterWrite& write : steps[step]) {
    const Duration delay = UpTo(dice_, 2 * kControlDelay);
    slowest = std::max(slowest, delay);
    After(delay, [this, which, write, life] {
      if (devices_[which].lives != life) return;
      devices_[which].acceptor.Write(write.which, write.index, write.word);
      if (write.which == slots::SlotRegister::kEnabled && write.word == 1) {
        judge_.OnAcceptorEnabled(NameOf(which), NextIncarnation(which));
        NoteTrim(which);
      }
    });
  }
  After(slowest, [this, which, step, life] { Enable(which, step + 1, life); });
}

void Acceptors::Calm(Duration soon) {
  is_calm_ = true;
  delay_ = std::min(delay_, soon);
}

}  // namespace synod::sim
