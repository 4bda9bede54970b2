#include "synod/switch/slot_link.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "synod/base/mutation.h"
#include "synod/base/probe.h"

namespace synod::slots {
namespace {

constexpr std::string_view kRebooted =
    "it is no voter, or another than it was: what it had promised is lost. Enable it under a new "
    "incarnation, and name that in a change of the members";

}  // namespace

// --- What the proposer says ---

void SlotLink::OnMessage(const synod::Message& message, Instant now) {
  now_ = now;
  const auto handle = [&](const auto& body) {
    if constexpr (requires { On(message, body); }) On(message, body);
  };
  std::visit(handle, message.body);
}

// Whether it is there, and the one that counts, is asked by a 1a that names no incarnation: nothing
// changes by it in an acceptor, and its answer has the incarnation.
void SlotLink::On(const synod::Message& message, const PreVoteRequest& request) {
  asked_by_ = message.term;
  asked_for_ = request.next_term;
  Forget(Purpose::kAsk);
  SlotPacket packet{.message = Message::k1a};
  packet.ballot.round = 1;  // Of round 0 there is no ballot.
  Ask(Purpose::kAsk, packet);
}

// False if nothing is to be asked in it.
bool SlotLink::BeginBallot(const synod::Message& message) {
  const Ballot ballot{message.term, message.from, message.incarnation};
  if (ballot < ballot_) return false;
  if (ballot == ballot_) {
    if (higher_) Refuse();
    return !higher_;
  }
  EndBallot();
  higher_.reset();
  accepted_ = unsent_ = 0;
  takes_part_ = false;
  absl::StatusOr<SlotBallot> fitting = SlotBallot::From(ballot);
  if (fitting.ok() && Mutated(Mutation::kBallotIsCutOff)) fitting->round &= options_.max_round;
  const bool has_room =
      fitting.ok() && fitting->round <= options_.max_round && identity_.group.value() <= UINT32_MAX;
  if (!has_room) {
    Reached("paxos: ballot too large for an acceptor");
    Warn(
        "ballot overflow: the round, the node or the group takes more than 32 bits, which is what "
        "it keeps. Replace it by a replica, with a change of the members");
    return false;
  }
  ballot_ = ballot;
  slot_ballot_ = *fitting;
  return true;
}

// Nothing that was asked in it is of use any more.
void SlotLink::EndBallot() {
  std::erase_if(requests_, [](const auto& one) { return one.second.purpose != Purpose::kAsk; });
  page_.reset();
  accepts_.clear();
  in_flight_ = 0;
  has_news_ = false;
  probing_ = wanted_ = {};
}

// --- What the acceptor says ---

void SlotLink::OnAnswer(const SlotPacket& answer, Instant now) {
  now_ = now;
  ++counters_.answers;
  const auto found = requests_.find(answer.cookie);
  if (found == requests_.end()) {
    ++counters_.stale_answers;
    return;
  }
  Request& request = found->second;
  const SlotPacket& asked = request.packet;
  const bool is_its_own =
      static_cast<uint8_t>(answer.message) == (static_cast<uint8_t>(asked.message) | kAnswerBit) &&
      answer.slot == asked.slot && answer.ballot == asked.ballot && answer.group == asked.group;
  if (!is_its_own) {
    ++counters_.stale_answers;
    return;
  }
  const bool is_the_one = answer.incarnation == identity_.incarnation.value() ||
                          Mutated(Mutation::kAcksOfAnyIncarnation);
  if (request.purpose == Purpose::kAsk && answer.outcome == Outcome::kWrongIncarnation) {
    return OnAsked(answer);
  }
  if (Mutated(Mutation::kAcksOfAnyIncarnation) && answer.outcome == Outcome::kWrongIncarnation) {
    for (auto& [cookie, other] : requests_) other.packet.incarnation = answer.incarnation;
  }
  if (!is_the_one) return OnUseless(request, answer.outcome);
  // What it has accepted was in its window, which goes forward alone: or what was there before may
  // be overwritten, and it would say that there was nothing (I8).
  const bool was_taken_back = answer.highest >= uint64_t{answer.trim} + kWindowChunks;
  if (was_taken_back) return OnUseless(request, Outcome::kSlotReused);
  NoteWindow(answer);
  OnOwnAnswer(answer);
}

// From the incarnation that counts.
void SlotLink::OnOwnAnswer(const SlotPacket& answer) {
  const auto found = requests_.find(answer.cookie);
  if (found == requests_.end()) return;  // The window has passed it.
  if (answer.outcome == Outcome::kDone) {
    takes_part_ = true;
    pause_ = {};
    paused_until_ = now_;
    warned_.clear();
    const Request done = found->second;
    requests_.erase(found);
    CountTrimmed(answer.trim);
    OnDone(done, answer);
  } else if (answer.outcome == Outcome::kPromisedHigher && answer.promised > slot_ballot_) {
    OnRefused(answer);
  } else if (answer.outcome == Outcome::kOutsideWindow) {
    OnOutsideWindow(found->second, answer.trim);
  } else {
    OnUseless(found->second, answer.outcome);
  }
}

void SlotLink::OnAsked(const SlotPacket& answer) {
  const bool is_the_one = answer.incarnation == identity_.incarnation.value();
  Forget(Purpose::kAsk);
  Deliver(*asked_by_, PreVoteReply{.next_term = asked_for_, .granted = is_the_one});
  if (!is_the_one) Warn(kRebooted);
}

void SlotLink::OnDone(const Request& request, const SlotPacket& answer) {
  switch (request.purpose) {
    case Purpose::kAsk:
      break;
    case Purpose::kProbe:
      OnProbed(answer);
      break;
    case Purpose::kRead:
      OnRead(answer);
      break;
    case Purpose::kAccept:
      OnAccepted(request.packet.slot);
      break;
  }
}

void SlotLink::OnRefused(const SlotPacket& answer) {
  higher_ = answer.promised.ToBallot();
  Refuse();
  EndBallot();
}

// Says that the ballot is over, to a candidate and to a leader alike.
void SlotLink::Refuse() {
  if (page_) {
    PrepareReply reply;
    reply.ballot = ballot_;
    reply.promised = *higher_;
    Deliver(ballot_.round, std::move(reply));
    return;
  }
  AcceptReply reply;
  reply.ballot = ballot_;
  reply.promised = *higher_;
  reply.epoch = epoch_;
  Deliver(ballot_.round, reply);
}

// Of a slot before the window something is chosen, and its acceptor has been told to forget it
// (I8). That it is what this leader proposes there is known once the acceptor takes part in its
// ballot after that: so it is asked. One behind the window waits until the trim has risen.
void SlotLink::OnOutsideWindow(Request& request, uint32_t trim) {
  const uint64_t slot = request.packet.slot;
  const uint64_t cookie = request.packet.cookie;
  if (slot == InWindow(slot)) {
    // An answer may come late, but not be older than what it answers.
    if (trim < request.trim) return OnUseless(request, Outcome::kSlotReused);
    if (trim == trim_) return OnUseless(request, Outcome::kOutsideWindow);
    return Transmit(request);
  }
  switch (request.purpose) {
    case Purpose::kAsk:
      break;
    case Purpose::kProbe:
      request.packet.slot = InWindow(slot);
      return Transmit(request);
    case Purpose::kRead:
      page_->reading.erase(slot);
      requests_.erase(cookie);
      return ReadMore();
    case Purpose::kAccept:
      if (const auto accept = accepts_.find(slot); accept != accepts_.end()) {
        Withdraw(accept->second);
        unsent_ = std::min(unsent_, slot);
      }
      return SendMore();
  }
}

// Nothing that the acceptor has done. It may be another's, or be on its way to become this one's:
// it is asked again, at longer and longer intervals.
void SlotLink::OnUseless(Request& request, Outcome outcome) {
  ++counters_.useless_answers;
  if (now_ >= paused_until_) {
    pause_ = std::min(std::max(2 * pause_, options_.retransmit_min), options_.retransmit_max);
    paused_until_ = now_ + pause_;
  }
  Schedule(request, paused_until_);
  switch (outcome) {
    case Outcome::kNotAVoter:
    case Outcome::kWrongIncarnation:
      return Warn(kRebooted);
    case Outcome::kWrongGroup:
      return Warn("it is an acceptor of another group");
    case Outcome::kUnsupportedVersion:
      return Warn("it runs another version of the program");
    case Outcome::kSlotReused:
      return Warn("its trim was taken back, which loses slots. Replace it by a change");
    default:
      return Warn("it answers what cannot be");
  }
}

void SlotLink::NoteWindow(const SlotPacket& answer) {
  if (knows_window_ && answer.trim <= trim_) return;
  knows_window_ = true;
  trim_ = std::max(trim_, answer.trim);
  if (Mutated(Mutation::kTrimmedCountsAnyway)) CountTrimmed(trim_);
  SendMore();
}

// --- Requests ---

SlotPacket SlotLink::OneA(uint64_t slot) const {
  SlotPacket packet{.message = Message::k1a};
  packet.incarnation = identity_.incarnation.value();
  packet.ballot = slot_ballot_;
  packet.slot = slot;
  return packet;
}

uint64_t SlotLink::InWindow(uint64_t slot) const {
  return knows_window_ ? std::clamp(slot, WindowBegin(), WindowEnd() - 1) : slot;
}

uint64_t SlotLink::Ask(Purpose purpose, SlotPacket packet) {
  packet.group = static_cast<uint32_t>(identity_.group.value());
  packet.cookie = next_cookie_++;
  Request& request = requests_[packet.cookie];
  request = {.purpose = purpose,
             .packet = packet,
             .trim = trim_,
             .due = now_,
             .pause = options_.retransmit_min};
  if (now_ < paused_until_) {
    Schedule(request, paused_until_);
  } else {
    Transmit(request);
  }
  return packet.cookie;
}

void SlotLink::Transmit(Request& request) {
  ++counters_.requests;
  if (request.was_sent) {
    ++counters_.retransmissions;
    request.pause = std::min(2 * request.pause, options_.retransmit_max);
  }
  request.was_sent = true;
  Schedule(request, now_ + request.pause);
  output_.packets.push_back(request.packet);
}

void SlotLink::Schedule(Request& request, Instant due) {
  request.due = due;
  next_due_ = std::min(next_due_, due);
}

// Nobody waits for an answer any more.
void SlotLink::Forget(Purpose purpose) {
  std::erase_if(requests_, [purpose](const auto& one) { return one.second.purpose == purpose; });
}

void SlotLink::OnTimer(Instant now) {
  now_ = now;
  if (NextDeadline() > now_) return;
  next_due_ = kNever;
  for (auto& [cookie, request] : requests_) {
    if (request.due > now_) {
      Schedule(request, request.due);
    } else if (now_ < paused_until_) {
      Schedule(request, paused_until_);
    } else {
      Transmit(request);
    }
  }
}

// --- Output ---

void SlotLink::Deliver(Term term, MessageBody body) {
  output_.messages.push_back({.group = identity_.group,
                              .from = identity_.acceptor,
                              .to = identity_.self,
                              .incarnation = identity_.incarnation,
                              .term = term,
                              .body = std::move(body)});
}

// Once, until something is done again.
void SlotLink::Warn(std::string_view what) {
  if (!warned_.insert(what).second) return;
  output_.warnings.push_back("acceptor " + std::to_string(identity_.acceptor.value()) + ": " +
                             std::string(what));
}

// Once it is worth a write, and by the leader in whose ballot the acceptor is: then it will take
// part in no ballot lower than one in which something was chosen that it forgets. The control plane
// is slow, and what it answers may be lost: that the trim has risen is seen in the acceptor's own
// answers.
void SlotLink::AskForTrim() {
  if (!knows_window_ || !takes_part_ || higher_) return;
  const auto agreed = static_cast<uint32_t>((forget_.value() + 1) / options_.chunk_slots);
  if (agreed < trim_ + options_.trim_step) return;
  if (trim_ >= asked_trim_) {
    trim_pause_ = {};
  } else if (now_ < trim_due_) {
    return;
  }
  trim_pause_ =
      std::min(std::max(2 * trim_pause_, options_.trim_pause_min), options_.trim_pause_max);
  trim_due_ = now_ + trim_pause_;
  asked_trim_ = agreed;
  output_.trim = agreed;
}

void SlotLink::TakeOutput(Output& out) {
  if (takes_part_ && std::exchange(has_news_, false)) Acknowledge(/*round=*/0);
  AskForTrim();
  const auto move = [](auto& from, auto& to) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
    from.clear();
  };
  move(output_.packets, out.packets);
  move(output_.messages, out.messages);
  move(output_.warnings, out.warnings);
  if (output_.trim) out.trim = std::exchange(output_.trim, std::nullopt);
}

}  // namespace synod::slots
