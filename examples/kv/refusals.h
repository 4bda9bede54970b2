// What clients were refused, for the operator to see.
#ifndef SYNOD_KV_REFUSALS_H_
#define SYNOD_KV_REFUSALS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synod/synod.h>

namespace synod_kv {

// Counts every request that ended with an error, by reason, and logs at most one a second: a client
// that repeats its mistake must neither fill the disk nor stay unseen. Thread-safe.
class Refusals {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Refusals(synod::Logger logger, std::function<Clock::time_point()> now = Clock::now)
      : logger_(std::move(logger)), now_(std::move(now)) {}

  // `reason` is what it is counted by; `peer` is the client's address.
  void Note(std::string_view reason, std::string_view peer);

  // Each reason and how often it was given.
  [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> Counters() const;

 private:
  // Reasons are few; should a client find a way to make them many, the rest counts as one.
  static constexpr size_t kMaxReasons = 64;
  static constexpr Clock::duration kLogInterval = std::chrono::seconds(1);

  const synod::Logger logger_;
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t, std::less<>> counts_;  // All below under mutex_.
  uint64_t unlogged_ = 0;                                // Since the last line.
  Clock::time_point next_log_ = Clock::time_point::min();
};

}  // namespace synod_kv

#endif  // SYNOD_KV_REFUSALS_H_
