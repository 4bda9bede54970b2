// How a request ends: exactly once, and honest about what is known.
#ifndef SYNOD_CORE_OUTCOME_H_
#define SYNOD_CORE_OUTCOME_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "synod/base/ids.h"

namespace synod {

// Why a request did not succeed.
enum class Reason : uint8_t {
  kNone = 0,
  kNotLeader = 1,       // Ask the leader; the hint names it if it is known.
  kNoQuorum = 2,        // The members have not all introduced themselves yet, so nobody may lead.
  kLeadershipLost = 3,  // This replica stopped leading while the request was under way.
  kTransferring = 4,    // Leadership is being handed over; ask again in a moment.
  kOverloaded = 5,  // A bound on what may be under way is reached; ask again later, more slowly.
  kTooLarge = 6,    // The command exceeds the group's max_entry_bytes.
  kNoSpace = 7,     // The log's disk is nearly full.
  kDeadline = 8,    // The caller's deadline passed.
  kStopped = 9,     // The replica is stopping or has failed.
  kNotVoter = 10,   // The target of a transfer may not lead.
  kUnreachable =
      11,          // The target of a transfer did not catch up in time, or a newcomer not answer.
  kNotReady = 12,  // This leader has not committed anything of its own yet; ask again in a moment.
  kChanging = 13,  // Another change of the members is under way.
  // The change names a node twice, or leaves members, be it on its way, who cannot decide.
  kInvalidChange = 14,
};

namespace internal {

// Of each reason, in the order of their numbers.
struct ReasonText {
  std::string_view name;
  std::string_view sentence;
};
inline constexpr ReasonText kReasonTexts[] = {
    {"none", "no reason"},
    {"not_leader", "this replica is not the leader"},
    {"no_quorum", "the members have not all introduced themselves yet"},
    {"leadership_lost", "leadership was lost while the request was under way"},
    {"transferring", "leadership is being transferred"},
    {"overloaded", "too many requests are under way"},
    {"too_large", "the command is larger than max_entry_bytes"},
    {"no_space", "the log's disk is nearly full"},
    {"deadline", "the deadline passed"},
    {"stopped", "the replica is stopped"},
    {"not_voter", "the target is not a voter"},
    {"unreachable", "the target did not answer or catch up in time"},
    {"not_ready", "the leader has only just been elected"},
    {"changing", "another change of the members is under way"},
    {"invalid_change",
     "the change names a node twice, or leaves members, be it on its way, who cannot decide"},
};

}  // namespace internal

inline constexpr size_t kReasons = std::size(internal::kReasonTexts);  // Numbered from 0 on.

// One word for counters. Precondition: it is one of them.
constexpr std::string_view Name(Reason reason) {
  return internal::kReasonTexts[static_cast<size_t>(reason)].name;
}

// One sentence for people.
constexpr std::string_view Describe(Reason reason) {
  const auto number = static_cast<size_t>(reason);
  return number < kReasons ? internal::kReasonTexts[number].sentence : "unknown reason";
}

// The end of a proposal.
struct Outcome {
  enum class Kind : uint8_t {
    kCommitted,     // Applied at `index`, with `result`.
    kNotCommitted,  // Never appended, and never will be: safe to retry.
    kUnknown,       // It may have committed or may yet: retry only what may happen twice.
  };
  Kind kind = Kind::kUnknown;
  Reason reason = Reason::kNone;  // Of kNotCommitted and kUnknown.
  Index index = {};               // Of kCommitted.
  std::string result = {};        // The state machine's answer, of kCommitted.
  NodeId leader = {};             // Who leads, as far as this replica knows; 0: nobody known.

  [[nodiscard]] bool ok() const { return kind == Kind::kCommitted; }
};

// A request of this replica's that ended without an entry to apply, as the core reports it.
struct Resolved {
  RequestId request;
  Outcome::Kind kind = Outcome::Kind::kNotCommitted;  // kCommitted: a transfer that succeeded.
  Reason reason = Reason::kNone;

  friend bool operator==(const Resolved&, const Resolved&) = default;
};

}  // namespace synod

#endif  // SYNOD_CORE_OUTCOME_H_
