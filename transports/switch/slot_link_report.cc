// Phase 1: one promise for all slots, and then a look at each that may hold something.
#include <algorithm>
#include <utility>

#include "synod/base/mutation.h"
#include "synod/switch/slot_link.h"
#include "synod/switch/slot_value.h"

namespace synod::slots {

void SlotLink::On(const synod::Message& message, const PrepareRequest& request) {
  const bool tells_alone = request.from.value() >= kSlotEnd;  // That phase 1 goes on elsewhere.
  const Ballot ballot{message.term, message.from, message.incarnation};
  // It is asked again and again, and would never be done if it began anew each time.
  if (page_ && ballot == ballot_ && page_->from == request.from.value()) return;
  if (ballot > ballot_) page_.reset();
  if (!tells_alone && ballot >= ballot_) {
    // If the ballot is over, that is the answer to this.
    page_ = Page{.from = request.from.value(), .next = request.from.value()};
  }
  if (!BeginBallot(message)) {
    if (ballot >= ballot_) page_.reset();
    return;
  }
  if (tells_alone) return;
  Forget(Purpose::kRead);
  page_ = Page{.from = request.from.value(), .next = request.from.value()};
  ReadMore();
}

// The first 1a is the promise, and tells how far there is anything to be read. The others follow
// it, so that they are answered under it.
void SlotLink::ReadMore() {
  Page& page = *page_;
  const auto read = [&](uint64_t slot) {
    page.reading.insert(slot);
    Ask(Purpose::kRead, OneA(slot));
  };
  if (page.end == 0) {
    if (page.reading.empty()) read(InWindow(page.from));
    return;
  }
  // What the trim has passed meanwhile is chosen, and others must tell what it is (I8).
  page.next = std::max(page.next, WindowBegin());
  while (page.next < page.end && page.reading.size() < options_.max_in_flight) read(page.next++);
  if (page.reading.empty()) FinishPage();
}

void SlotLink::OnRead(const SlotPacket& answer) {
  Page& page = *page_;
  const uint64_t slot = answer.slot;
  page.reading.erase(slot);
  page.last = std::max(page.last, (uint64_t{answer.highest} + 1) * options_.chunk_slots);
  if (page.end == 0) {
    page.next = std::max(page.from, WindowBegin());
    page.end = std::max(page.next, std::min(page.last, page.next + options_.page_slots));
    if (page.next == slot && slot < page.end) ++page.next;
  }
  const Ballot accepted = answer.accepted.ToBallot();
  if (slot >= page.from && !accepted.IsZero() && accepted < ballot_) {
    // What a digest stands for was chosen only if a majority of the replicas has it, one of whom
    // reports it as well. One that none of them reports was never chosen (I10).
    if (auto entry = ToEntry(answer.value, slot, accepted)) {
      page.found.push_back({.entry = *std::move(entry), .ballot = accepted});
    }
  }
  ReadMore();
}

void SlotLink::FinishPage() {
  Page page = std::move(*page_);
  page_.reset();
  std::sort(
      page.found.begin(), page.found.end(),
      [](const AcceptedEntry& a, const AcceptedEntry& b) { return a.entry.index < b.entry.index; });
  const bool is_last = page.end >= page.last;
  // What it was told to forget may have been chosen by members of whom the candidate knows nothing,
  // so that none of those whom it asks has it (I8).
  const uint64_t first = Mutated(Mutation::kForgottenIsNothing) ? 1 : WindowBegin();
  Deliver(ballot_.round, PrepareReply{.ballot = ballot_,
                                      .promised = ballot_,
                                      .from = Index(page.from),
                                      .first = Index(std::max<uint64_t>(first, 1)),
                                      .chosen = {},
                                      .next = is_last ? Index() : Index(page.end),
                                      .accepted = std::move(page.found)});
}

}  // namespace synod::slots
