// The writes that wait for a store, and how they reach the disk: in order, as many at a time as are
// there.
#ifndef SYNOD_STORAGE_FILES_WRITE_QUEUE_H_
#define SYNOD_STORAGE_FILES_WRITE_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "synod/port/executor.h"
#include "synod/port/log_store.h"

#include "storage/files/space.h"

namespace synod::storage {

// Push and HasSpace may be called from any thread, at any time between Start and Close.
class WriteQueue {
 public:
  struct Queued {
    std::vector<GroupWrite> batch;
    LogStore::Done done;
  };

  // The store. Called on the executor, and by Close.
  class Client {
   public:
    virtual ~Client() = default;
    // Makes some writes, from the first on, durable by one sync. Returns how many those are; all of
    // them have ended with `status`. Not 0.
    virtual size_t Commit(std::span<const Queued> writes, absl::Status& status) = 0;
    // What is better done when nobody waits for it any more: after each Commit.
    virtual void CleanUp() = 0;
  };

  // Null: an executor with a thread of its own, which Start makes. All others must outlive the
  // queue.
  WriteQueue(Executor* executor, Space& space, Client& client)
      : space_(space), client_(client), executor_(executor) {}

  // Before everything else. kResourceExhausted if there is no thread to be had.
  [[nodiscard]] absl::Status Start();

  void Push(std::vector<GroupWrite> batch, LogStore::Done done);

  // Whether there is room; if not, looks again soon, because nobody may write now, so that nothing
  // else would notice that there is.
  [[nodiscard]] bool HasSpace() const;

  // Stops the executor, if there is one, and carries out what is queued, on this thread.
  void Close();

 private:
  void Run();

  Space& space_;
  Client& client_;

  std::mutex mutex_;
  std::vector<Queued> queue_;
  bool is_posted_ = false;
  std::vector<Queued> taken_;  // By Run.

  mutable std::atomic<bool> refresh_is_posted_{false};
  std::unique_ptr<Executor> own_executor_;
  Executor* executor_;  // Null before Start, if it is to be our own.
};

}  // namespace synod::storage

#endif  // SYNOD_STORAGE_FILES_WRITE_QUEUE_H_
