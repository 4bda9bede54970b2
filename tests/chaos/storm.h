// Faults at random, one after another and several at once: of processes, and of the network.
#ifndef SYNOD_TESTS_CHAOS_STORM_H_
#define SYNOD_TESTS_CHAOS_STORM_H_

#include <chrono>
#include <string>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/rng.h"
#include "synod/base/time.h"

#include "tests/chaos/cluster.h"

namespace synod::chaos {

// Borrows the cluster.
class Storm {
 public:
  Storm(Cluster& cluster, Rng rng) : cluster_(cluster), rng_(rng) {}

  // Ends with everything recovered. False, and the test has failed, if a member ends by itself.
  [[nodiscard]] bool Run(Duration time);

  // What was done and when, a line for each fault.
  [[nodiscard]] const std::string& trace() const { return trace_; }

 private:
  struct Fault {
    const char* name;
    void (Storm::*inflict)();
  };
  static const Fault kFaults[];

  // Of processes.
  void Kill();
  void KillAll();
  void Stop();
  void Pause();
  void MoveLeader();
  // Of the network. Of all ways at once:
  void Slow();
  void Shake();
  // of some:
  void Isolate();
  void Mute();
  void Deafen();
  void HoldBack();
  void Split();
  void Bridge();

  // A random member, the leader more often than others.
  NodeId Victim();
  std::vector<NodeId> Shuffled();
  // Of a member and all others: what it sends, what it receives.
  void SetSent(NodeId member, const Weather& weather);
  void SetReceived(NodeId member, const Weather& weather);
  void SetBetween(NodeId a, NodeId b, const Weather& weather);

  void Note(const std::string& event);
  // Around the times after which members act: heartbeats, elections, calls that time out.
  Duration DrawDuration();

  Cluster& cluster_;
  Rng rng_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::string trace_;
};

}  // namespace synod::chaos

#endif  // SYNOD_TESTS_CHAOS_STORM_H_
