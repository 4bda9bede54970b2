// Raises the trims of acceptors, beside the loop: a control plane is slow, and may not answer.
#ifndef SYNOD_TRANSPORTS_SWITCH_TRIM_RAISER_H_
#define SYNOD_TRANSPORTS_SWITCH_TRIM_RAISER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace synod::slots {

class TrimRaiser {
 public:
  struct Task {
    std::string control;  // The address of its control plane.
    uint32_t group = 0;
    uint64_t incarnation = 0;  // Of another one the trim is left alone.
    uint32_t trim = 0;
  };

  TrimRaiser() = default;
  // Waits for the task that is under way, for kTimeout at most.
  ~TrimRaiser();
  TrimRaiser(const TrimRaiser&) = delete;
  TrimRaiser& operator=(const TrimRaiser&) = delete;

  // Sooner or later, or not at all: whoever asks looks whether it was done, and asks again. Does
  // not block. What was asked before of the same control plane is forgotten if it has not begun.
  void Raise(Task task);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;    // Under mutex_. One of each control plane.
  bool is_stopping_ = false;  // Under mutex_.
  std::thread thread_;        // From the first task on.
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_TRIM_RAISER_H_
