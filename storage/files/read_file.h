// Reads a small file.
#ifndef SYNOD_STORAGE_FILES_READ_FILE_H_
#define SYNOD_STORAGE_FILES_READ_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "synod/port/file_system.h"

namespace synod::storage {

// All of it. Errors as FileSystem::Open.
[[nodiscard]] absl::StatusOr<std::string> ReadFile(FileSystem& files, const std::string& path);

}  // namespace synod::storage

#endif  // SYNOD_STORAGE_FILES_READ_FILE_H_
