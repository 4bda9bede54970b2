// What a newcomer's command line lacks.
#include "kv/newcomer_check.h"

#include <gtest/gtest.h>

namespace synod_kv {
namespace {

void Add(uint64_t id, const char* peer_url, const char* client_url,
         etcdserverpb::MemberListResponse* members) {
  etcdserverpb::Member* member = members->add_members();
  member->set_id(id);
  if (*peer_url != 0) member->add_peerurls(peer_url);
  if (*client_url != 0) member->add_clienturls(client_url);
}

TEST(NewcomerCheck, MembersThatTheFlagDoesNotName_AreGivenAsItTakesThem) {
  etcdserverpb::MemberListResponse members;
  Add(1, "http://a:1", "http://a:2", &members);
  Add(4, "http://d:1", "http://d:2", &members);
  Add(5, "http://e:1", "", &members);
  const std::vector<ClusterMember> flagged = {{1, "a:1", "a:2"}, {3, "c:1", "c:2"}};
  EXPECT_EQ(MissingIn(flagged, members), ",4=d:1/d:2,5=e:1/HOST:PORT");
  EXPECT_EQ(MissingIn({{1, "a:1", "a:2"}, {4, "", ""}, {5, "", ""}}, members), "");
}

}  // namespace
}  // namespace synod_kv
