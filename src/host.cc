// The handle of a host.
#include "synod/node/host.h"

#include <utility>

#include "src/host_impl.h"

namespace synod {

absl::StatusOr<Host> Host::Start(HostOptions options) {
  auto impl = internal::HostImpl::Start(std::move(options));
  if (!impl.ok()) return impl.status();
  return Host(*std::move(impl));
}

absl::StatusOr<Replica> Host::Join(GroupOptions options) {
  if (impl_ == nullptr) return absl::FailedPreconditionError("the host was moved away");
  absl::StatusOr<internal::ReplicaImpl*> joined = impl_->Join(std::move(options));
  if (!joined.ok()) return joined.status();
  return Replica(*joined);
}

void Host::Stop() {
  if (impl_ != nullptr) impl_->Stop();
}

Host::Host(std::unique_ptr<internal::HostImpl> impl) : impl_(std::move(impl)) {}
Host::Host(Host&&) noexcept = default;
Host& Host::operator=(Host&&) noexcept = default;
Host::~Host() = default;

}  // namespace synod
