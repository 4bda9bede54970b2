// Lays a program out in the stages of a switch, or says which limit it breaks, and where.
//
// A stage reads all of its operands at its beginning and writes all results at its end, so whatever
// uses a result is in a later stage. What is under a condition is in the condition's stage or a
// later one. A register array and a table are in one stage each.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_STAGES_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_STAGES_H_

#include "synod/switch/limits.h"

#include "program.h"
#include "source.h"

namespace synod::slots::p4 {

[[nodiscard]] StageReport AssignStages(const Program& program, const SwitchLimits& limits,
                                       Complaint& complaint);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_STAGES_H_
