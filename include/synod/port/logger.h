// Where the library's few log lines go.
#ifndef SYNOD_PORT_LOGGER_H_
#define SYNOD_PORT_LOGGER_H_

#include <functional>
#include <string_view>

namespace synod {

enum class Severity { kInfo, kWarning, kError };

// Called from any thread with one complete line, without its newline; must not block for long nor
// call back. An empty function discards.
using Logger = std::function<void(Severity, std::string_view line)>;

// Writes lines with time and severity to standard error.
Logger StderrLogger();

}  // namespace synod

#endif  // SYNOD_PORT_LOGGER_H_
