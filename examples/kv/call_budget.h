// The bound on what a member holds for its clients.
#ifndef SYNOD_KV_CALL_BUDGET_H_
#define SYNOD_KV_CALL_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace synod_kv {

// Counts the calls that are under way, wherever they wait: for a leader, for a quorum, for another
// member's answer, or until a client has taken its own. Beyond the bound they are refused rather
// than queued, since a queue that only grows helps nobody. Thread-safe; outlives the shares.
class CallBudget {
 public:
  struct Limits {
    size_t calls = 16 * 1024;
    size_t bytes = 256 * 1024 * 1024;  // Of their requests.
    size_t answer_bytes = 1024 * 1024 * 1024;
  };

  // One call's, until it is destroyed.
  class Share {
   public:
    Share(CallBudget& budget, size_t bytes) : budget_(&budget), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)),
          bytes_(other.bytes_),
          answer_bytes_(other.answer_bytes_) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (budget_ != nullptr) budget_->Return(bytes_, answer_bytes_);
    }

    // The call has its answer, and holds it as long as its share. False if there are too many
    // already: then it must not be kept. One that is alone is never too many, because its size has
    // a bound of its own.
    [[nodiscard]] bool AddAnswer(size_t bytes) {
      const size_t before = budget_->answer_bytes_.fetch_add(bytes, std::memory_order_relaxed);
      answer_bytes_ += bytes;
      return before == 0 || before + bytes <= budget_->limits_.answer_bytes;
    }

   private:
    CallBudget* budget_;
    size_t bytes_;
    size_t answer_bytes_ = 0;
  };

  CallBudget() : CallBudget(Limits()) {}
  explicit CallBudget(Limits limits) : limits_(limits) {}

  // Nothing if that would be too much.
  [[nodiscard]] std::optional<Share> Take(size_t bytes) {
    const size_t calls = calls_.fetch_add(1, std::memory_order_relaxed) + 1;
    const size_t all_bytes = bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (calls <= limits_.calls && all_bytes <= limits_.bytes) return Share(*this, bytes);
    Return(bytes, 0);
    return std::nullopt;
  }

  [[nodiscard]] size_t calls() const { return calls_.load(std::memory_order_acquire); }
  [[nodiscard]] size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] size_t answer_bytes() const {
    return answer_bytes_.load(std::memory_order_relaxed);
  }

 private:
  void Return(size_t bytes, size_t answer_bytes) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    answer_bytes_.fetch_sub(answer_bytes, std::memory_order_relaxed);
    calls_.fetch_sub(1, std::memory_order_release);
  }

  const Limits limits_;
  std::atomic<size_t> calls_ = 0;
  std::atomic<size_t> bytes_ = 0;
  std::atomic<size_t> answer_bytes_ = 0;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_CALL_BUDGET_H_
