// What the kernel says no with, as a status.
#ifndef SYNOD_TRANSPORTS_SWITCH_XDP_KERNEL_ERROR_H_
#define SYNOD_TRANSPORTS_SWITCH_XDP_KERNEL_ERROR_H_

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/status/status.h"

namespace synod::slots {

// `error` is errno's value. kPermissionDenied, kNotFound (no such device), kUnimplemented (the
// driver does not do that), else kFailedPrecondition.
inline absl::Status KernelError(const std::string& what, int error) {
  const std::string message = what + ": " + std::strerror(error);
  switch (error) {
    case EPERM:
    case EACCES:
      return absl::PermissionDeniedError(message);
    case ENODEV:
      return absl::NotFoundError(message);
    case EOPNOTSUPP:
      return absl::UnimplementedError(message);
    default:
      return absl::FailedPreconditionError(message);
  }
}

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_XDP_KERNEL_ERROR_H_
