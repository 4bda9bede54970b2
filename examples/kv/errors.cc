#include "kv/errors.h"

#include <string>
#include <string_view>

namespace synod_kv {

namespace {

// What every refusal that may be repeated says when the client knows no better text for it.
absl::Status SafeToRetry(synod::Reason reason) {
  return absl::UnavailableError("etcdserver: " + std::string(Describe(reason)) +
                                "; the request was not executed");
}

absl::Status OverloadedError() {
  return absl::ResourceExhaustedError("etcdserver: too many requests");
}

absl::Status StoppedError() { return absl::UnavailableError("etcdserver: server stopped"); }

absl::Status ToNotCommittedStatus(const synod::Outcome& outcome) {
  switch (outcome.reason) {
    case synod::Reason::kNotLeader:
      return outcome.leader.IsZero() ? NoLeaderError()
                                     : absl::UnavailableError("etcdserver: leader changed");
    case synod::Reason::kNoQuorum:
      return NoLeaderError();
    case synod::Reason::kOverloaded:
      return OverloadedError();
    case synod::Reason::kTooLarge:
      return TooLargeError();
    case synod::Reason::kNoSpace:
      return NoSpaceError();
    case synod::Reason::kStopped:
      return StoppedError();
    default:
      return SafeToRetry(outcome.reason);
  }
}

}  // namespace

absl::Status EmptyKeyError() {
  return absl::InvalidArgumentError("etcdserver: key is not provided");
}
absl::Status ValueProvidedError() {
  return absl::InvalidArgumentError("etcdserver: value is provided");
}
absl::Status LeaseProvidedError() {
  return absl::InvalidArgumentError("etcdserver: lease is provided");
}
absl::Status TooManyOpsError() {
  return absl::InvalidArgumentError("etcdserver: too many operations in txn request");
}
absl::Status DuplicateKeyError() {
  return absl::InvalidArgumentError("etcdserver: duplicate key given in txn request");
}
absl::Status TooLargeError() {
  return absl::InvalidArgumentError("etcdserver: request is too large");
}
absl::Status MalformedError(const char* what) {
  return absl::InvalidArgumentError("synod-kv: malformed request: " + std::string(what));
}
absl::Status KeyNotFoundError() { return absl::InvalidArgumentError("etcdserver: key not found"); }
absl::Status LeaseNotFoundError() {
  return absl::NotFoundError("etcdserver: requested lease not found");
}
absl::Status CompactedError() {
  return absl::OutOfRangeError("etcdserver: mvcc: required revision has been compacted");
}
absl::Status FutureRevisionError() {
  return absl::OutOfRangeError("etcdserver: mvcc: required revision is a future revision");
}
absl::Status NoSpaceError() {
  return absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded");
}
absl::Status NoLeaderError() { return absl::UnavailableError("etcdserver: no leader"); }
absl::Status NotLeaderError() { return absl::FailedPreconditionError("etcdserver: not leader"); }

absl::Status ToStatus(const synod::Outcome& outcome) {
  switch (outcome.kind) {
    case synod::Outcome::Kind::kCommitted:
      return absl::OkStatus();
    case synod::Outcome::Kind::kNotCommitted:
      return ToNotCommittedStatus(outcome);
    case synod::Outcome::Kind::kUnknown:
      break;
  }
  if (outcome.reason == synod::Reason::kDeadline) {
    return absl::DeadlineExceededError("etcdserver: request timed out");
  }
  return absl::UnknownError(
      "etcdserver: request timed out, possibly due to previous leader failure");
}

absl::Status ToReadStatus(const absl::Status& status, bool has_leader) {
  if (absl::IsDeadlineExceeded(status)) {
    return absl::DeadlineExceededError("etcdserver: request timed out");
  }
  if (!absl::IsUnavailable(status)) return status;  // The query's own.
  const std::string_view reason(status.message().data(), status.message().size());
  if (reason == Describe(synod::Reason::kOverloaded)) return OverloadedError();
  if (reason == Describe(synod::Reason::kStopped)) return StoppedError();
  if (!has_leader) return NoLeaderError();
  return absl::UnavailableError("etcdserver: " + std::string(reason));
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both number the codes alike.
  return {static_cast<grpc::StatusCode>(status.raw_code()),
          std::string(status.message().data(), status.message().size())};
}

}  // namespace synod_kv
