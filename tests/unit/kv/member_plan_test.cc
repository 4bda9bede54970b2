// What the leader makes of requests to change the members.
#include "kv/member_plan.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "kv/errors.h"

namespace synod_kv {
namespace {

using synod::Configuration;
using synod::Incarnation;
using synod::Index;
using synod::MemberChange;
using synod::NodeId;
using To = MemberChange::To;

constexpr NodeId kLeader = 1;

// The leader, node 1, of three voters that all answer.
class MemberPlanTest : public testing::Test {
 protected:
  MemberPlanTest() {
    status_.node = kLeader;
    status_.role = synod::Role::kLeader;
    status_.last = Index(5000);
    status_.configuration = Configuration::Of({1, 2, 3});
    for (const NodeId id : {NodeId(2), NodeId(3)}) {
      status_.peers.push_back({.node = id, .match = Index(5000), .active = true});
    }
  }

  synod::ReplicaStatus::Peer& peer(NodeId id) {
    return *std::find_if(status_.peers.begin(), status_.peers.end(),
                         [id](const auto& peer) { return peer.node == id; });
  }
  void AddLearner(NodeId id, Index match) {
    status_.configuration.learners.push_back(id);
    status_.peers.push_back({.node = id, .match = match, .active = true});
  }
  // The node 4, a voter that is nothing but an acceptor.
  void AddAcceptor() {
    status_.configuration.protocol = synod::Protocol::kMultiPaxos;
    status_.configuration.voters.emplace_back(4);
    status_.configuration.acceptors.emplace_back(4);
    status_.configuration.records.push_back({.node = 4,
                                             .incarnation = Incarnation(0xac),
                                             .epoch = {},
                                             .address = "switch://10.0.0.4:7400"});
    status_.peers.push_back({.node = 4, .match = Index(5000), .active = true});
  }
  // As the first change leaves it.
  void WriteRecords() {
    for (const NodeId id : status_.configuration.Members()) {
      status_.configuration.records.push_back(
          {.node = id, .incarnation = Incarnation(100 + id.value()), .epoch = {}, .address = {}});
    }
  }

  absl::StatusOr<MemberChange> Add(const std::string& url, bool is_learner = false) {
    etcdserverpb::MemberAddRequest request;
    request.add_peerurls(url);
    request.set_islearner(is_learner);
    return PlanOf(request, status_, directory_);
  }
  absl::StatusOr<MemberChange> Remove(NodeId id) {
    etcdserverpb::MemberRemoveRequest request;
    request.set_id(id.value());
    return PlanOf(request, status_, directory_);
  }
  absl::StatusOr<MemberChange> Update(NodeId id, const std::string& url) {
    etcdserverpb::MemberUpdateRequest request;
    request.set_id(id.value());
    request.add_peerurls(url);
    return PlanOf(request, status_, directory_);
  }
  absl::StatusOr<MemberChange> Promote(NodeId id) {
    etcdserverpb::MemberPromoteRequest request;
    request.set_id(id.value());
    return PlanOf(request, status_, directory_);
  }

