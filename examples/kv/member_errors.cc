// The errors of changes of the members; the others are in errors.cc.
#include <string>
#include <string_view>

#include "kv/errors.h"

namespace synod_kv {

namespace {

constexpr std::string_view kStartItFirst =
    "the new member did not answer at its peer URL under its id: start it first, by serve --join, "
    "with that --id and the members in its --cluster";

absl::Status OwnError(absl::StatusCode code, std::string_view what,
                      std::string_view effect = "; the request was not executed") {
  std::string text("synod-kv: ");
  text.append(what).append(effect);
  return {code, text};
}

}  // namespace

absl::Status BadUrlsError() {
  return absl::InvalidArgumentError("etcdserver: given member URLs are invalid");
}
absl::Status NoTlsError() {
  return OwnError(absl::StatusCode::kInvalidArgument,
                  "members speak no TLS: a peer URL begins with http://");
}
absl::Status BadUserError() {
  return OwnError(absl::StatusCode::kInvalidArgument,
                  "what stands before the @ of a peer URL must be the id that the member was "
                  "started with, as in http://4@host:7004, or that and its disk's incarnation, as "
                  "in http://4:1f2e@host:7004");
}
absl::Status OneUrlError() {
  return OwnError(absl::StatusCode::kInvalidArgument, "a member has one peer URL");
}
absl::Status OtherIdError() {
  return OwnError(absl::StatusCode::kInvalidArgument,
                  "the peer URL names another id than the request, or a disk: a member keeps both");
}
absl::Status AcceptorUrlError() {
  return OwnError(
      absl::StatusCode::kInvalidArgument,
      "an acceptor is added as a voter, by http://ID:INCARNATION@HOST:PORT?acceptor=CONTROL, "
      "with the incarnation under which it was enabled");
}
absl::Status NoAcceptorsError() {
  return OwnError(absl::StatusCode::kFailedPrecondition,
                  "acceptors are of --protocol=multipaxos, and this cluster was bootstrapped with "
                  "another");
}
absl::Status MemberMovedError() {
  return OwnError(absl::StatusCode::kFailedPrecondition,
                  "the peer URL says where the member serves clients, and the member has another "
                  "peer URL by now: update it without ?client= first");
}
absl::Status MemberExistsError() {
  return absl::FailedPreconditionError("etcdserver: member ID already exist");
}
absl::Status PeerUrlExistsError() {
  return absl::FailedPreconditionError("etcdserver: Peer URLs already exists");
}
absl::Status MemberNotFoundError() { return absl::NotFoundError("etcdserver: member not found"); }
absl::Status NotLearnerError() {
  return absl::FailedPreconditionError("etcdserver: can only promote a learner member");
}
absl::Status LearnerNotReadyError() {
  return absl::FailedPreconditionError(
      "etcdserver: can only promote a learner member which is in sync with leader");
}
absl::Status TooManyLearnersError() {
  return absl::FailedPreconditionError("etcdserver: too many learner members in cluster");
}
absl::Status TooManyVotersError() {
  return OwnError(absl::StatusCode::kFailedPrecondition,
                  "a cluster has at most " + std::to_string(synod::kMaxVoters) + " voters");
}
absl::Status NotEnoughStartedError() {
  return absl::FailedPreconditionError(
      "etcdserver: re-configuration failed due to not enough started members");
}
absl::Status UnhealthyError() { return absl::UnavailableError("etcdserver: unhealthy cluster"); }
absl::Status OwnDiskError() {
  return OwnError(absl::StatusCode::kFailedPrecondition,
                  "the leader cannot replace its own disk: move the leadership first");
}
absl::Status OtherDiskError(std::string_view incarnation) {
  std::string text("the member that runs at the peer URL has another incarnation than the URL, ");
  text.append(incarnation).append(": it logs the right URL at its start");
  return OwnError(absl::StatusCode::kFailedPrecondition, text);
}
absl::Status NewcomerUnreachableError() {
  return OwnError(absl::StatusCode::kUnavailable, kStartItFirst);
}
absl::Status NewcomerSilentError() {
  return OwnError(absl::StatusCode::kUnavailable, kStartItFirst,
                  "; the request may have been executed");
}

absl::Status ToChangeStatus(const synod::Outcome& outcome) {
  if (outcome.kind == synod::Outcome::Kind::kNotCommitted) {
    switch (outcome.reason) {
      case synod::Reason::kUnreachable:
        return NewcomerUnreachableError();
      case synod::Reason::kInvalidChange:
        return OwnError(
            absl::StatusCode::kInvalidArgument,
            "the cluster cannot have such members, be it on the way, or at such an address");
      default:
        break;
    }
  }
  return ToStatus(outcome);
}

}  // namespace synod_kv
