#include "kv/peer_url.h"

#include <gtest/gtest.h>

#include "kv/errors.h"

namespace synod_kv {
namespace {

TEST(PeerUrl, Plain_Parsed_IsAnAddress) {
  const auto url = ParsePeerUrl("http://[::1]:7004");
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->peer_address, "[::1]:7004");
  EXPECT_TRUE(url->id.IsZero());
  EXPECT_TRUE(url->incarnation.IsZero());
  EXPECT_EQ(url->client_address, "");
}

TEST(PeerUrl, WithEverything_Parsed_HasIt) {
  const std::string text = "http://12:1f2e3d4c5b6a7988@h:7004?client=c:2379";
  const auto url = ParsePeerUrl(text);
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->id, synod::NodeId(12));
  EXPECT_EQ(url->incarnation, synod::Incarnation(0x1f2e3d4c5b6a7988));
  EXPECT_EQ(url->peer_address, "h:7004");
  EXPECT_EQ(url->client_address, "c:2379");
  EXPECT_EQ(FormatPeerUrl(*url), text);
}

TEST(PeerUrl, OfAnAcceptor_Parsed_SaysWhichItIsAndWhere) {
  const std::string text = "http://4:1f2e3d4c5b6a7988@10.0.0.2:7400?acceptor=7401";
  const auto url = ParsePeerUrl(text);
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_TRUE(url->is_acceptor);
  EXPECT_EQ(url->id, synod::NodeId(4));
  EXPECT_EQ(url->incarnation, synod::Incarnation(0x1f2e3d4c5b6a7988));
  EXPECT_EQ(url->peer_address, "switch://10.0.0.2:7400/7401");
  EXPECT_EQ(url->client_address, "");
  EXPECT_EQ(FormatPeerUrl(*url), text);
  EXPECT_FALSE(ParsePeerUrl("http://h:7004")->is_acceptor);
}

TEST(PeerUrl, OfAnAcceptorWithoutControl_Parsed_HasNone) {
  const std::string text = "http://10.0.0.2:7400?acceptor=0";
  const auto url = ParsePeerUrl(text);
  ASSERT_TRUE(url.ok()) << url.status();
  EXPECT_EQ(url->peer_address, "switch://10.0.0.2:7400");
  EXPECT_EQ(FormatPeerUrl(*url), text);
}

TEST(PeerUrl, OfAnAcceptorMalformed_Parsed_IsRefused) {
  for (const char* text :
       {"switch://10.0.0.2:7400", "http://10.0.0.2?acceptor=1", "http://h:7400?acceptor=1",
        "http://10.0.0.2:7400?acceptor=", "http://10.0.0.2:7400?acceptor=x",
        "http://10.0.0.2:7400?acceptor=70000", "http://10.0.0.2:0?acceptor=1"}) {
    EXPECT_EQ(ParsePeerUrl(text).status(), BadUrlsError()) << text;
  }
  EXPECT_EQ(ParsePeerUrl("http://x@10.0.0.2:7400?acceptor=1").status(), BadUserError());
}

TEST(PeerUrl, UserThatIsNoId_Parsed_IsRefusedSayingSo) {
  for (const char* text : {"http://n4@h:1", "http://0@h:1", "http://4:@h:1", "http://4:xyz@h:1",
                           "http://4:0@h:1", "http://@h:1"}) {
    EXPECT_EQ(ParsePeerUrl(text).status(), BadUserError()) << text;
  }
}

TEST(PeerUrl, Malformed_Parsed_IsRefusedAsByEtcd) {
  for (const char* text :
       {"", "h:1", "ftp://h:1", "http://", "http://h", "http://h:0", "http://4@", "http://h:1/path",
        "http://h:1?x=c:1", "http://h:1?client=", "http://a/b:1", "http://h:1?client=a/b:1"}) {
    EXPECT_EQ(ParsePeerUrl(text).status(), BadUrlsError()) << text;
  }
}

TEST(PeerUrl, WithTls_Parsed_IsRefusedSayingSo) {
  EXPECT_EQ(ParsePeerUrl("https://h:1").status(), NoTlsError());
}

}  // namespace
}  // namespace synod_kv
