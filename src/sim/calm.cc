#include "src/sim/calm.h"

#include <algorithm>
#include <memory>

namespace synod::sim {

void Calm::Run() {
  Counts& counts = cluster_.counts();
  Heal();
  cluster_.RunUntil([this] { return cluster_.world().Now() >= healed_; });
  const uint64_t elections = counts.elections;
  AwaitLeader();
  if (!cluster_.judge().HasFailed()) AwaitAnswers();
  if (!cluster_.judge().HasFailed()) AwaitEquality();
  if (cluster_.judge().HasFailed()) return;
  if (counts.elections > elections + 10 + cluster_.options().nodes) {
    Fail("stable leadership",
         std::to_string(counts.elections - elections) + " elections were won after the storm");
  }
}

void Calm::Heal() {
  const Options& options = cluster_.options();
  const Judge& judge = cluster_.judge();
  for (const auto& node : cluster_.nodes()) {
    if (!node->IsDamaged()) healthy_.push_back(node->id());
  }
  Rng dice = cluster_.world().Dice(Stream::kHealed);
  // Before all have met nobody may lead.
  const size_t quorum = judge.AllAreIntroduced() ? options.nodes / 2 + 1 : options.nodes;
  while (healthy_.size() > quorum && dice.Chance(1, 2)) {
    healthy_.erase(healthy_.begin() + static_cast<ptrdiff_t>(dice.Below(healthy_.size())));
  }
  healed_ = cluster_.network().LastArrival();
  for (NodeId id : healthy_) {
    if (cluster_.node(id).IsUp())
      healed_ = std::max(healed_, cluster_.node(id).life().paused_until);
  }
  healed_ = std::max(healed_, cluster_.world().Now());
  recovery_.election_timeout = options.raft.election_timeout;
  storm_.End(healthy_, patience_.Soon());
  clients_.SetDeadline(std::max(options.request_deadline, patience_.Answer(0)));
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

Calm::Reign Calm::CurrentReign() {
  const auto core = [this](NodeId id) { return &cluster_.node(id).replica().core(); };
  for (NodeId id : healthy_) {
    if (!cluster_.node(id).IsUp() || cluster_.node(id).IsStopped()) return {};
  }
  const Reign reign{core(healthy_.front())->leader(), core(healthy_.front())->term()};
  for (NodeId id : healthy_) {
    if (core(id)->leader() != reign.leader || core(id)->term() != reign.term) return {};
  }
  if (std::find(healthy_.begin(), healthy_.end(), reign.leader) == healthy_.end()) return {};
  return cluster_.node(reign.leader).replica().IsLeader() && storm_.IsAnswered() ? reign : Reign();
}

// For an election time-out, in which its peers also tell it of the space that they have.
void Calm::AwaitLeader() {
  Reign reign;
  Instant since;
  const Duration timeout = cluster_.options().raft.election_timeout;
  const bool is_led = Await(recovery_.leader, healed_, patience_.Leader(), [&] {
    const Reign current = CurrentReign();
    const Instant now = cluster_.world().Now();
    if (current != reign || now < healed_) since = now;
    reign = current;
    return !reign.leader.IsZero() && now >= since + timeout;
  });
  if (!is_led) return Fail("liveness", "nobody leads for good after the storm");
  clients_.ExpectAnswers(reign.leader);
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
  const auto is_equal = [this] { return clients_.AllIdle() && cluster_.AreEqual(healthy_); };
  // What clients do not wait for any more, a node may still do.
  const auto is_over = [this] { return storm_.IsAnswered() && !IsAnythingPending(); };
  if (Await(recovery_.equality, cluster_.world().Now(), patience_.Equality(Backlog()),
            [&] { return is_equal() && is_over(); })) {
    for (NodeId id : healthy_) cluster_.node(id).ShowState();
    return;
  }
  if (clients_.AllIdle() && !is_equal()) {
    Fail("convergence", "after the storm the healthy nodes do not become equal");
  } else {
    Fail("every request ends", "after the storm a request is pending for ever");
  }
}

uint64_t Calm::Backlog() {
  uint64_t most = 0;
  Index last = cluster_.judge().committed();
  for (NodeId id : healthy_) last = std::max(last, cluster_.node(id).replica().core().log().last());
  for (NodeId id : healthy_) {
    most = std::max(most, last - cluster_.node(id).replica().Status().applied);
  }
  return most;
}

bool Calm::IsAnythingPending() {
  return std::any_of(cluster_.nodes().begin(), cluster_.nodes().end(),
                     [](const std::unique_ptr<Node>& node) {
                       if (!node->IsUp()) return false;
                       const Raft& core = node->replica().core();
                       return node->replica().pending_requests() > 0 ||
                              core.pending_proposals() > 0 || core.pending_reads() > 0;
                     });
}

}  // namespace synod::sim
