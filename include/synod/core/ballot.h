// The numbers under which Multi-Paxos proposes.
#ifndef SYNOD_CORE_BALLOT_H_
#define SYNOD_CORE_BALLOT_H_

#include <compare>

#include "synod/base/ids.h"

namespace synod {

// Totally ordered, and never shared by two proposers: where two elect each other's quorums apart
// (Flexible Paxos), nothing but the ballot tells their proposals from each other. The incarnation
// keeps those of a replaced disk apart from its successor's, which proposes under the same name.
struct Ballot {
  Term round;
  NodeId node;
  Incarnation incarnation;

  [[nodiscard]] bool IsZero() const { return round.IsZero(); }

  friend auto operator<=>(const Ballot&, const Ballot&) = default;
};

}  // namespace synod

#endif  // SYNOD_CORE_BALLOT_H_
