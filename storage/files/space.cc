#include "storage/files/space.h"

#include <limits>
#include <utility>

namespace synod::storage {

Space::Space(FileSystem& files, std::string path, uint64_t reserve_bytes)
    : files_(files), path_(std::move(path)), reserve_(reserve_bytes) {
  Refresh();
}

void Space::Refresh() {
  const auto free = files_.FreeBytes(path_);
  free_.store(free.ok() ? *free : std::numeric_limits<uint64_t>::max(), std::memory_order_relaxed);
}

}  // namespace synod::storage
