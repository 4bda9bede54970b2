// The requests of one replica that have not ended yet, and their deadlines.
#ifndef SYNOD_SRC_REQUEST_TABLE_H_
#define SYNOD_SRC_REQUEST_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/outcome.h"
#include "synod/node/replica.h"

namespace synod::internal {

struct PendingProposal {
  absl::AnyInvocable<void(Outcome)> done;
};
struct PendingRead {
  absl::AnyInvocable<void(absl::StatusOr<std::string>)> done;
  std::string query;
  Consistency consistency = Consistency::kLinearizable;
};
struct PendingTransfer {
  absl::AnyInvocable<void(absl::Status)> done;
};
// Of the members.
struct PendingChange {
  absl::AnyInvocable<void(Outcome)> done;
};
using PendingRequest = std::variant<PendingProposal, PendingRead, PendingTransfer, PendingChange>;

// Whoever takes a request out ends it: that is what makes every request end once. A request's name
// holds its slot and how often that slot was used before, so that looking one up is one step, and a
// name whose request has ended (by its deadline, say, while the core still works on it) finds
// nothing. Slots are reused last in, first out: what is under way stays in the cache.
class RequestTable {
 public:
  // The most slots that a name can tell apart.
  static constexpr size_t kMaxRequests = size_t{1} << 24;

  RequestId Add(Instant deadline, PendingRequest request) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.emplace_back();
      deadlines_.push_back(kNever);
    }
    const uint32_t at = free_.back();
    free_.pop_back();
    Slot& slot = slots_[at];
    slot.request.emplace(std::move(request));
    ++slot.uses;
    deadlines_[at] = deadline;
    earliest_ = std::min(earliest_, deadline);
    return RequestId(slot.uses * kMaxRequests + at);
  }

  // Nothing if it has ended.
  std::optional<PendingRequest> Take(RequestId id) {
    PendingRequest* request = Find(id);
    if (request == nullptr) return std::nullopt;
    return TakeSlot(static_cast<uint32_t>(id.value() % kMaxRequests));
  }

  // Null if it has ended. Valid until the next Add.
  PendingRequest* Find(RequestId id) {
    const size_t at = id.value() % kMaxRequests;
    if (at >= slots_.size() || slots_[at].uses != id.value() / kMaxRequests ||
        !slots_[at].request) {
      return nullptr;
    }
    return &*slots_[at].request;
  }

  // No deadline passes before this instant.
  [[nodiscard]] Instant earliest_deadline() const { return earliest_; }

  // Takes those whose deadline has passed. Looks at every slot, but only once `earliest_deadline`
  // has come: for requests that are long done by their deadline, once in a deadline's length.
  std::vector<PendingRequest> TakeExpired(Instant now) {
    std::vector<PendingRequest> expired;
    if (now < earliest_) return expired;
    Instant earliest = kNever;
    for (uint32_t at = 0; at < deadlines_.size(); ++at) {
      if (deadlines_[at] <= now) {
        expired.push_back(TakeSlot(at));
      } else {
        earliest = std::min(earliest, deadlines_[at]);
      }
    }
    // A look costs time in the number of slots: not for every one of many close deadlines.
    earliest_ = earliest == kNever ? kNever : std::max(earliest, now + kGranularity);
    return expired;
  }

  std::vector<PendingRequest> TakeAll() {
    std::vector<PendingRequest> all;
    for (uint32_t at = 0; at < slots_.size(); ++at) {
      if (slots_[at].request) all.push_back(TakeSlot(at));
    }
    return all;
  }

 private:
  static constexpr Duration kGranularity = std::chrono::milliseconds(2);

  struct Slot {
    uint64_t uses = 0;
    std::optional<PendingRequest> request;
  };

  PendingRequest TakeSlot(uint32_t at) {
    PendingRequest request = std::move(*slots_[at].request);
    slots_[at].request.reset();
    deadlines_[at] = kNever;
    free_.push_back(at);
    return request;
  }

  std::vector<Slot> slots_;
  std::vector<Instant> deadlines_;  // By slot; kNever if it is free.
  std::vector<uint32_t> free_;
  Instant earliest_ = kNever;
};

}  // namespace synod::internal

#endif  // SYNOD_SRC_REQUEST_TABLE_H_
