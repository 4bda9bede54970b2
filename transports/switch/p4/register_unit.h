// Register units: what a switch does with a register array while a packet is in its stage.
//
// The unit of an array is the shortest run of steps that holds every access to it. It reads one
// word, compares and computes a little, and writes the word back, all in one stage.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_REGISTER_UNIT_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_REGISTER_UNIT_H_

#include <span>

#include "synod/switch/limits.h"

#include "dataflow.h"
#include "program.h"
#include "source.h"

namespace synod::slots::p4 {

// Complains if the run is more than a unit can do: a second read or write on the same way, a read
// after the write, two places, another array or a table, or too much in between.
void CheckRegisterUnit(const Program& program, int array, std::span<const Step> run,
                       const SwitchLimits& limits, Complaint& complaint);

// Complains if more fields of those that the run writes are used `elsewhere` than it has results.
void CheckUnitResults(const Program& program, int array, std::span<const Step> run,
                      const std::set<FieldId>& used_elsewhere, const SwitchLimits& limits,
                      Complaint& complaint);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_REGISTER_UNIT_H_
