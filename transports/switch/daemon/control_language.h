// What can be said at synod-switch's control port: one line, one line in answer.
//
//   read REGISTER INDEX         ok WORD
//   write REGISTER INDEX WORD   ok; it takes effect later
//   raise REGISTER INDEX WORD   ok; the same, unless the word is as great by then
//   pending                     ok N: writes that have not taken effect
//   power off | power on        ok
//
// What is wrong is answered with "error" and the reason.
#ifndef SYNOD_TRANSPORTS_SWITCH_DAEMON_CONTROL_LANGUAGE_H_
#define SYNOD_TRANSPORTS_SWITCH_DAEMON_CONTROL_LANGUAGE_H_

#include <string>
#include <string_view>

#include "synod/base/time.h"

#include "device.h"

namespace synod::slots {

// The answer, without the end of the line.
[[nodiscard]] std::string AnswerControl(std::string_view line, Device& device, Instant now);

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DAEMON_CONTROL_LANGUAGE_H_
