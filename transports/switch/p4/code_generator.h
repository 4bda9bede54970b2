// Compiles a program to what runs.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_CODE_GENERATOR_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_CODE_GENERATOR_H_

#include "bytecode.h"
#include "program.h"
#include "source.h"

namespace synod::slots::p4 {

// The steps run in the order in which they are written. That is what a pipeline of stages comes to
// as long as each register array is in one of them, which AssignStages has seen to.
[[nodiscard]] Bytecode GenerateCode(const Program& program, Complaint& complaint);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_CODE_GENERATOR_H_
