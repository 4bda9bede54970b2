#include "src/sim/machine.h"

#include <algorithm>

namespace synod::sim {

// --- Loop ---

void Loop::Deliver(Message message) {
  if (ended_ || !life_.IsAlive()) return;
  inbox_.push_back(std::move(message));
  Wake();
}

void Loop::Start() {
  started_ = true;
  Wake();
}

void Loop::Stop() {
  // Of one that has died nobody sees any more what it does.
  if (!life_.IsAlive()) {
    after_turn = nullptr;
    inbox_.clear();
  }
  if (started_ && !ended_) Turn();
  ended_ = true;
  posted_.clear();
  deferred_.clear();
  timers_.clear();
}

absl::Status Loop::Watch(int, uint8_t, absl::AnyInvocable<void(uint8_t)>) {
  return absl::UnimplementedError("a simulated machine has no descriptors");
}

EventLoop::TimerId Loop::RunAt(Instant when, Task task) {
  const uint64_t id = next_timer_++;
  timers_.emplace(std::pair(when, id), std::move(task));
  timer_times_.emplace(id, when);
  if (!in_turn_) WakeAt(life_.WorldTimeOf(when));
  return static_cast<TimerId>(id);
}

void Loop::Cancel(TimerId timer) {
  const auto id = static_cast<uint64_t>(timer);
  const auto found = timer_times_.find(id);
  if (found == timer_times_.end()) return;
  timers_.erase({found->second, id});
  timer_times_.erase(found);
}

void Loop::Post(Task task) {
  if (ended_) return;
  posted_.push_back(std::move(task));
  if (!in_turn_) Wake();
}

void Loop::WakeAt(Instant world) {
  if (!started_ || ended_ || world == kNever) return;
  world = std::max(world, life_.paused_until);
  if (world >= wake_at_) return;
  wake_at_ = world;
  life_.world().Schedule(world, actor_, ++turns_);
}

void Loop::OnEvent(uint64_t turn) {
  if (turn != turns_ || ended_ || !life_.IsAlive()) return;
  if (life_.world().Now() < life_.paused_until) {
    wake_at_ = kNever;
    WakeAt(life_.paused_until);
    return;
  }
  if (IsTimerDue()) life_.world().CountEvent();
  Turn();
}

// What it was woken for may be something else that was counted already, or be gone: a timer that
// was cancelled, or a deadline that has moved.
bool Loop::IsTimerDue() const {
  const Instant now = life_.Clock();
  return due_ <= now || (!timers_.empty() && timers_.begin()->first.first <= now);
}

void Loop::Turn() {
  wake_at_ = kNever;
  in_turn_ = true;
  now_ = std::max(now_, life_.Clock());
  if (!inbox_.empty() && receiver_ != nullptr) {
    delivering_.swap(inbox_);
    if (before_messages) before_messages(delivering_);
    receiver_->OnMessages(delivering_);
    delivering_.clear();
  }
  for (Task& task : std::exchange(posted_, {})) task();
  RunDueTimers();
  due_ = turn_end_ ? turn_end_() : kNever;
  for (Task& task : std::exchange(deferred_, {})) task();
  in_turn_ = false;
  if (after_turn) after_turn();
  if (ended_) return;
  if (!posted_.empty() || !deferred_.empty() || !inbox_.empty()) Wake();
  WakeAt(life_.WorldTimeOf(due_));
  if (!timers_.empty()) WakeAt(life_.WorldTimeOf(timers_.begin()->first.first));
}

// All that is due is known before the first runs: a timer that a task sets is for a later turn,
// even if due, and one that a task cancels does not run.
void Loop::RunDueTimers() {
  std::vector<std::pair<Instant, uint64_t>> due;
  for (const auto& [timer, task] : timers_) {
    if (timer.first > now_) break;
    due.push_back(timer);
  }
  for (const auto& timer : due) {
    auto node = timers_.extract(timer);
    if (node.empty()) continue;
    timer_times_.erase(timer.second);
    node.mapped()();
  }
}

// --- SimulatedExecutor ---

void SimulatedExecutor::Post(Task task) {
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1 && !running_) ScheduleNext();
}

void SimulatedExecutor::ScheduleNext() {
  const Instant begin = std::max(life_.world().Now(), stall_until_);
  life_.world().Schedule(begin + UpTo(dice_, 2 * pace), actor_, ++next_);
}

void SimulatedExecutor::StallUntil(Instant world) {
  stall_until_ = world;
  if (!stopped_ && !running_ && !tasks_.empty()) ScheduleNext();
}

void SimulatedExecutor::OnEvent(uint64_t number) {
  if (number != next_ || stopped_ || tasks_.empty() || !life_.IsAlive()) return;
  if (life_.world().Now() < life_.paused_until) {
    life_.world().Schedule(life_.paused_until, actor_, number);
    return;
  }
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  running_ = true;
  task();
  running_ = false;
  if (!stopped_ && !tasks_.empty()) ScheduleNext();
}

}  // namespace synod::sim
