// What follows a storm: a random quorum is healed, and must become one cluster again.
#ifndef SYNOD_SRC_SIM_CALM_H_
#define SYNOD_SRC_SIM_CALM_H_

#include <string>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/sim/report.h"

#include "src/sim/client.h"
#include "src/sim/cluster.h"
#include "src/sim/patience.h"
#include "src/sim/storm.h"

namespace synod::sim {

class Calm {
 public:
  Calm(Cluster& cluster, Clients& clients, Storm& storm)
      : cluster_(cluster), clients_(clients), storm_(storm), patience_(cluster.options()) {}

  // First somebody must lead, and bring to an end what was begun with the members. Then everybody
  // be answered, and when nobody asks any more all become equal, and once more after all have lost
  // their power (F8). Breaks a rule if that does not come in time.
  void Run();
  [[nodiscard]] const Recovery& recovery() const { return recovery_; }

 private:
  // Who leads, and in which term.
  struct Reign {
    NodeId leader;
    Term term;
    friend bool operator==(const Reign&, const Reign&) = default;
  };

  void Heal();
  void LeaveOutSome();
  void CutOffSome();
  void AwaitLeader();
  void AwaitMembers();
  void AwaitAnswers();
  void AwaitEquality();
  void AwaitReturnOfPower();

  // That of whom all healthy members follow and who hands over to nobody. None if there is no such.
  [[nodiscard]] Reign CurrentReign();
  // Somebody has led so for an election time-out, with the members settled all the while if that is
  // asked: who is told that it was removed may have campaigned just before.
  [[nodiscard]] bool AwaitReign(Recovery::Part& part, Instant since, Duration most, bool settled);
  // No change is under way, neither in a log nor in the mind of a leader.
  [[nodiscard]] bool AreSettled(NodeId leader);
  // Of the healthy nodes, those whose disks count under the configuration.
  [[nodiscard]] std::vector<NodeId> HealthyOf(const Configuration& members) const;
  // Whoever takes itself for a voter, and is none, has been told if it asks a member (M7).
  [[nodiscard]] bool AllKnowIfRemoved();
  // Entries that some healthy member has not applied.
  [[nodiscard]] uint64_t Backlog();
  [[nodiscard]] bool IsAnythingPending();
  // False if the run has failed, or `done` is not so within `most` from `since` on.
  template <class Done>
  bool Await(Recovery::Part& part, Instant since, Duration most, Done done);
  void Fail(const char* rule, const std::string& what);

  Cluster& cluster_;
  Clients& clients_;
  Storm& storm_;
  std::vector<NodeId> healthy_;
  std::vector<NodeId> left_out_;  // Who could be, and is not.
  std::vector<NodeId> members_;   // Of them, as of the last reign.
  Reign reign_;
  const Patience patience_;
  Instant healed_;  // When the last pause of the storm is over, and what was late has arrived.
  Recovery recovery_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_CALM_H_
