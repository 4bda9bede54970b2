// The logger that is used unless the host is given another.
#include "synod/port/logger.h"

#include <cstdio>
#include <ctime>
#include <string_view>
#include <sys/time.h>

namespace synod {

Logger StderrLogger() {
  return [](Severity severity, std::string_view line) {
    static constexpr char kLetters[] = {'I', 'W', 'E'};
    timeval now{};
    gettimeofday(&now, nullptr);
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char time[32];
    std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &parts);
    // One call for one line, so that lines of several threads do not mix.
    std::fprintf(stderr, "%s.%06ldZ %c %.*s\n", time, static_cast<long>(now.tv_usec),
                 kLetters[static_cast<int>(severity)], static_cast<int>(line.size()), line.data());
  };
}

}  // namespace synod
