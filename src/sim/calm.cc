#include "src/sim/calm.h"

#include <algorithm>
#include <iterator>
#include <memory>

namespace synod::sim {

void Calm::Run() {
  Counts& counts = cluster_.counts();
  Heal();
  cluster_.RunUntil([this] { return cluster_.world().Now() >= healed_; });
  const uint64_t elections = counts.elections;
  AwaitLeader();
  if (!cluster_.judge().HasFailed()) AwaitMembers();
  if (!cluster_.judge().HasFailed()) AwaitAnswers();
  if (!cluster_.judge().HasFailed()) AwaitEquality();
  if (cluster_.judge().HasFailed()) return;
  if (counts.elections > elections + 10 + cluster_.options().AllNodes()) {
    return Fail("stable leadership", std::to_string(counts.elections - elections) +
                                         " elections were won after the storm");
  }
  AwaitReturnOfPower();
}

// Disks under the name of a member that is another disk stay away: they would only be told to stop.
void Calm::Heal() {
  const Options& options = cluster_.options();
  const Judge& judge = cluster_.judge();
  const std::vector<Members> deciding = judge.Deciding();
  for (const auto& node : cluster_.nodes()) {
    const auto is_in = [&](const Members& members) { return members->IsMember(node->id()); };
    const auto counts = [&](const Members& members) {
      return is_in(members) && judge.IsOnKnownDisk(node->id(), *members);
    };
    const bool is_impostor = std::any_of(deciding.begin(), deciding.end(), is_in) &&
                             std::none_of(deciding.begin(), deciding.end(), counts);
    if (!node->IsCorrupt() && !is_impostor) healthy_.push_back(node->id());
  }
  // Before all have met nobody may lead.
  if (judge.AllAreIntroduced()) LeaveOutSome();
  healed_ = cluster_.network().LastArrival();
  for (NodeId id : healthy_) {
    Node& node = cluster_.node(id);
    if (node.IsUp()) healed_ = std::max(healed_, node.life().paused_until);
  }
  healed_ = std::max(healed_, cluster_.world().Now());
  recovery_.election_timeout = options.engine.election_timeout;
  storm_.End(healthy_, patience_.Soon());
  CutOffSome();
  clients_.SetDeadline(patience_.Deadline(0));
}

// Down to a quorum, at most.
void Calm::LeaveOutSome() {
  Rng dice = cluster_.world().Dice(Stream::kHealed);
  const auto without = [this](NodeId node) {
    std::vector<NodeId> rest = healthy_;
    std::erase(rest, node);
    return rest;
  };
  while (true) {
    std::vector<NodeId> dispensable;
    for (NodeId node : healthy_) {
      if (storm_.atlas().IsEnough(without(node))) dispensable.push_back(node);
    }
    if (dispensable.empty() || !dice.Chance(1, 2)) return;
    left_out_.push_back(dispensable[dice.Below(dispensable.size())]);
    healthy_ = without(left_out_.back());
  }
}

// In half of the runs those who are left out are up, and each is heard by a healthy node or hears
// it, but not both: they campaign in vain, and may not keep the others from going on (E5, E8). Who
// asks for no pre-votes, or heeds requests beside a leader, promises nothing of the kind (E7), nor
// do acceptors, which know no leader: they are out of reach.
void Calm::CutOffSome() {
  const Options& options = cluster_.options();
  Rng dice = cluster_.world().Dice(Stream::kCutOff);
  const bool are_bounded =
      options.engine.pre_vote && options.engine.check_quorum && !options.mixed_elections;
  if (!are_bounded || dice.Chance(1, 2)) return;
  enum : uint64_t { kDeaf, kMute, kEither, kWays };
  for (NodeId node : left_out_) {
    const uint64_t way = dice.Below(kWays);
    for (NodeId healthy : healthy_) {
      const bool is_deaf = way == kDeaf || (way == kEither && dice.Chance(1, 2));
      cluster_.network().Cut(is_deaf ? healthy : node, is_deaf ? node : healthy);
    }
    cluster_.acceptors().CutOff(node);
    cluster_.node(node).StartIn({});
    ++cluster_.counts().cut_off;
  }
}

template <class Done>
bool Calm::Await(Recovery::Part& part, Instant since, Duration most, Done done) {
  bool is_done = false;
  World& world = cluster_.world();
  cluster_.RunUntil([&] {
    is_done = done();
    return is_done || world.Now() > since + most;
  });
  part = {.took = std::max(world.Now() - since, Duration()), .most = most};
  return is_done && !cluster_.judge().HasFailed();
}

void Calm::Fail(const char* rule, const std::string& what) {
  cluster_.judge().Fail(rule, what + cluster_.Picture());
}

std::vector<NodeId> Calm::HealthyOf(const Configuration& members) const {
  std::vector<NodeId> those;
  std::copy_if(healthy_.begin(), healthy_.end(), std::back_inserter(those), [&](NodeId node) {
    return members.IsMember(node) && cluster_.judge().IsOnKnownDisk(node, members);
  });
  return those;
}

Calm::Reign Calm::CurrentReign() {
  Reign reign;
  const Engine* leader = nullptr;
  for (NodeId id : healthy_) {
    Node& node = cluster_.node(id);
    if (!node.IsUp() || node.IsStopped() || !node.replica().IsLeader()) continue;
    const Engine& core = node.replica().core();
    if (core.term() < reign.term) continue;
    leader = &core;
    reign = {.leader = id, .term = core.term()};
  }
  if (leader == nullptr || !storm_.IsAnswered()) return {};
  for (NodeId id : HealthyOf(leader->configuration())) {
    if (!cluster_.node(id).IsUp() || cluster_.node(id).IsStopped()) return {};
    const Engine& core = cluster_.node(id).replica().core();
    if (core.leader() != reign.leader || core.term() != reign.term) return {};
  }
  return reign;
}

bool Calm::AreSettled(NodeId leader) {
  const Engine& core = cluster_.node(leader).replica().core();
  return storm_.atlas().changes_under_way() == 0 && cluster_.judge().AreMembersSettled() &&
         core.configuration().IsVoter(leader) &&
         core.ConfigurationAt(core.commit()) == core.configuration() && AllKnowIfRemoved();
}

bool Calm::AllKnowIfRemoved() {
  const Configuration& members = *cluster_.judge().Deciding().front();
  return std::all_of(healthy_.begin(), healthy_.end(), [&](NodeId id) {
    Node& node = cluster_.node(id);
    if (!node.IsUp() || node.IsStopped()) return true;
    const Engine& core = node.replica().core();
    const auto votes_by = [&](const Configuration& its) {
      return its.IsVoter(id) && cluster_.judge().IsOnKnownDisk(id, its);
    };
    const std::vector<NodeId> informed = HealthyOf(members);
    const bool is_heard = std::any_of(informed.begin(), informed.end(), [&](NodeId member) {
      return core.configuration().IsVoter(member);
    });
    return !core.MayCampaign() || !is_heard || votes_by(members);
  });
}

// In an election time-out peers also tell it of the space that they have.
bool Calm::AwaitReign(Recovery::Part& part, Instant from, Duration most, bool settled) {
  Instant since;
  const Duration timeout = cluster_.options().engine.election_timeout;
  const bool is_done = Await(part, from, most, [&] {
    const Reign current = CurrentReign();
    const Instant now = cluster_.world().Now();
    const bool stands = !current.leader.IsZero() && (!settled || AreSettled(current.leader));
    if (!stands || current != reign_ || now < healed_) since = now;
    reign_ = current;
    return stands && now >= since + timeout;
  });
  // Of a node that is alone, and has nothing to do, the next event may be long after that.
  part.took = std::min(part.took, std::max(since + timeout - from, Duration()));
  return is_done;
}

void Calm::AwaitLeader() {
  if (!AwaitReign(recovery_.leader, healed_, patience_.Leader(cluster_.judge().MostToLearn()),
                  /*settled=*/false)) {
    return Fail("liveness", "nobody leads for good after the storm");
  }
  members_ = HealthyOf(cluster_.node(reign_.leader).replica().core().configuration());
}

// A change is done behind all that waits to be committed, and may remove who leads.
void Calm::AwaitMembers() {
  const Duration most =
      patience_.Change(Backlog()) + patience_.Leader(cluster_.judge().MostToLearn());
  if (!AwaitReign(recovery_.members, cluster_.world().Now(), most, /*settled=*/true)) {
    return Fail(AllKnowIfRemoved() ? "liveness" : "removed members are told (M7)",
                "after the storm the members are not settled");
  }
  members_ = HealthyOf(cluster_.node(reign_.leader).replica().core().configuration());
  clients_.ExpectAnswers(reign_.leader, members_);
}

void Calm::AwaitAnswers() {
  const uint64_t backlog = Backlog();
  clients_.SetDeadline(patience_.Answer(backlog));
  if (Await(recovery_.answers, cluster_.world().Now(), patience_.Answers(backlog),
            [this] { return clients_.AreServed(); })) {
    return;
  }
  Fail("liveness", "not all clients are answered though a leader stands:" + clients_.Unserved());
}

// Nobody asks any more: everything ends, and nothing is left of it.
void Calm::AwaitEquality() {
  clients_.Finish();
  const auto is_equal = [this] { return clients_.AllIdle() && cluster_.AreEqual(members_); };
  // What clients do not wait for any more, a node may still do.
  const auto is_over = [this] { return storm_.IsAnswered() && !IsAnythingPending(); };
  if (Await(recovery_.equality, cluster_.world().Now(), patience_.Equality(Backlog()),
            [&] { return is_equal() && is_over(); })) {
    for (NodeId id : members_) cluster_.node(id).ShowState();
    return;
  }
  if (clients_.AllIdle() && !is_equal()) {
    Fail("convergence", "after the storm the healthy members do not become equal");
  } else {
    Fail("every request ends", "after the storm a request is pending for ever");
  }
}

// All that was ever committed is on the disks of those who are left, and comes back from there
// alone.
void Calm::AwaitReturnOfPower() {
  uint64_t replayed = 0;
  for (NodeId id : members_) {
    const Engine& core = cluster_.node(id).replica().core();
    replayed = std::max(replayed, core.extent().last - core.snapshot_index());
  }
  for (NodeId id : healthy_) {
    cluster_.node(id).SetLoss(Lost::kAll);
    cluster_.node(id).CrashAfter(0, {});
  }
  const auto are_back = [&] {
    return !CurrentReign().leader.IsZero() && cluster_.AreEqual(members_);
  };
  const Duration most =
      patience_.Leader(cluster_.judge().MostToLearn()) + patience_.Equality(replayed);
  if (!Await(recovery_.power, cluster_.world().Now(), most, are_back)) {
    return Fail("power returns (F8)", "after all have lost their power they do not become equal");
  }
  for (NodeId id : members_) cluster_.node(id).ShowState();
}

uint64_t Calm::Backlog() {
  uint64_t most = 0;
  Index last = cluster_.judge().committed();
  for (NodeId id : members_) {
    last = std::max(last, cluster_.node(id).replica().core().extent().last);
  }
  // Who leads has all of it, and may be on its way out.
  const Node& leader = cluster_.node(reign_.leader);
  if (leader.IsUp()) last = std::max(last, leader.replica().core().extent().last);
  for (NodeId id : members_) {
    most = std::max(most, last - cluster_.node(id).replica().Status().applied);
  }
  return most;
}

bool Calm::IsAnythingPending() {
  return std::any_of(cluster_.nodes().begin(), cluster_.nodes().end(),
                     [](const std::unique_ptr<Node>& node) {
                       if (!node->IsUp()) return false;
                       const Engine& core = node->replica().core();
                       return node->replica().pending_requests() > 0 ||
                              core.pending_proposals() > 0 || core.pending_reads() > 0;
                     });
}

}  // namespace synod::sim
