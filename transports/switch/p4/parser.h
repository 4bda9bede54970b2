// Reads a P4 program, or says where it leaves the subset that is known here (docs/switch.md).
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_PARSER_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_PARSER_H_

#include <string_view>

#include "ast.h"
#include "source.h"

namespace synod::slots::p4 {

// What the program means is not looked at yet. Of no use once there is a complaint.
[[nodiscard]] ast::Program Parse(std::string_view program, Complaint& complaint);

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_PARSER_H_
