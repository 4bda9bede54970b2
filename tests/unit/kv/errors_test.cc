#include "kv/errors.h"

#include <gtest/gtest.h>

namespace synod_kv {
namespace {

using synod::Outcome;
using synod::Reason;

Outcome Failed(Outcome::Kind kind, Reason reason, synod::NodeId leader = 0) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.reason = reason;
  outcome.leader = leader;
  return outcome;
}

// The rule that clients rely on to repeat a write.
TEST(ToStatus, EveryReason_OfEachKind_SaysWhetherRepeatingIsSafe) {
  for (int reason = 0; reason <= static_cast<int>(Reason::kInvalidChange); ++reason) {
    EXPECT_TRUE(WasNotExecuted(
        ToGrpc(ToStatus(Failed(Outcome::Kind::kNotCommitted, static_cast<Reason>(reason))))))
        << reason;
    EXPECT_FALSE(WasNotExecuted(
        ToGrpc(ToStatus(Failed(Outcome::Kind::kUnknown, static_cast<Reason>(reason))))))
        << reason;
  }
}

// What etcd says in the same situation, code and text: its clients map the texts to codes.
TEST(ToStatus, UnknownOutcomes_Mapped_AreEtcdsOwn) {
  const auto unknown = [](Reason reason) {
    return ToStatus(Failed(Outcome::Kind::kUnknown, reason));
  };
  EXPECT_EQ(unknown(Reason::kDeadline), absl::UnavailableError("etcdserver: request timed out"));
  EXPECT_EQ(unknown(Reason::kStopped), absl::UnavailableError("etcdserver: server stopped"));
  EXPECT_EQ(unknown(Reason::kLeadershipLost),
            absl::UnavailableError(
                "etcdserver: request timed out, possibly due to previous leader failure"));
  EXPECT_EQ(
      ConnectionLostError(),
      absl::UnavailableError("etcdserver: request timed out, possibly due to connection lost"));
}

TEST(WasNotExecuted, EveryError_Asked_SaysWhatIsTrue) {
  for (const absl::Status& refusal :
       {EmptyKeyError(),          TooLargeError(),        MalformedError("it"),
        KeyNotFoundError(),       CompactedError(),       NoSpaceError(),
        NoLeaderError(),          NotLeaderError(),       LeaderChangedError(),
        LeaderUnreachableError(), TooManyRequestsError(), StoppingError(),
        WrongTargetError(),       AnswerTooLargeError(),  NotYetMemberError(),
        RemovedError(),           BadUrlsError(),         NoTlsError(),
        BadUserError(),           OneUrlError(),          OtherIdError(),
        MemberExistsError(),      MemberMovedError(),     PeerUrlExistsError(),
        MemberNotFoundError(),    NotLearnerError(),      LearnerNotReadyError(),
        TooManyLearnersError(),   TooManyVotersError(),   NotEnoughStartedError(),
        UnhealthyError(),         OwnDiskError(),         NewcomerUnreachableError(),
        AcceptorUrlError(),       NoAcceptorsError()}) {
    EXPECT_TRUE(WasNotExecuted(ToGrpc(refusal))) << refusal;
  }
  for (const absl::Status& unknown :
       {TimeoutError(), LeaderFailedError(), ConnectionLostError(), StoppedError(),
        BadResultError(), WrongClusterError(), NewcomerSilentError()}) {
    EXPECT_FALSE(WasNotExecuted(ToGrpc(unknown))) << unknown;
  }
  // gRPC's own words, of a connection that broke after the write was executed.
  EXPECT_FALSE(WasNotExecuted({grpc::StatusCode::UNAVAILABLE, "Socket closed"}));
  EXPECT_FALSE(WasNotExecuted({grpc::StatusCode::RESOURCE_EXHAUSTED,
                               "Received message larger than max (5242890 vs. 4194304)"}));
}

TEST(ToStatus, KnownReasons_Mapped_CarryTheTextsThatClientsKnow) {
  const auto refused = [](Reason reason, synod::NodeId leader = 0) {
    return ToStatus(Failed(Outcome::Kind::kNotCommitted, reason, leader));
  };
  EXPECT_EQ(refused(Reason::kNotLeader), absl::UnavailableError("etcdserver: no leader"));
  EXPECT_EQ(refused(Reason::kNotLeader, 2), absl::UnavailableError("etcdserver: leader changed"));
  EXPECT_EQ(refused(Reason::kOverloaded),
            absl::ResourceExhaustedError("etcdserver: too many requests"));
  EXPECT_EQ(refused(Reason::kNoSpace),
            absl::ResourceExhaustedError("etcdserver: mvcc: database space exceeded"));
  EXPECT_EQ(refused(Reason::kTooLarge),
            absl::InvalidArgumentError("etcdserver: request is too large"));
}

TEST(ToChangeStatus, ReasonsOfChanges_Mapped_SayWhatToDo) {
  EXPECT_EQ(ToChangeStatus(Failed(Outcome::Kind::kNotCommitted, Reason::kUnreachable)),
            NewcomerUnreachableError());
  EXPECT_EQ(ToChangeStatus(Failed(Outcome::Kind::kUnknown, Reason::kDeadline)), TimeoutError());
  EXPECT_TRUE(WasNotExecuted(
      ToGrpc(ToChangeStatus(Failed(Outcome::Kind::kNotCommitted, Reason::kInvalidChange)))));
}

// As a replica says it, which knows that this one leads.
absl::Status Refused(Reason reason, synod::NodeId leader = 0) {
  return synod::WithRefusal(absl::UnavailableError("for some reason"),
                            {.reason = reason, .leader = leader});
}

TEST(ToReadStatus, RefusalsAndOwnErrors_Mapped_AreToldApart) {
  EXPECT_EQ(ToReadStatus(Refused(Reason::kNotLeader)),
            absl::UnavailableError("etcdserver: no leader"));
  EXPECT_EQ(ToReadStatus(Refused(Reason::kLeadershipLost, 2)).message(),
            "synod-kv: leadership was lost while the request was under way; the request was not "
            "executed");
  EXPECT_TRUE(absl::IsResourceExhausted(ToReadStatus(Refused(Reason::kOverloaded, 2))));
  EXPECT_EQ(ToReadStatus(CompactedError()), CompactedError());
  EXPECT_EQ(ToReadStatus(Refused(Reason::kDeadline, 2)), TimeoutError());
  // The query's own, though it reads like a refusal.
  const absl::Status own = absl::UnavailableError("this replica is not the leader");
  EXPECT_EQ(ToReadStatus(own), own);
  EXPECT_FALSE(FoundNoLeader(own));
}

TEST(FoundNoLeader, WhatANewLeaderWouldMend_OnlyThat_Holds) {
  EXPECT_TRUE(FoundNoLeader(Refused(Reason::kNotLeader)));
  EXPECT_TRUE(FoundNoLeader(Refused(Reason::kNoQuorum)));
  EXPECT_TRUE(FoundNoLeader(Refused(Reason::kLeadershipLost)));
  EXPECT_FALSE(FoundNoLeader(Refused(Reason::kOverloaded)));
  EXPECT_FALSE(FoundNoLeader(Refused(Reason::kStopped)));
  EXPECT_FALSE(FoundNoLeader(CompactedError()));
}

TEST(ToTransferStatus, EveryReason_Mapped_CarriesEtcdsText) {
  const auto failed = [](Reason reason) { return ToTransferStatus(Refused(reason)); };
  EXPECT_TRUE(ToTransferStatus(absl::OkStatus()).ok());
  EXPECT_EQ(failed(Reason::kNotLeader), absl::FailedPreconditionError("etcdserver: not leader"));
  EXPECT_EQ(failed(Reason::kNotVoter),
            absl::FailedPreconditionError("etcdserver: bad leader transferee"));
  EXPECT_EQ(failed(Reason::kStopped), StoppedError());
  for (const Reason reason : {Reason::kDeadline, Reason::kUnreachable, Reason::kLeadershipLost}) {
    EXPECT_EQ(failed(reason),
              absl::UnknownError("etcdserver: request timed out, leader transfer took too long"));
  }
}

TEST(ToGrpc, Errors_Converted_KeepCodeAndText) {
  const grpc::Status status = ToGrpc(CompactedError());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "etcdserver: mvcc: required revision has been compacted");
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace synod_kv
