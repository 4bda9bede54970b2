// Phase 2: a window of slots under way, whose answers are folded into acks of a prefix without
// gaps; and the probes by which heartbeats are answered.
#include <algorithm>
#include <utility>

#include "synod/switch/slot_link.h"
#include "synod/switch/slot_value.h"

namespace synod::slots {

void SlotLink::On(const synod::Message& message, const AcceptRequest& request) {
  epoch_ = request.epoch;
  forget_ = std::max(forget_, request.forget);
  if (!BeginBallot(message)) return;
  // What the leader says to be chosen need not be accepted here any more.
  const uint64_t chosen = request.commit.value();
  const bool had_news = has_news_;
  CountAsAccepted(chosen);
  // That alone is no word of the acceptor's in this ballot.
  if (accepted_ == chosen) has_news_ = had_news;
  TakeEntries(request);
  SendMore();
  if (request.round != 0) {
    SendProbe({.round = request.round});
  } else if (accepts_.empty() || request.entries.empty()) {
    SendProbe({.acks = true});
  }
}

void SlotLink::TakeEntries(const AcceptRequest& request) {
  for (const Entry& entry : request.entries) {
    const uint64_t slot = entry.index.value();
    if (slot <= accepted_ || accepts_.contains(slot)) continue;
    if (slot >= kSlotEnd || accepts_.size() >= options_.max_queued) {
      ++counters_.dropped_slots;
      continue;
    }
    Accept accept{.value = ToSlotValue(entry)};
    if (IsDigest(accept.value)) ++counters_.digests;
    accepts_.emplace(slot, accept);
    unsent_ = std::min(unsent_, slot);
  }
}

void SlotLink::SendMore() {
  if (!accepts_.empty() && accepts_.begin()->first < WindowBegin()) SendProbe({.acks = true});
  for (auto at = accepts_.lower_bound(unsent_); at != accepts_.end(); ++at) {
    auto& [slot, accept] = *at;
    unsent_ = slot;
    if (in_flight_ >= options_.max_in_flight) return;
    if (knows_window_ && slot >= WindowEnd()) return;
    if (accept.is_done || accept.cookie || slot < WindowBegin()) continue;
    SlotPacket packet = OneA(slot);
    packet.message = Message::k2a;
    packet.value = accept.value;
    accept.cookie = Ask(Purpose::kAccept, packet);
    ++in_flight_;
  }
}

void SlotLink::OnAccepted(uint64_t slot) {
  const auto accept = accepts_.find(slot);
  if (accept != accepts_.end()) {
    Withdraw(accept->second);
    accept->second.is_done = true;
  }
  CountAsAccepted(accepted_);
  SendMore();
}

// The acceptor takes part in the ballot, and had forgotten all before this chunk: nothing else than
// what is chosen there can be proposed in a ballot so high.
void SlotLink::CountTrimmed(uint32_t trim) {
  if (trim > 0) CountAsAccepted(uint64_t{trim} * options_.chunk_slots - 1);
}

// Is no more under way, if it was.
void SlotLink::Withdraw(Accept& accept) {
  if (!accept.cookie) return;
  requests_.erase(*std::exchange(accept.cookie, std::nullopt));
  --in_flight_;
}

// All slots up to `slot` count as accepted, and those behind it that are.
void SlotLink::CountAsAccepted(uint64_t slot) {
  const uint64_t before = accepted_;
  accepted_ = std::max(accepted_, slot);
  while (!accepts_.empty() && accepts_.begin()->first <= accepted_) {
    Withdraw(accepts_.begin()->second);
    accepts_.erase(accepts_.begin());
  }
  while (!accepts_.empty() && accepts_.begin()->first == accepted_ + 1 &&
         accepts_.begin()->second.is_done) {
    ++accepted_;
    accepts_.erase(accepts_.begin());
  }
  if (accepted_ == before) return;
  has_news_ = true;
}

// One at a time, lest reads that come faster than answers put them off for ever. What is asked for
// meanwhile is asked by the next: an answer counts only for what was asked before it (I11).
void SlotLink::SendProbe(Probe more) {
  wanted_.round = std::max(wanted_.round, more.round);
  wanted_.acks |= more.acks;
  if (!probing_.IsEmpty()) return;
  probing_ = std::exchange(wanted_, {});
  Ask(Purpose::kProbe, OneA(InWindow(accepted_ + 1)));
}

void SlotLink::OnProbed(const SlotPacket& /*answer*/) {
  const Probe answered = std::exchange(probing_, {});
  if (answered.acks) has_news_ = true;
  if (answered.round != 0) Acknowledge(answered.round);
  if (!wanted_.IsEmpty()) SendProbe({});
}

void SlotLink::Acknowledge(uint64_t round) {
  Deliver(ballot_.round, AcceptReply{.ballot = ballot_,
                                     .promised = ballot_,
                                     .epoch = epoch_,
                                     .accepted = round == 0 ? Index(accepted_) : Index(),
                                     .received = Index(accepted_),
                                     .chosen = {},
                                     .round = round,
                                     .has_space = true});
}

}  // namespace synod::slots
