#include "kv/answer.h"

#include <gtest/gtest.h>

#include "tests/unit/kv/command_test_util.h"

namespace synod_kv {
namespace {

using etcdserverpb::RangeResponse;
using etcdserverpb::ResponseHeader;

ResponseHeader SignatureOf(uint64_t cluster, uint64_t member, uint64_t term) {
  ResponseHeader header;
  header.set_cluster_id(cluster);
  header.set_member_id(member);
  header.set_raft_term(term);
  return header;
}

std::string AnswerAt(int64_t revision) {
  RangeResponse answer;
  answer.mutable_header()->set_revision(revision);
  answer.add_kvs()->set_key("k");
  return answer.SerializeAsString();
}

TEST(Signed, AnAnswer_Parsed_HasRevisionAndSignature) {
  const grpc::ByteBuffer bytes = Signed(SignatureOf(7, 2, 5), "xy" + AnswerAt(9), /*skip=*/2);
  RangeResponse response;
  ASSERT_TRUE(Parse(bytes, &response));
  EXPECT_EQ(response.header().cluster_id(), 7u);
  EXPECT_EQ(response.header().member_id(), 2u);
  EXPECT_EQ(response.header().raft_term(), 5u);
  EXPECT_EQ(response.header().revision(), 9);
  EXPECT_EQ(response.kvs(0).key(), "k");
}

TEST(SignAnew, ASignedResponse_HasTheNewSignatureAndTheOldRevision) {
  grpc::ByteBuffer bytes = Signed(SignatureOf(7, 2, 5), AnswerAt(9));
  SignAnew(SignatureOf(7, 1, 4), &bytes);
  RangeResponse response;
  ASSERT_TRUE(Parse(bytes, &response));
  EXPECT_EQ(response.header().member_id(), 1u);
  EXPECT_EQ(response.header().raft_term(), 4u);
  EXPECT_EQ(response.header().revision(), 9);
  EXPECT_EQ(response.kvs_size(), 1);
}

TEST(ReadSignature, Responses_OfAllKinds_TellWhoAnswered) {
  ResponseHeader signature;
  ASSERT_TRUE(ReadSignature(Signed(SignatureOf(7, 2, 5), AnswerAt(9)), &signature));
  EXPECT_EQ(signature.cluster_id(), 7u);
  // What another server encodes in one piece.
  RangeResponse foreign;
  *foreign.mutable_header() = SignatureOf(8, 3, 1);
  foreign.add_kvs()->set_key("k");
  ASSERT_TRUE(ReadSignature(BytesOf(foreign.SerializeAsString()), &signature));
  EXPECT_EQ(signature.cluster_id(), 8u);

  foreign.clear_header();
  EXPECT_FALSE(ReadSignature(BytesOf(foreign.SerializeAsString()), &signature));
  EXPECT_FALSE(ReadSignature(grpc::ByteBuffer(), &signature));
  EXPECT_FALSE(ReadSignature(BytesOf("\x0a\x7f"), &signature));
  EXPECT_FALSE(ReadSignature(BytesOf("\x0a\xff\xff\xff\xff\x0f"), &signature));
}

TEST(Parse, BytesThatAreNoMessage_AreRefused) {
  RangeResponse response;
  EXPECT_TRUE(Parse(grpc::ByteBuffer(), &response));
  EXPECT_FALSE(Parse(BytesOf("\x0a\xff"), &response));
}

}  // namespace
}  // namespace synod_kv
