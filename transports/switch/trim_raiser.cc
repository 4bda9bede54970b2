#include "trim_raiser.h"

#include <chrono>
#include <memory>
#include <utility>

#include "synod/switch/switch_control.h"

namespace synod::slots {
namespace {

// For each of a task's two steps, to connect and to ask: stopping takes up to both.
constexpr Duration kTimeout = std::chrono::seconds(1);

void CarryOut(const TrimRaiser::Task& task) {
  auto control = SwitchControl::Connect(task.control, kTimeout);
  if (!control.ok()) return;
  (void)(*control)->RaiseTrim(task.group, task.incarnation, task.trim);
}

}  // namespace

TrimRaiser::~TrimRaiser() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void TrimRaiser::Raise(Task task) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tasks_, [&](const Task& other) { return other.control == task.control; });
  tasks_.push_back(std::move(task));
  changed_.notify_one();
  if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
}

void TrimRaiser::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
    if (is_stopping_) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    CarryOut(task);
    lock.lock();
  }
}

}  // namespace synod::slots
