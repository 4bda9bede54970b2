#include "status.h"

#include <string>

namespace synod::rocksdb {

absl::Status ToStatus(const ::rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = std::string(what) + ": " + status.ToString();
  if (status.IsNoSpace()) return absl::ResourceExhaustedError(message);
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsNotFound() || status.IsPathNotFound()) return absl::NotFoundError(message);
  return absl::InternalError(message);
}

}  // namespace synod::rocksdb
