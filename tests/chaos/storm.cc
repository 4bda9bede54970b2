#include "tests/chaos/storm.h"

#include <iterator>
#include <utility>

#include <gtest/gtest.h>

namespace synod::chaos {

namespace {

constexpr Weather kLost{.kind = Weather::Kind::kDropped};
constexpr Weather kHeld{.kind = Weather::Kind::kStalled};

}  // namespace

const Storm::Fault Storm::kFaults[] = {
    {"kill", &Storm::Kill},          {"kill all", &Storm::KillAll},
    {"stop", &Storm::Stop},          {"move leader", &Storm::MoveLeader},
    {"pause", &Storm::Pause},        {"slow", &Storm::Slow},
    {"shake", &Storm::Shake},        {"isolate", &Storm::Isolate},
    {"mute", &Storm::Mute},          {"deafen", &Storm::Deafen},
    {"hold back", &Storm::HoldBack}, {"split", &Storm::Split},
    {"bridge", &Storm::Bridge},
};

bool Storm::Run(Duration time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    const Fault& fault = kFaults[rng_.Below(std::size(kFaults))];
    Note(fault.name);
    (this->*fault.inflict)();
    if (::testing::Test::HasFailure() || !cluster_.Watch(DrawDuration())) return false;
    // Now and then the next fault meets a cluster that still suffers from this one.
    if (rng_.Chance(1, 3)) continue;
    Note("recover");
    cluster_.Recover();
    if (!cluster_.Watch(DrawDuration())) return false;
  }
  Note("recover");
  cluster_.Recover();
  return true;
}

void Storm::Kill() { cluster_.member(Victim()).Kill(); }

void Storm::KillAll() {
  for (const NodeId id : Shuffled()) cluster_.member(id).Kill();
}

void Storm::Stop() { cluster_.Stop(Victim()); }

void Storm::MoveLeader() { cluster_.MoveLeader(Shuffled().front()); }

void Storm::Pause() { cluster_.member(Victim()).Pause(); }

void Storm::Slow() {
  const Weather weather{.delay = std::chrono::milliseconds(rng_.Below(30)),
                        .jitter = std::chrono::milliseconds(rng_.Below(60))};
  for (const NodeId id : cluster_.Ids()) SetSent(id, weather);
}

void Storm::Shake() {
  const Weather weather{.jitter = std::chrono::milliseconds(5), .cut_one_in = 10 + rng_.Below(200)};
  for (const NodeId id : cluster_.Ids()) SetSent(id, weather);
}

void Storm::Isolate() {
  const NodeId victim = Victim();
  SetSent(victim, kLost);
  SetReceived(victim, kLost);
}

void Storm::Mute() { SetSent(Victim(), kLost); }

void Storm::Deafen() { SetReceived(Victim(), kLost); }

// What the victim sends, or is sent, arrives when the others have long gone on.
void Storm::HoldBack() {
  const NodeId victim = Victim();
  if (rng_.Chance(1, 2)) SetSent(victim, kHeld);
  if (rng_.Chance(1, 2)) SetReceived(victim, kHeld);
}

void Storm::Split() {
  const std::vector<NodeId> ids = Shuffled();
  const size_t cut = 1 + rng_.Below(ids.size() - 1);
  for (size_t a = 0; a < cut; ++a) {
    for (size_t b = cut; b < ids.size(); ++b) SetBetween(ids[a], ids[b], kLost);
  }
}

// Two parts that only one member, the first, connects.
void Storm::Bridge() {
  const std::vector<NodeId> ids = Shuffled();
  const size_t cut = 1 + ids.size() / 2;
  for (size_t a = 1; a < cut; ++a) {
    for (size_t b = cut; b < ids.size(); ++b) SetBetween(ids[a], ids[b], kLost);
  }
}

NodeId Storm::Victim() {
  const std::vector<NodeId> ids = cluster_.Ids();
  NodeId victim = ids[rng_.Below(ids.size())];
  if (rng_.Chance(1, 2)) {
    const NodeId leader = cluster_.FindLeader();
    if (!leader.IsZero()) victim = leader;
  }
  Note("  member " + std::to_string(victim.value()));
  return victim;
}

std::vector<NodeId> Storm::Shuffled() {
  std::vector<NodeId> ids = cluster_.Ids();
  for (size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[rng_.Below(i)]);
  std::string order;
  for (const NodeId id : ids) order += " " + std::to_string(id.value());
  Note("  members" + order);
  return ids;
}

void Storm::SetSent(NodeId member, const Weather& weather) {
  for (const NodeId other : cluster_.Ids()) {
    if (other != member) cluster_.network().Set(member, other, weather);
  }
}

void Storm::SetReceived(NodeId member, const Weather& weather) {
  for (const NodeId other : cluster_.Ids()) {
    if (other != member) cluster_.network().Set(other, member, weather);
  }
}

void Storm::SetBetween(NodeId a, NodeId b, const Weather& weather) {
  cluster_.network().Set(a, b, weather);
  cluster_.network().Set(b, a, weather);
}

void Storm::Note(const std::string& event) {
  const auto time = std::chrono::steady_clock::now() - start_;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time);
  trace_ += std::to_string(milliseconds.count()) + " ms: " + event + "\n";
}

Duration Storm::DrawDuration() {
  const uint64_t longest = rng_.Chance(1, 4) ? 2500 : 700;
  return std::chrono::milliseconds(50 + rng_.Below(longest));
}

}  // namespace synod::chaos
