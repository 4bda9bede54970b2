// Keeps what a peer, or anybody on the network, can repeat at will from filling the log.
#ifndef SYNOD_TRANSPORTS_TCP_LOG_LIMITER_H_
#define SYNOD_TRANSPORTS_TCP_LOG_LIMITER_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/port/logger.h"

#include "counters.h"

namespace synod::tcp {

// One line per peer and kind of event in each interval; the next line says how many were left out.
// The interval grows as long as the event goes on: what nobody has seen to after ten minutes need
// not be said six times in each of those to come.
class LogLimiter {
 public:
  void set_logger(Logger logger) { logger_ = std::move(logger); }

  // `peer` is 0 for who is not known yet.
  void Log(Severity severity, NodeId peer, Counter event, Instant now, const std::string& line) {
    if (!logger_) return;
    Entry& entry = entries_[{peer, event}];
    const bool goes_on = now < std::exchange(entry.last, now) + entry.interval;
    if (now < entry.silent_until) {
      ++entry.left_out;
      return;
    }
    entry.interval = goes_on ? std::clamp(2 * entry.interval, kInterval, kIntervalMax) : kInterval;
    entry.silent_until = now + entry.interval;
    const uint64_t left_out = std::exchange(entry.left_out, 0);
    logger_(severity,
            left_out == 0 ? line : line + " (and " + std::to_string(left_out) + " times before)");
  }

 private:
  static constexpr Duration kInterval = std::chrono::seconds(10);
  static constexpr Duration kIntervalMax = std::chrono::minutes(10);
  struct Entry {
    Duration interval = Duration::zero();  // 0: nothing was logged yet.
    Instant silent_until = Instant::min();
    Instant last = Instant::min();  // Logged or not.
    uint64_t left_out = 0;
  };

  Logger logger_;
  std::map<std::pair<NodeId, Counter>, Entry> entries_;  // Bounded: peers × events.
};

}  // namespace synod::tcp

#endif  // SYNOD_TRANSPORTS_TCP_LOG_LIMITER_H_
