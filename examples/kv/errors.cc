#include "kv/errors.h"

#include <string>
#include <string_view>

namespace synod_kv {

namespace {

constexpr char kTimeout[] = "etcdserver: request timed out";
constexpr char kStopped[] = "etcdserver: server stopped";
constexpr std::string_view kNotExecuted = "; the request was not executed";
constexpr std::string_view kMayBeExecuted = "; the request may have been executed";

// What a client knows no text for yet.
absl::Status OwnError(absl::StatusCode code, std::string_view what, std::string_view effect) {
  std::string text("synod-kv: ");
  text.append(what).append(effect);
  return {code, text};
}

absl::Status ToNotCommittedStatus(const synod::Outcome& outcome) {
  switch (outcome.reason) {
    case synod::Reason::kNotLeader:
      return outcome.leader.IsZero() ? NoLeaderError() : LeaderChangedError();
    case synod::Reason::kNoQuorum:
      return NoLeaderError();
    case synod::Reason::kOverloaded:
      return TooManyRequestsError();
    case synod::Reason::kTooLarge:
      return TooLargeError();
    case synod::Reason::kNoSpace:
      return NoSpaceError();
    case synod::Reason::kStopped:
      return StoppingError();
    default:
      return OwnError(absl::StatusCode::kUnavailable, Describe(outcome.reason), kNotExecuted);
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
absl::Status IncompleteError() {
  return OwnError(absl::StatusCode::kInvalidArgument, "the request did not arrive completely",
                  kNotExecuted);
}
absl::Status MalformedError(const char* what) {
  return absl::InvalidArgumentError("synod-kv: malformed request: " + std::string(what));
}
absl::Status WrongTargetError() {
  return OwnError(absl::StatusCode::kFailedPrecondition,
                  "the member that sent this request on takes this member for another, or belongs "
                  "to another cluster: compare the flags --cluster of both",
                  kNotExecuted);
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
absl::Status AnswerTooLargeError() {
  return OwnError(absl::StatusCode::kResourceExhausted,
                  "the answer would be larger than 1 GiB: ask for less at once", kNotExecuted);
}
absl::Status NoSpaceError() {
  return absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded");
}
absl::Status NoLeaderError() { return absl::UnavailableError("etcdserver: no leader"); }
absl::Status NotLeaderError() { return absl::FailedPreconditionError("etcdserver: not leader"); }

absl::Status LeaderChangedError() { return absl::UnavailableError("etcdserver: leader changed"); }
absl::Status LeaderUnreachableError() {
  return OwnError(absl::StatusCode::kUnavailable, "the leader cannot be reached", kNotExecuted);
}
absl::Status TooManyRequestsError() {
  return absl::ResourceExhaustedError("etcdserver: too many requests");
}
absl::Status StoppingError() {
  return OwnError(absl::StatusCode::kUnavailable, "the server is stopping", kNotExecuted);
}

absl::Status NotYetMemberError() {
  return OwnError(absl::StatusCode::kUnavailable,
                  "this member has not been added to the cluster yet: etcdctl member add, at "
                  "another member, does it",
                  kNotExecuted);
}
absl::Status RemovedError() {
  return OwnError(absl::StatusCode::kUnavailable, "this member was removed from the cluster",
                  kNotExecuted);
}

absl::Status TimeoutError() { return absl::UnavailableError(kTimeout); }
absl::Status LeaderFailedError() {
  return absl::UnavailableError(
      "etcdserver: request timed out, possibly due to previous leader failure");
}
absl::Status ConnectionLostError() {
  return absl::UnavailableError("etcdserver: request timed out, possibly due to connection lost");
}
absl::Status StoppedError() { return absl::UnavailableError(kStopped); }
absl::Status BadResultError() {
  return OwnError(absl::StatusCode::kInternal, "the state machine gave no valid result",
                  kMayBeExecuted);
}
absl::Status WrongClusterError() {
  return OwnError(absl::StatusCode::kInternal,
                  "the request was sent to a server of another cluster: compare --cluster with who "
                  "listens there",
                  kMayBeExecuted);
}

bool WasNotExecuted(const grpc::Status& status) {
  const std::string message = status.error_message();
  const std::string_view text = message;
  if (!text.starts_with("etcdserver: ") && !text.starts_with("synod-kv: ")) return false;
  return !text.starts_with(kTimeout) && text != kStopped && !text.ends_with(kMayBeExecuted);
}

absl::Status ToStatus(const synod::Outcome& outcome) {
  switch (outcome.kind) {
    case synod::Outcome::Kind::kCommitted:
      return absl::OkStatus();
    case synod::Outcome::Kind::kNotCommitted:
      return ToNotCommittedStatus(outcome);
    case synod::Outcome::Kind::kUnknown:
      break;
  }
  switch (outcome.reason) {
    case synod::Reason::kDeadline:
      return TimeoutError();
    case synod::Reason::kStopped:
      return StoppedError();
    default:
      return LeaderFailedError();
  }
}

bool FoundNoLeader(const absl::Status& read) {
  const synod::Reason reason = synod::ReasonOf(read);
  return reason == synod::Reason::kNotLeader || reason == synod::Reason::kNoQuorum ||
         reason == synod::Reason::kLeadershipLost;
}

absl::Status ToReadStatus(const absl::Status& status) {
  const synod::Refusal refusal = synod::RefusalOf(status);
  switch (refusal.reason) {
    case synod::Reason::kNone:
      return status;  // The query's own.
    case synod::Reason::kDeadline:
      return TimeoutError();
    case synod::Reason::kOverloaded:
      return TooManyRequestsError();
    case synod::Reason::kStopped:
      return StoppedError();
    default:
      break;
  }
  if (refusal.leader.IsZero()) return NoLeaderError();
  return OwnError(absl::StatusCode::kUnavailable, Describe(refusal.reason), kNotExecuted);
}

absl::Status BadTransfereeError() {
  return absl::FailedPreconditionError("etcdserver: bad leader transferee");
}

absl::Status ToTransferStatus(const absl::Status& status) {
  if (status.ok()) return status;
  switch (synod::ReasonOf(status)) {
    case synod::Reason::kNotLeader:
      return NotLeaderError();
    case synod::Reason::kNotVoter:
      return BadTransfereeError();
    case synod::Reason::kOverloaded:
      return TooManyRequestsError();
    case synod::Reason::kStopped:
      return StoppedError();
    default:
      // etcd gives this one no code of its own.
      return absl::UnknownError("etcdserver: request timed out, leader transfer took too long");
  }
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both number the codes alike.
  return {static_cast<grpc::StatusCode>(status.raw_code()),
          std::string(status.message().data(), status.message().size())};
}

}  // namespace synod_kv
