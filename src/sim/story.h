// The last relevant events of a run, for people who look at why it failed.
#ifndef SYNOD_SRC_SIM_STORY_H_
#define SYNOD_SRC_SIM_STORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"

namespace synod::sim {

struct Fault;

// Notes are small, and become sentences only when they are asked for.
class Story {
 public:
  enum class What : uint8_t {
    kFault,      // Of a scenario.
    kStarts,     // With a log to index `a`, in term `b`.
    kRefused,    // Its disk is damaged.
    kDies,       //
    kStops,      //
    kEnters,     // Term `a`.
    kCampaigns,  // In term `a`.
    kVotes,      // In term `a` for node `b`.
    kLeads,      // Term `a` with a log to `b`.
    kTruncates,  // From `a`.
    kInstalls,   // A snapshot of `a` in place of its log.
    kCommits,    // As the leader, to `b`.
    kMembers,    // A configuration at `a` with `b` voters is committed.
    kAnswered,   // A client's write at `b`.
    kUnknown,    // A client's write has no outcome.
  };

  // `node` is 0 where it is about no node.
  void Note(Instant when, What what, NodeId node, uint64_t a = 0, uint64_t b = 0);
  // The fault must be there as long as the story is.
  void Note(Instant when, const Fault& fault);

  // Of the run that is under way, for the case that an assertion ends the process. Null: there is
  // none.
  [[nodiscard]] static const Story* Running();
  static void SetRunning(const Story* story);

  // The last of them, oldest first.
  [[nodiscard]] std::vector<std::string> Tell(size_t most = 60) const;

 private:
  struct Event {
    Instant when;
    What what;
    NodeId node;
    uint64_t a = 0;
    uint64_t b = 0;
    const Fault* fault = nullptr;
    Instant since = when;  // Of what has gone on for some time.
    uint64_t times = 1;
  };

  static constexpr size_t kCapacity = 256;

  [[nodiscard]] static bool GoesOn(What what);
  [[nodiscard]] static std::string Sentence(const Event& event);
  void Add(const Event& event) { events_[count_++ % kCapacity] = event; }

  std::array<Event, kCapacity> events_ = {};
  size_t count_ = 0;  // Ever.
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_STORY_H_
