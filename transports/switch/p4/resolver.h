// Resolves a P4 program: what its names mean, and every control in the place where it is applied.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_RESOLVER_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_RESOLVER_H_

#include "ast.h"
#include "program.h"
#include "source.h"

namespace synod::slots::p4 {

// Of no use once there is a complaint.
[[nodiscard]] Program ResolveProgram(const ast::Program& source, Complaint& complaint);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_RESOLVER_H_
