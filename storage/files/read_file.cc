#include "storage/files/read_file.h"

namespace synod::storage {

absl::StatusOr<std::string> ReadFile(FileSystem& files, const std::string& path) {
  const auto file = files.Open(path);
  if (!file.ok()) return file.status();
  const auto size = (*file)->Size();
  if (!size.ok()) return size.status();
  std::string bytes(*size, '\0');
  const auto count = (*file)->ReadAt(0, bytes);
  if (!count.ok()) return count.status();
  bytes.resize(*count);
  return bytes;
}

}  // namespace synod::storage
