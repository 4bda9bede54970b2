#include "src/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <span>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "synod/base/assert.h"

namespace synod::internal {

namespace {

constexpr uint64_t kEventFdKey = 0;

constexpr uint64_t KeyOf(int fd, uint32_t generation) {
  return uint64_t{generation} << 32 | static_cast<uint32_t>(fd);
}

uint32_t ToEpoll(uint8_t interest) {
  return ((interest & EventLoop::kReadable) != 0 ? EPOLLIN : 0u) |
         ((interest & EventLoop::kWritable) != 0 ? EPOLLOUT : 0u);
}

uint8_t FromEpoll(uint32_t events) {
  constexpr uint8_t kBoth = EventLoop::kReadable | EventLoop::kWritable;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return kBoth;
  return static_cast<uint8_t>(((events & EPOLLIN) != 0 ? EventLoop::kReadable : 0) |
                              ((events & EPOLLOUT) != 0 ? EventLoop::kWritable : 0));
}

absl::Status SystemError(const char* call) {
  return absl::UnavailableError(std::string(call) + ": " + std::generic_category().message(errno));
}

// epoll_wait with a time-out in nanoseconds, below zero for none. Kernels before 5.11 know only
// milliseconds: there it is rounded up, so that the loop never spins through the last one.
int WaitFor(int epoll_fd, std::span<epoll_event> events, Duration timeout) {
  static std::atomic<bool> has_pwait2 = true;
  const int capacity = static_cast<int>(events.size());
  if (timeout > Duration::zero() && has_pwait2.load(std::memory_order_relaxed)) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    timespec spec{};
    spec.tv_sec = seconds.count();
    spec.tv_nsec = (timeout - seconds).count();
    const int count = epoll_pwait2(epoll_fd, events.data(), capacity, &spec, nullptr);
    // EPERM is how a system call filter that does not know it refuses it.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
    has_pwait2.store(false, std::memory_order_relaxed);
  }
  int milliseconds = -1;
  if (timeout >= Duration::zero()) {
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    milliseconds = static_cast<int>(std::min<int64_t>(rounded, 60'000));
  }
  return epoll_wait(epoll_fd, events.data(), capacity, milliseconds);
}

}  // namespace

struct EpollLoop::ReadyEvents {
  std::array<epoll_event, 128> events;
  int count = 0;
};

absl::StatusOr<std::unique_ptr<EpollLoop>> EpollLoop::Create(Duration spin) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return SystemError("epoll_create1");
  const int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_fd < 0) {
    absl::Status status = SystemError("eventfd");
    close(epoll_fd);
    return status;
  }
  std::unique_ptr<EpollLoop> loop(new EpollLoop(epoll_fd, event_fd, spin));
  // Edge-triggered: every write wakes the loop once, and nobody has to read the counter.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = kEventFdKey}};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) != 0) return SystemError("epoll_ctl");
  return loop;
}

EpollLoop::~EpollLoop() {
  close(event_fd_);
  close(epoll_fd_);
}

Instant EpollLoop::Clock() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant(std::chrono::seconds(now.tv_sec) + Duration(now.tv_nsec));
}

void EpollLoop::Run() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!stopping_) Turn();
  std::vector<Task> never_run;
  {
    const std::lock_guard lock(posted_mutex_);
    ended_ = true;
    never_run.swap(posted_);
  }
  never_run.clear();
  // The system may give this thread's id to another one once it has ended.
  thread_.store(std::thread::id(), std::memory_order_relaxed);
}

void EpollLoop::Stop() {
  Post([this] { stopping_ = true; });
}

void EpollLoop::Turn() {
  ReadyEvents ready;
  WaitForEvents(ready);
  now_ = Clock();
  for (int i = 0; i < ready.count; ++i) {
    const epoll_event& event = ready.events[static_cast<size_t>(i)];
    ServeDescriptor(event.data.u64, FromEpoll(event.events));
  }
  RunPosted();
  RunDueTimers();
  wake_at_ = turn_end_ ? turn_end_() : kNever;
  RunDeferred();
}

void EpollLoop::WaitForEvents(ReadyEvents& ready) {
  const Instant deadline = deferred_.empty() ? std::min(wake_at_, NextTimer()) : Instant::min();
  if (deadline <= now_) {
    Poll(ready, Instant::min());
    return;
  }
  if (spin_ > Duration::zero() && Poll(ready, std::min(deadline, Clock() + spin_))) return;
  if (!MayFallAsleep()) {
    Poll(ready, Instant::min());
    return;
  }
  const Duration timeout =
      deadline == kNever ? Duration(-1) : std::max(deadline - Clock(), Duration::zero());
  ready.count = std::max(0, WaitFor(epoll_fd_, ready.events, timeout));
  const std::lock_guard lock(posted_mutex_);
  asleep_ = false;
}

// Looks once, and then until something is there or `until` has passed. True if there is something.
bool EpollLoop::Poll(ReadyEvents& ready, Instant until) {
  do {
    ready.count = std::max(0, WaitFor(epoll_fd_, ready.events, Duration::zero()));
    if (ready.count > 0 || has_posted_.load(std::memory_order_relaxed)) return true;
  } while (Clock() < until);
  return false;
}

