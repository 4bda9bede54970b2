// The errors of etcd's API: clients recognise them by their text, so it is part of the protocol.
#ifndef SYNOD_KV_ERRORS_H_
#define SYNOD_KV_ERRORS_H_

#include <string_view>

#include <grpcpp/support/status.h>
#include <synod/synod.h>

#include "absl/status/status.h"

namespace synod_kv {

// What is wrong with a request, whatever the state.
absl::Status EmptyKeyError();
absl::Status ValueProvidedError();
absl::Status LeaseProvidedError();
absl::Status TooManyOpsError();
absl::Status DuplicateKeyError();
absl::Status TooLargeError();
absl::Status IncompleteError();
absl::Status MalformedError(const char* what);
// A member of another cluster, or one that takes this member for another, sent the request on.
absl::Status WrongTargetError();

// What is wrong with it at the state it meets.
absl::Status KeyNotFoundError();
absl::Status LeaseNotFoundError();
absl::Status CompactedError();
absl::Status FutureRevisionError();
absl::Status AnswerTooLargeError();

// What keeps the cluster from executing it.
absl::Status NoSpaceError();
absl::Status NoLeaderError();
absl::Status NotLeaderError();
absl::Status LeaderChangedError();
absl::Status LeaderUnreachableError();
absl::Status TooManyRequestsError();
absl::Status StoppingError();

// What keeps this member from it.
absl::Status NotYetMemberError();
absl::Status RemovedError();

// What is wrong with a change of the members: etcd's, as far as it has a word for it.
absl::Status BadUrlsError();
absl::Status NoTlsError();
absl::Status BadUserError();
absl::Status OneUrlError();
absl::Status OtherIdError();
absl::Status AcceptorUrlError();
absl::Status NoAcceptorsError();
absl::Status MemberMovedError();
absl::Status MemberExistsError();
absl::Status PeerUrlExistsError();
absl::Status MemberNotFoundError();
absl::Status NotLearnerError();
absl::Status LearnerNotReadyError();
absl::Status TooManyLearnersError();
absl::Status TooManyVotersError();
absl::Status NotEnoughStartedError();
absl::Status UnhealthyError();
absl::Status OwnDiskError();
absl::Status OtherDiskError(std::string_view incarnation);  // The one that is there.
absl::Status NewcomerUnreachableError();
absl::Status NewcomerSilentError();  // So far. It may answer yet, and become a member.
// How one ended that was not made, or perhaps was.
absl::Status ToChangeStatus(const synod::Outcome& outcome);

// What leaves open whether a write was executed. These are etcd's own texts and codes for the same
// situations, but for the last two, which it does not have.
absl::Status TimeoutError();
absl::Status LeaderFailedError();
absl::Status ConnectionLostError();
absl::Status StoppedError();
absl::Status BadResultError();
absl::Status WrongClusterError();

// True if a write that ended like this was not executed and never will be, so that it may be
// repeated. The code alone does not tell: gRPC itself says UNAVAILABLE of a connection that broke,
// and etcd says it of a request that timed out. The text does:
// - what does not begin with "etcdserver: " or "synod-kv: " is not the server's word;
// - "etcdserver: request timed out…", "etcdserver: server stopped" and whatever ends with "may have
//   been executed" leave it open;
// - everything else is a refusal.
[[nodiscard]] bool WasNotExecuted(const grpc::Status& status);

// A write that was not committed.
absl::Status ToStatus(const synod::Outcome& outcome);

// A read that Replica::Read refused. Reads are always safe to repeat.
absl::Status ToReadStatus(const absl::Status& status);

// Whether Replica::Read refused because nobody led: there is a point in repeating it.
bool FoundNoLeader(const absl::Status& read);

// How a transfer of leadership ended.
absl::Status BadTransfereeError();
absl::Status ToTransferStatus(const absl::Status& status);

grpc::Status ToGrpc(const absl::Status& status);

}  // namespace synod_kv

#endif  // SYNOD_KV_ERRORS_H_
