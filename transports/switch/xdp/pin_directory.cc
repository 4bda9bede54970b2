#include "pin_directory.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "kernel_error.h"

namespace synod::slots {

absl::StatusOr<PinDirectory> PinDirectory::Hold(const std::string& path) {
  const std::filesystem::path above = std::filesystem::path(path).parent_path();
  struct statfs system {};
  if (above.empty() || statfs(above.c_str(), &system) != 0 ||
      static_cast<uint64_t>(system.f_type) != BPF_FS_MAGIC) {
    return absl::InvalidArgumentError(
        path + " would not be in a bpffs (mount -t bpf bpf /sys/fs/bpf makes one)");
  }
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return KernelError("cannot make " + path, errno);
  }
  Descriptor held(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (held.get() < 0) return KernelError("cannot open " + path, errno);
  if (flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::UnavailableError(path + " is in use by another process");
  }
  return PinDirectory(path, std::move(held));
}

}  // namespace synod::slots
