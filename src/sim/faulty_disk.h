// A disk that can lose power, lie and fail: files live in memory, and what was not synced is known.
#ifndef SYNOD_SRC_SIM_FAULTY_DISK_H_
#define SYNOD_SRC_SIM_FAULTY_DISK_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "synod/base/rng.h"
#include "synod/sim/disk.h"

namespace synod::sim {

// What becomes of a change that was not synced when the power went.
enum class Lost {
  kAll,      // All is as it was at the last sync.
  kSectors,  // Each sector of 512 bytes and each name by itself: as it is, or as it was.
  kNothing,  // As after a killed process: nothing becomes durable by it either.
};

// Models what FileSystem and DiskFile promise and no more. Every change is one operation, counted
// from 1. Thread-safe. Everything that has files open must be destroyed before Restart.
class FaultyDisk final : public Disk {
 public:
  explicit FaultyDisk(Order order = Order::kNone);

  // --- Power.

  // Operation number `operation` and all that follow fail. What it would have changed may have
  // reached the disk: it counts as done and not synced.
  void CutPowerAt(uint64_t operation);
  [[nodiscard]] bool PowerIsOff() const;
  [[nodiscard]] uint64_t operations() const;
  // Off, if it is not, and on again. Draws from `seed` what is lost.
  void Restart(Lost lost, uint64_t seed);
  // Another disk, as this one would be if its power were cut now and all that is not synced lost.
  [[nodiscard]] std::unique_ptr<FaultyDisk> AfterPowerCut() const;

  // --- A disk that fails or lies.

  // The `count`-th sync of a file from now on fails (0: none), and as on Linux its unsynced bytes
  // count as clean: later syncs of the file succeed, and do not make them durable, unless they are
  // written once more.
  void FailSync(uint64_t count);
  // The `count`-th change from now on fails (0: none), having been made or not.
  void FailChange(uint64_t count);
  // How often each has come to pass, and both.
  [[nodiscard]] uint64_t failed_syncs() const;
  [[nodiscard]] uint64_t failed_changes() const;
  [[nodiscard]] uint64_t failures() const { return failed_syncs() + failed_changes(); }
  // Syncs of files, or of directories, report success and do nothing.
  void SetSyncsLie(bool files, bool directories);
  // How many bytes may be in files before one can grow no more for want of space, and how many are.
  void SetCapacity(uint64_t bytes);
  [[nodiscard]] bool IsLimited() const;
  // How often something was refused for want of space.
  [[nodiscard]] uint64_t times_full() const;
  [[nodiscard]] uint64_t UsedBytes() const;

  // --- Damage, done to what is durable and to what is seen alike.

  // Names of the regular files below `directory`, in order.
  [[nodiscard]] std::vector<std::string> FilesBelow(const std::string& directory) const;
  // Empty, and 0, if there is no such file.
  [[nodiscard]] std::string Contents(const std::string& path) const;
  [[nodiscard]] uint64_t SizeOf(const std::string& path) const;
  // Makes the file, or replaces what is in it.
  void SetContents(const std::string& path, std::string bytes);
  // Flips a bit of the byte: 0 is the lowest.
  void FlipBit(const std::string& path, uint64_t offset, unsigned bit = 0);
  // As far as the file goes.
  void Overwrite(const std::string& path, uint64_t offset, std::string_view bytes);
  // A write that was reported as durable never landed, or did in the place of another, maybe of
  // another file: a sector holds zeros, as before it was written, and another what belongs there.
  // `where` selects them, among those that were durable before the last write that became so: what
  // that left out, no log could tell from what was never written. False if there are none, or they
  // hold just that.
  bool LoseWrite(const std::string& path, uint64_t where);
  bool MisdirectWrite(const std::string& path, const std::string& to, uint64_t where);
  // Whether the file has such a sector.
  [[nodiscard]] bool HasSettled(const std::string& path) const;
  void CutTo(const std::string& path, uint64_t size);
  void Delete(const std::string& path);
  // Keeps a copy of all that is there, and brings it back, once. Nothing is open.
  void TakeImage();
  void RestoreImage();

