// The disk of a simulated machine: what a log store that runs in the simulator keeps its files on.
#ifndef SYNOD_SIM_DISK_H_
#define SYNOD_SIM_DISK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

namespace synod::sim {

// What a file system keeps in order when a power cut loses changes one by one.
enum class Order {
  kNone,  // As POSIX: nothing.
  // As those with a journal: the names in a directory change in order, and a file's size covers no
  // sector that has not arrived, so that of bytes appended some first ones are there. RocksDB needs
  // both, and its own logs do not outlive less. Sectors overwritten still come and go by
  // themselves.
  kJournal,
};

// An open file that may be changed at any place.
class DiskFile : public File {
 public:
  // Overwrites what is there, and extends the file if that does not suffice, with zeros up to
  // `offset` if it must.
  [[nodiscard]] virtual absl::Status WriteAt(uint64_t offset, std::string_view bytes) = 0;

  // Cuts the file, or extends it with zeros. Durable by Sync alone; until then a power cut leaves
  // the size synced last, or any from the smallest since then to the one now.
  [[nodiscard]] virtual absl::Status Resize(uint64_t size) = 0;
};

// The port for disks, and beside it what a store with files of another shape needs.
class Disk : public FileSystem {
 public:
  // kNotFound if there is no such file.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<DiskFile>> OpenToChange(
      const std::string& path) = 0;
};

}  // namespace synod::sim

#endif  // SYNOD_SIM_DISK_H_
