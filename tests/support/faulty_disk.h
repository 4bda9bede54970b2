// A disk for the write-ahead log that can lose power, lie and fail: files live in memory, and what
// was not synced is known.
#ifndef SYNOD_TESTS_SUPPORT_FAULTY_DISK_H_
#define SYNOD_TESTS_SUPPORT_FAULTY_DISK_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "synod/base/rng.h"
#include "synod/wal/file_system.h"

namespace synod::test {

// What becomes of a change that was not synced when the power went.
enum class Lost {
  kAll,      // The worst that a disk may do.
  kSectors,  // Each sector and each name by itself: there or not.
  kNothing,  // As after a killed process: nothing becomes durable by it either.
};

// Models what FileSystem promises and no more. Every change is one operation, counted from 1.
// Thread-safe. Everything that has files open must be destroyed before Restart.
class FaultyDisk final : public wal::FileSystem {
 public:
  FaultyDisk();

  // --- Power.

  // Operation number `operation` and all that follow fail. What it would have changed may have
  // reached the disk: it counts as done and not synced.
  void CutPowerAt(uint64_t operation);
  [[nodiscard]] bool PowerIsOff() const;
  [[nodiscard]] uint64_t operations() const;
  // Off, if it is not, and on again. Draws from `seed` what is lost.
  void Restart(Lost lost, uint64_t seed);

  // --- A disk that fails or lies.

  // The `count`-th sync of a file from now on fails, and as on Linux its unsynced bytes count as
  // clean: later syncs of the file succeed, and do not make them durable.
  void FailSync(uint64_t count);
  // Syncs of files, or of directories, report success and do nothing.
  void SetSyncsLie(bool files, bool directories);
  // How many bytes may be in files before appending fails for want of space.
  void SetCapacity(uint64_t bytes);

  // --- Damage, done to what is durable and to what is seen alike.

  // Names of the regular files below `directory`, in order.
  [[nodiscard]] std::vector<std::string> FilesBelow(const std::string& directory) const;
  [[nodiscard]] std::string Contents(const std::string& path) const;
  // Makes the file, or replaces what is in it.
  void SetContents(const std::string& path, std::string bytes);
  void Delete(const std::string& path);

  // --- wal::FileSystem.

  absl::StatusOr<std::unique_ptr<wal::File>> Create(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<wal::File>> Open(const std::string& path) override;
  absl::Status Truncate(const std::string& path, uint64_t size) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<wal::FileLock>> Lock(const std::string& path) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override;

 private:
  class OpenFile;
  class HeldLock;

  struct Node {
    bool is_directory = false;
    std::string bytes;          // What is seen.
    std::string durable;        // What is there after the power was cut: a prefix, for files grow.
    bool lost_a_write = false;  // A sync has failed: nothing more will ever be durable.
  };
  // Shared by the two trees and the open files: one that is deleted lives on in each of them.
  using Tree = std::map<std::string, std::shared_ptr<Node>>;

  // Counts an operation; an error if the power is off, or goes off with it.
  absl::Status Operate();
  [[nodiscard]] std::shared_ptr<Node> Find(const std::string& path) const;
  absl::Status Append(Node& node, std::string_view bytes);
  absl::Status Sync(Node& node);
  // Below `directory`, in either tree.
  [[nodiscard]] std::set<std::string> NamesIn(const std::string& directory) const;
  // Makes the durable name what it is now.
  void KeepName(const std::string& path);
  static void LoseSectors(Node& node, Rng& rng);

  mutable std::mutex mutex_;
  Tree now_;      // What processes see. By absolute path.
  Tree durable_;  // What is there after the power was cut.
  std::set<std::string> locked_;
  uint64_t operations_ = 0;
  uint64_t cut_at_ = std::numeric_limits<uint64_t>::max();
  uint64_t syncs_until_failure_ = 0;  // 0: none fails.
  bool file_syncs_lie_ = false;
  bool directory_syncs_lie_ = false;
  uint64_t capacity_ = std::numeric_limits<uint64_t>::max();
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_FAULTY_DISK_H_
