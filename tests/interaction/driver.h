// Replays a transcript: carries out its commands and writes down what they lead to. README.md has
// the language.
#ifndef SYNOD_TESTS_INTERACTION_DRIVER_H_
#define SYNOD_TESTS_INTERACTION_DRIVER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/interaction/cluster.h"

namespace synod::test {

class TranscriptDriver {
 public:
  // The transcript as it should be: comments and commands of `text`, each command with the outcome
  // that it has now.
  std::string Replay(std::string_view text);

 private:
  using Words = std::vector<std::string>;
  // Carries out a command with its arguments. False if they make no sense.
  using Command = bool (TranscriptDriver::*)(const Words& arguments);

  static const std::map<std::string, Command, std::less<>>& Commands();
  std::vector<std::string> Execute(const std::string& line);

  bool NewCluster(const Words& arguments);
  bool Introduce(const Words& arguments);
  bool Campaign(const Words& arguments);
  bool Elect(const Words& arguments);
  bool Propose(const Words& arguments);
  bool Read(const Words& arguments);
  bool Transfer(const Words& arguments);
  bool Tick(const Words& arguments);
  bool Run(const Words& arguments);
  bool Deliver(const Words& arguments);
  bool Drop(const Words& arguments);
  bool Duplicate(const Words& arguments);
  bool Keep(const Words& arguments);
  bool Resend(const Words& arguments);
  bool Reverse(const Words& arguments);
  bool Stabilize(const Words& arguments);
  bool Network(const Words& arguments);
  bool Cut(const Words& arguments);
  bool Isolate(const Words& arguments);
  bool Heal(const Words& arguments);
  bool Hold(const Words& arguments);
  bool Release(const Words& arguments);
  bool Persist(const Words& arguments);
  bool Space(const Words& arguments);
  bool Snapshot(const Words& arguments);
  bool Crash(const Words& arguments);
  bool Restart(const Words& arguments);
  bool Wipe(const Words& arguments);
  bool Status(const Words& arguments);
  bool Log(const Words& arguments);

  // The node named by the word; nothing if there is none, or it is not as it must be.
  [[nodiscard]] std::optional<NodeId> NodeOf(const std::string& word) const;
  [[nodiscard]] std::optional<NodeId> UpNodeOf(const std::string& word) const;
  // The link named by "1->2".
  [[nodiscard]] std::optional<Cluster::Link> LinkOf(const std::string& word) const;
  // Calls `act` with a selection of links: "all" or a list of links.
  template <class Act>
  bool OnLinks(const Words& arguments, Act act);
  // Calls `act` with each node named.
  template <class Act>
  bool OnUpNodes(const Words& arguments, Act act);

  std::unique_ptr<Cluster> cluster_;
  std::vector<std::string> printed_;  // By a command that only shows something.
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_INTERACTION_DRIVER_H_