// False if there are posted tasks. Otherwise whoever posts from now on wakes the loop.
bool EpollLoop::MayFallAsleep() {
  const std::lock_guard lock(posted_mutex_);
  asleep_ = posted_.empty();
  return asleep_;
}

void EpollLoop::ServeDescriptor(uint64_t key, uint8_t ready) {
  const auto fd = static_cast<uint32_t>(key);
  const auto generation = static_cast<uint32_t>(key >> 32);
  if (key == kEventFdKey || fd >= watched_.size() || watched_[fd] == nullptr ||
      watched_[fd]->generation != generation) {
    return;
  }
  running_ = watched_[fd].get();
  running_->callback(ready);
  running_ = nullptr;
  unwatched_.reset();
}

void EpollLoop::RunPosted() {
  // Missing a task here costs a turn, never the task: MayFallAsleep looks under the mutex.
  if (!has_posted_.load(std::memory_order_relaxed)) return;
  {
    const std::lock_guard lock(posted_mutex_);
    has_posted_.store(false, std::memory_order_relaxed);
    running_posted_.swap(posted_);
  }
  for (Task& task : running_posted_) task();
  running_posted_.clear();
}

void EpollLoop::Post(Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(posted_mutex_);
    if (!ended_) {
      posted_.push_back(std::move(task));
      has_posted_.store(true, std::memory_order_relaxed);
      wake = std::exchange(asleep_, false);
    }
  }
  // A task that comes too late is destroyed here, where its destructor may post again.
  if (!wake) return;
  const uint64_t one = 1;
  const ssize_t written = write(event_fd_, &one, sizeof(one));
  SYNOD_ASSERT(written == sizeof(one), "an eventfd takes 2^64 - 2 wake-ups");
}

EventLoop::TimerId EpollLoop::RunAt(Instant when, Task task) {
  const uint64_t id = next_timer_++;
  timers_.push_back({when, id});
  std::push_heap(timers_.begin(), timers_.end());
  timer_tasks_.emplace(id, std::move(task));
  return TimerId{id};
}

void EpollLoop::Cancel(TimerId timer) {
  const Task dropped = [&]() -> Task {
    auto node = timer_tasks_.extract(static_cast<uint64_t>(timer));
    return node.empty() ? Task() : std::move(node.mapped());
  }();
  if (timers_.size() < 2 * timer_tasks_.size() + 64) return;
  std::erase_if(timers_, [&](const Timer& t) { return !timer_tasks_.contains(t.id); });
  std::make_heap(timers_.begin(), timers_.end());
}

Instant EpollLoop::NextTimer() {
  while (!timers_.empty() && !timer_tasks_.contains(timers_.front().id)) {
    std::pop_heap(timers_.begin(), timers_.end());
    timers_.pop_back();
  }
  return timers_.empty() ? kNever : timers_.front().when;
}

void EpollLoop::RunDueTimers() {
  // All that is due is taken first: a timer that a task sets is for a later turn, even if due.
  while (NextTimer() <= now_) {
    due_.push_back(timers_.front().id);
    std::pop_heap(timers_.begin(), timers_.end());
    timers_.pop_back();
  }
  for (const uint64_t id : due_) {
    auto node = timer_tasks_.extract(id);
    if (!node.empty()) node.mapped()();  // Else an earlier one has cancelled it.
  }
  due_.clear();
}

void EpollLoop::RunDeferred() {
  running_deferred_.swap(deferred_);
  for (Task& task : running_deferred_) task();
  running_deferred_.clear();
}

absl::Status EpollLoop::Watch(int fd, uint8_t interest,
                              absl::AnyInvocable<void(uint8_t ready)> callback) {
  if (fd < 0) return absl::InvalidArgumentError("Watch: not a descriptor");
  const auto slot = static_cast<size_t>(fd);
  if (slot >= watched_.size()) watched_.resize(slot + 1);
  SYNOD_ASSERT(watched_[slot] == nullptr, "a descriptor is watched once at a time");
  const uint32_t generation = next_generation_++;
  if (next_generation_ == 0) next_generation_ = 1;
  epoll_event event{.events = ToEpoll(interest), .data = {.u64 = KeyOf(fd, generation)}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return SystemError("epoll_ctl");
  watched_[slot] = std::make_unique<Watched>(Watched{generation, std::move(callback)});
  return absl::OkStatus();
}

void EpollLoop::Rewatch(int fd, uint8_t interest) {
  const auto slot = static_cast<size_t>(fd);
  SYNOD_ASSERT(fd >= 0 && slot < watched_.size() && watched_[slot] != nullptr,
               "only a watched descriptor is rewatched");
  epoll_event event{.events = ToEpoll(interest),
                    .data = {.u64 = KeyOf(fd, watched_[slot]->generation)}};
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void EpollLoop::Unwatch(int fd) {
  const auto slot = static_cast<size_t>(fd);
  if (fd < 0 || slot >= watched_.size() || watched_[slot] == nullptr) return;
  epoll_event unused{};
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &unused);
  std::unique_ptr<Watched> gone = std::move(watched_[slot]);
  if (gone.get() == running_) unwatched_ = std::move(gone);
}

}  // namespace synod::internal