  // --- Disk.

  absl::StatusOr<std::unique_ptr<DiskFile>> OpenToChange(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<File>> Create(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path) override;
  absl::Status Truncate(const std::string& path, uint64_t size) override;
  absl::Status Rewrite(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override;

 private:
  class OpenFile;
  class HeldLock;

  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  struct Node {
    bool is_directory = false;
    std::string bytes = {};      // What is seen.
    uint64_t synced_size = 0;    // Of the last sync,
    uint64_t smallest_size = 0;  // and the smallest since.
    // Sectors changed since the last sync, with what was in them then: shorter than a sector where
    // the file ended.
    std::map<uint64_t, std::string> before = {};
    std::set<uint64_t> latest = {};  // Sectors of the last write that became durable.
    // Sectors whose sync failed, with what is on the disk in them: no other sync writes them, until
    // they change again.
    std::map<uint64_t, std::string> failed = {};
  };
  // Shared by the two trees and the open files: one that is deleted lives on in each of them.
  using Tree = std::map<std::string, std::shared_ptr<Node>>;
  struct NameChange {
    std::string path;
    std::shared_ptr<Node> node;  // Null: the name went.
  };

  struct Image {
    Tree now;
    Tree durable;
    std::vector<NameChange> changes;
  };

  // Counts an operation; an error if the power is off, or goes off with it, or the disk fails.
  absl::Status Operate();
  // One less; an error if that was the last, which is counted.
  static absl::Status CountDown(uint64_t& until_failure, uint64_t& failures);
  [[nodiscard]] std::shared_ptr<Node> Find(const std::string& path) const;
  [[nodiscard]] uint64_t Used() const;
  // How many bytes files may still grow by.
  [[nodiscard]] uint64_t Room() const;
  absl::Status WriteAt(Node& node, uint64_t offset, std::string_view bytes);
  absl::Status Resize(Node& node, uint64_t size);
  // Keeps aside what is in the sectors of bytes [first, last), where that was not done before.
  static void RememberSectors(Node& node, uint64_t first, uint64_t last);
  absl::Status Sync(Node& node);
  // Full sectors that were durable before the last write that became so, and do not change.
  [[nodiscard]] static std::vector<uint64_t> SettledSectors(const Node& node);
  // The bytes of one of them; empty if there is none.
  [[nodiscard]] static std::span<char> SettledSector(Node& node, uint64_t where);
  // Of what is synced nothing is left beyond `size`.
  static void CutDurably(Node& node, uint64_t size);
  void ChangeName(const std::string& path, std::shared_ptr<Node> node);
  static void Apply(const NameChange& change, Tree& tree);
  // Draws which changes of names have become durable.
  void LoseNames(Rng& rng);
  // What is left of the file after a power cut becomes what is in it. `rng`: draws what that is;
  // without one it is what was synced.
  void LoseUnsynced(Node& node, Rng* rng) const;
  // Bytes of a sector are as they were, from `at` on.
  static void Revert(Node& node, uint64_t sector, const std::string& old, uint64_t at);
  // It is all durable.
  static void SetSynced(Node& node);

  const Order order_;
  mutable std::mutex mutex_;
  Tree now_;                         // What processes see. By absolute path.
  Tree durable_;                     // What is there after the power was cut.
  std::vector<NameChange> changes_;  // Since the syncs of their directories: they lead to now_.
  Image image_;
  std::set<std::string> locked_;
  uint64_t operations_ = 0;
  uint64_t cut_at_ = std::numeric_limits<uint64_t>::max();
  uint64_t syncs_until_failure_ = 0;  // 0: none fails.
  uint64_t changes_until_failure_ = 0;
  uint64_t failed_syncs_ = 0;
  uint64_t failed_changes_ = 0;
  bool file_syncs_lie_ = false;
  bool directory_syncs_lie_ = false;
  uint64_t capacity_ = kUnlimited;
  uint64_t times_full_ = 0;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_FAULTY_DISK_H_
