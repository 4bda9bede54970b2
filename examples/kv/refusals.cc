#include "kv/refusals.h"

namespace synod_kv {

void Refusals::Note(std::string_view reason, std::string_view peer) {
  std::string line;
  {
    const std::lock_guard lock(mutex_);
    auto count = counts_.find(reason);
    if (count == counts_.end()) {
      const std::string_view name = counts_.size() < kMaxReasons ? reason : "other reasons";
      count = counts_.try_emplace(std::string(name)).first;
    }
    ++count->second;
    const Clock::time_point now = now_();
    if (now < next_log_) {
      ++unlogged_;
      return;
    }
    next_log_ = now + kLogInterval;
    line.append("answered a request from ").append(peer).append(" with: ").append(reason);
    if (unlogged_ > 0) {
      line.append("; ").append(std::to_string(unlogged_)).append(" more since the last such line");
    }
    unlogged_ = 0;
  }
  if (logger_) logger_(synod::Severity::kWarning, line);
}

std::vector<std::pair<std::string, uint64_t>> Refusals::Counters() const {
  const std::lock_guard lock(mutex_);
  return {counts_.begin(), counts_.end()};
}

}  // namespace synod_kv
