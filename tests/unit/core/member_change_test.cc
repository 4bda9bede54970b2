// What changes make of a configuration.
#include "synod/core/member_change.h"

#include <gtest/gtest.h>

namespace synod {
namespace {

using To = MemberChange::To;
using Nodes = std::vector<NodeId>;

TEST(MemberChange, Apply_MakesOfEachNodeWhatIsAsked) {
  Configuration before = Configuration::Of({1, 2, 3});
  before.learners = {7};
  const Configuration after = Apply({{.node = 9, .to = To::kVoter},
                                     {.node = 7, .to = To::kVoter},
                                     {.node = 2, .to = To::kLearner},
                                     {.node = 3, .to = To::kNone},
                                     {.node = 4, .to = To::kNone}},
                                    before);
  EXPECT_EQ(after.voters, (Nodes{1, 7, 9}));
  EXPECT_EQ(after.learners, (Nodes{2}));
}

TEST(MemberChange, Apply_AnAcceptorIsAVoterAndNothingElse) {
  const Configuration before = Configuration::Of({1, 2});
  const Configuration after = Apply({{.node = 9, .to = To::kAcceptor}}, before);
  EXPECT_EQ(after.voters, (Nodes{1, 2, 9}));
  EXPECT_EQ(after.acceptors, (Nodes{9}));
  EXPECT_EQ(Apply({{.node = 9, .to = To::kNone}}, after), before);
}

TEST(MemberChange, JoinOf_TakesBothHalvesWhereVotersChange) {
  const Configuration before = Configuration::Of({1, 2, 3});
  const Configuration joint = JoinOf(before, Configuration::Of({1, 4}));
  EXPECT_EQ(joint.voters, (Nodes{1, 4}));
  EXPECT_EQ(joint.outgoing, (Nodes{1, 2, 3}));
  Configuration learner = before;
  learner.learners = {5};
  EXPECT_FALSE(JoinOf(before, learner).IsJoint());
}

TEST(MemberChange, LeaveOf_ForgetsWhoHasGone) {
  Configuration joint = JoinOf(Configuration::Of({1, 2}), Configuration::Of({2, 3}));
  for (NodeId node : joint.Members()) {
    joint.records.push_back(
        {.node = node, .incarnation = Incarnation(node.value()), .epoch = {}, .address = {}});
  }
  const Configuration left = LeaveOf(joint);
  EXPECT_FALSE(left.IsJoint());
  EXPECT_EQ(left.Members(), (Nodes{2, 3}));
  EXPECT_TRUE(IsWellFormed(left));
  EXPECT_EQ(left.RecordOf(1), nullptr);
}

}  // namespace
}  // namespace synod