  synod::ReplicaStatus status_;
  const Directory directory_{kLeader, {{1, "p:1", "c:1"}, {2, "p:2", "c:2"}, {3, "p:3", "c:3"}}};
};

TEST_F(MemberPlanTest, Add_NamesTheId_IsTaken) {
  const MemberChange expected = {.node = 7, .to = To::kVoter, .address = "p:7"};
  EXPECT_EQ(Add("http://7@p:7").value(), expected);
}

TEST_F(MemberPlanTest, Add_WithoutAnId_TakesTheNext) {
  const MemberChange expected = {.node = 4, .to = To::kLearner, .address = "p:4/c:4"};
  EXPECT_EQ(Add("http://p:4?client=c:4", /*is_learner=*/true).value(), expected);
}

TEST_F(MemberPlanTest, Add_MemberOrItsAddressIsThere_IsRefused) {
  EXPECT_EQ(Add("http://3@p:9").status(), MemberExistsError());
  EXPECT_EQ(Add("http://4@p:3").status(), PeerUrlExistsError());
}

TEST_F(MemberPlanTest, Add_SeveralUrlsOrNone_IsRefused) {
  etcdserverpb::MemberAddRequest request;
  EXPECT_EQ(PlanOf(request, status_, directory_).status(), BadUrlsError());
  request.add_peerurls("http://p:4");
  request.add_peerurls("http://p:5");
  EXPECT_EQ(PlanOf(request, status_, directory_).status(), OneUrlError());
}

TEST_F(MemberPlanTest, Add_AddressThatNoRecordCouldHold_IsRefused) {
  EXPECT_EQ(Add("http://4@" + std::string(300, 'h') + ":1").status(), BadUrlsError());
}

TEST_F(MemberPlanTest, Add_VoterWhileTheOthersCouldNotDecideWithoutIt_IsRefused) {
  peer(3).active = false;
  EXPECT_EQ(Add("http://4@p:4").status(), UnhealthyError());
  EXPECT_TRUE(Add("http://4@p:4", /*is_learner=*/true).ok());
}

TEST_F(MemberPlanTest, Add_SecondVoter_IsTaken) {
  status_.configuration = Configuration::Of({1});
  status_.peers.clear();
  EXPECT_TRUE(Add("http://2@p:2").ok());
}

TEST_F(MemberPlanTest, Add_TooManyMembers_IsRefused) {
  std::vector<NodeId> voters;
  for (uint64_t id = 1; id <= synod::kMaxVoters; ++id) voters.emplace_back(id);
  status_.configuration = Configuration::Of(voters);
  for (uint64_t id = 4; id <= synod::kMaxVoters; ++id) {
    status_.peers.push_back({.node = id, .match = Index(5000), .active = true});
  }
  EXPECT_EQ(Add("http://99@p:99").status(), TooManyVotersError());
  for (uint64_t id = 100; id < 100 + synod::kMaxLearners; ++id) {
    status_.configuration.learners.emplace_back(id);
  }
  EXPECT_EQ(Add("http://99@p:99", /*is_learner=*/true).status(), TooManyLearnersError());
}

TEST_F(MemberPlanTest, Add_AnotherDiskOfAMember_ReplacesIt) {
  WriteRecords();
  peer(3).active = false;
  const MemberChange expected = {
      .node = 3, .to = To::kVoter, .incarnation = Incarnation(0xab), .address = "p:3"};
  EXPECT_EQ(Add("http://3:ab@p:3").value(), expected);
}

TEST_F(MemberPlanTest, Add_TheDiskThatAMemberHas_IsRefused) {
  WriteRecords();
  EXPECT_EQ(Add("http://3:67@p:3").status(), MemberExistsError());  // 103.
}

TEST_F(MemberPlanTest, Add_AnotherDiskOfTheLeader_IsRefused) {
  WriteRecords();
  EXPECT_EQ(Add("http://1:ab@p:1").status(), OwnDiskError());
}

TEST_F(MemberPlanTest, Add_Acceptor_IsAVoterThatTheUrlNames) {
  AddAcceptor();
  const MemberChange expected = {.node = 7,
                                 .to = To::kAcceptor,
                                 .incarnation = Incarnation(0xab),
                                 .address = "switch://10.0.0.7:7400/7401"};
  EXPECT_EQ(Add("http://7:ab@10.0.0.7:7400?acceptor=7401").value(), expected);
  EXPECT_EQ(Add("http://7@10.0.0.7:7400?acceptor=0").status(), AcceptorUrlError());
  EXPECT_EQ(Add("http://7:ab@10.0.0.7:7400?acceptor=0", /*is_learner=*/true).status(),
            AcceptorUrlError());
  EXPECT_EQ(Add("http://7:ab@10.0.0.4:7400?acceptor=0").status(), PeerUrlExistsError());
  EXPECT_EQ(Add("http://7:ab@10.0.0.4:7400?acceptor=7401").status(), PeerUrlExistsError());
}

TEST_F(MemberPlanTest, Add_AcceptorToRaft_IsRefused) {
  EXPECT_EQ(Add("http://7:ab@10.0.0.7:7400?acceptor=7401").status(), NoAcceptorsError());
}

TEST_F(MemberPlanTest, Add_AcceptorThatLostItsPromises_ReplacesIt) {
  AddAcceptor();
  peer(4).active = false;
  const MemberChange expected = {.node = 4,
                                 .to = To::kAcceptor,
                                 .incarnation = Incarnation(0xad),
                                 .address = "switch://10.0.0.4:7400"};
  EXPECT_EQ(Add("http://4:ad@10.0.0.4:7400?acceptor=0").value(), expected);
  EXPECT_EQ(Add("http://4:ac@10.0.0.4:7400?acceptor=0").status(), MemberExistsError());
}

TEST_F(MemberPlanTest, Add_AcceptorUnderTheIdOfAMember_IsRefused) {
  AddAcceptor();
  EXPECT_EQ(Add("http://3:ab@10.0.0.7:7400?acceptor=0").status(), MemberExistsError());
  EXPECT_EQ(Add("http://4:ab@p:4").status(), MemberExistsError());
}

TEST_F(MemberPlanTest, Add_AcceptorWhileTooFewAnswer_IsRefused) {
  AddAcceptor();
  peer(2).active = false;
  EXPECT_TRUE(Add("http://7:ab@10.0.0.7:7400?acceptor=0").ok());
  peer(3).active = false;
  EXPECT_EQ(Add("http://7:ab@10.0.0.7:7400?acceptor=0").status(), UnhealthyError());
}

TEST_F(MemberPlanTest, Remove_Member_MakesItNone) {
  const MemberChange expected = {.node = 1, .to = To::kNone};
  EXPECT_EQ(Remove(1).value(), expected);
  EXPECT_EQ(Remove(4).status(), MemberNotFoundError());
}

TEST_F(MemberPlanTest, Remove_RestThatCouldNotDecide_IsRefused) {
  peer(3).active = false;
  EXPECT_TRUE(Remove(3).ok());
  EXPECT_EQ(Remove(2).status(), UnhealthyError());
}

TEST_F(MemberPlanTest, Remove_LastVoter_IsRefusedAndALearnerIsNot) {
  status_.configuration = Configuration::Of({1});
  status_.peers.clear();
  AddLearner(4, Index(0));
  EXPECT_EQ(Remove(1).status(), NotEnoughStartedError());
  EXPECT_TRUE(Remove(4).ok());
}

TEST_F(MemberPlanTest, Remove_LastReplica_IsRefusedThoughAcceptorsRemain) {
  status_.configuration = Configuration::Of({1});
  status_.peers.clear();
  AddAcceptor();
  EXPECT_EQ(Remove(1).status(), NotEnoughStartedError());
  EXPECT_TRUE(Remove(4).ok());
}

TEST_F(MemberPlanTest, Update_Member_MovesItAndLeavesItWhatItIs) {
  AddLearner(4, Index(0));
  const MemberChange voter = {.node = 2, .to = To::kVoter, .address = "new:2"};
  const MemberChange learner = {.node = 4, .to = To::kLearner, .address = "new:4"};
  EXPECT_EQ(Update(2, "http://new:2").value(), voter);
  EXPECT_EQ(Update(4, "http://4@new:4").value(), learner);
}

// What a member says of itself may come behind the change that moved it, and must not undo that.
TEST_F(MemberPlanTest, Update_ClientAddress_HoldsOnlyWhereTheMemberStillIs) {
  const MemberChange announced = {.node = 2, .to = To::kVoter, .address = "p:2/new:2"};
  EXPECT_EQ(Update(2, "http://p:2?client=new:2").value(), announced);
  WriteRecords();
  status_.configuration.records[1].address = "moved:2";
  EXPECT_EQ(Update(2, "http://p:2?client=new:2").status(), MemberMovedError());
  const MemberChange again = {.node = 2, .to = To::kVoter, .address = "moved:2/new:2"};
  EXPECT_EQ(Update(2, "http://moved:2?client=new:2").value(), again);
}

TEST_F(MemberPlanTest, Update_Acceptor_MovesItAndLeavesItAnAcceptor) {
  AddAcceptor();
  const MemberChange expected = {
      .node = 4, .to = To::kAcceptor, .address = "switch://10.0.0.9:7400/7401"};
  EXPECT_EQ(Update(4, "http://10.0.0.9:7400?acceptor=7401").value(), expected);
  EXPECT_EQ(Update(4, "http://4:ad@10.0.0.9:7400?acceptor=0").status(), OtherIdError());
  EXPECT_EQ(Update(4, "http://new:4").status(), BadUrlsError());
  EXPECT_EQ(Update(2, "http://10.0.0.9:7400?acceptor=0").status(), BadUrlsError());
}

TEST_F(MemberPlanTest, Update_SomebodyElse_IsRefused) {
  EXPECT_EQ(Update(9, "http://new:2").status(), MemberNotFoundError());
  EXPECT_EQ(Update(2, "http://p:3").status(), PeerUrlExistsError());
  EXPECT_EQ(Update(2, "http://3@new:2").status(), OtherIdError());
  EXPECT_EQ(Update(2, "http://2:ab@new:2").status(), OtherIdError());
}

TEST_F(MemberPlanTest, Promote_LearnerInSync_MakesItAVoter) {
  AddLearner(4, Index(4990));
  const MemberChange expected = {.node = 4, .to = To::kVoter};
  EXPECT_EQ(Promote(4).value(), expected);
}

TEST_F(MemberPlanTest, Promote_LearnerBehindOrSilent_IsRefused) {
  AddLearner(4, Index(3000));
  EXPECT_EQ(Promote(4).status(), LearnerNotReadyError());
  peer(4).match = Index(5000);
  peer(4).active = false;
  EXPECT_EQ(Promote(4).status(), LearnerNotReadyError());
  peer(4).active = true;
  peer(4).snapshotting = true;
  EXPECT_EQ(Promote(4).status(), LearnerNotReadyError());
}

TEST_F(MemberPlanTest, Promote_WhoIsNoLearner_IsRefused) {
  EXPECT_EQ(Promote(2).status(), NotLearnerError());
  EXPECT_EQ(Promote(9).status(), MemberNotFoundError());
}

}  // namespace
}  // namespace synod_kv
