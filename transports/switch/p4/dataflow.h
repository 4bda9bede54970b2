// What the steps of a program read and write, and what it takes to compute a value.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_DATAFLOW_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_DATAFLOW_H_

#include <set>
#include <span>
#include <vector>

#include "program.h"

namespace synod::slots::p4 {

// Fields that steps touch, those of inner steps included.
struct Touched {
  std::set<FieldId> read{};
  std::set<FieldId> written{};
  std::set<int> registers{};
  std::set<int> tables{};

  void Add(const Value& value);
  void Add(const Step& step);  // A table's keys and actions are not looked at.
  void Add(const std::vector<Step>& steps);
};

// Adds to each field's number how often the steps read it.
void CountUses(std::span<const Step> steps, std::vector<int>& uses);

// How many operations stand in one another: 0 of a constant, a field or a part of one, which is
// wiring; each takes a stage of its own.
[[nodiscard]] int DepthOf(const Value& value);

// How often it compares; a bool's field counts as one.
[[nodiscard]] int ComparisonsIn(const Value& condition);

// An operation that compares or computes something other than fields, constants and parts of them;
// null if there is none.
[[nodiscard]] const Value* FindComputedOperand(const Value& condition);

// An operation on more bits than a switch's units have, 32; null if there is none. Moves and
// comparisons for equality may be wider.
[[nodiscard]] const Value* FindWideOperation(const Value& value);

[[nodiscard]] bool AreEqual(const Value& a, const Value& b);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_DATAFLOW_H_
