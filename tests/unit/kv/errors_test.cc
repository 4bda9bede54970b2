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

bool SaysThatRepeatingIsSafe(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsInvalidArgument(status);
}

// The rule that clients rely on to repeat a write.
TEST(ToStatus, EveryReason_OfEachKind_SaysWhetherRepeatingIsSafe) {
  for (int reason = 0; reason <= static_cast<int>(Reason::kUnreachable); ++reason) {
    EXPECT_TRUE(SaysThatRepeatingIsSafe(
        ToStatus(Failed(Outcome::Kind::kNotCommitted, static_cast<Reason>(reason)))))
        << reason;
    EXPECT_FALSE(SaysThatRepeatingIsSafe(
        ToStatus(Failed(Outcome::Kind::kUnknown, static_cast<Reason>(reason)))))
        << reason;
  }
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
  EXPECT_EQ(ToStatus(Failed(Outcome::Kind::kUnknown, Reason::kDeadline)),
            absl::DeadlineExceededError("etcdserver: request timed out"));
}

TEST(ToReadStatus, RefusalsAndOwnErrors_Mapped_AreToldApart) {
  const auto unavailable = [](Reason reason) {
    const std::string_view text = Describe(reason);
    return absl::UnavailableError(absl::string_view(text.data(), text.size()));
  };
  EXPECT_EQ(ToReadStatus(unavailable(Reason::kNotLeader), false),
            absl::UnavailableError("etcdserver: no leader"));
  EXPECT_TRUE(absl::IsUnavailable(ToReadStatus(unavailable(Reason::kLeadershipLost), true)));
  EXPECT_TRUE(absl::IsResourceExhausted(ToReadStatus(unavailable(Reason::kOverloaded), true)));
  EXPECT_EQ(ToReadStatus(CompactedError(), true), CompactedError());
  EXPECT_EQ(ToReadStatus(absl::DeadlineExceededError("the deadline passed"), true),
            absl::DeadlineExceededError("etcdserver: request timed out"));
}

TEST(ToGrpc, Errors_Converted_KeepCodeAndText) {
  const grpc::Status status = ToGrpc(CompactedError());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "etcdserver: mvcc: required revision has been compacted");
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace synod_kv
