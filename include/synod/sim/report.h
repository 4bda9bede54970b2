// What a simulated run has shown.
#ifndef SYNOD_SIM_REPORT_H_
#define SYNOD_SIM_REPORT_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/probe.h"
#include "synod/base/time.h"

namespace synod::sim {

// How often things happened, so that a run that proves little can be told from one that proves
// much.
struct Counts {
  uint64_t messages_sent = 0;
  uint64_t messages_delivered = 0;
  uint64_t messages_lost = 0;
  uint64_t messages_refused = 0;  // By full links.
  uint64_t messages_cut = 0;
  uint64_t messages_repeated = 0;
  uint64_t messages_replayed = 0;
  uint64_t messages_replayed_of_old_terms = 0;  // Of older terms than was sent at the time.
  uint64_t messages_garbled = 0;
  uint64_t crashes = 0;  // Of processes and machines.
  uint64_t stops = 0;
  uint64_t pauses = 0;
  uint64_t partitions = 0;
  uint64_t blackouts = 0;
  uint64_t cut_off = 0;  // Nodes that were up in a calm, behind one-way links.
  uint64_t leaps = 0;
  uint64_t full_disks = 0;
  uint64_t failed_syncs = 0;
  uint64_t failed_changes = 0;
  uint64_t stalls = 0;
  uint64_t transfers = 0;       // Asked for, ...
  uint64_t transfers_done = 0;  // ... and done.
  uint64_t changes = 0;         // Of the members: asked for, ...
  uint64_t changes_done = 0;    // ... and done.
  uint64_t configurations = 0;  // Committed, joint ones too.
  uint64_t replacements = 0;    // Of a member's disk that was lost, by another: asked for.
  uint64_t wipes = 0;
  uint64_t wiped_stops = 0;  // Starts on a replaced disk that learned that it is one.
  uint64_t corruptions = 0;
  uint64_t flipped_snapshots = 0;
  uint64_t lost_durable_writes = 0;
  uint64_t misdirected_writes = 0;
  uint64_t repairs = 0;  // A damaged disk became what it had been.
  uint64_t starts = 0;
  uint64_t refused_starts = 0;  // A damaged disk was found out.
  uint64_t elections = 0;
  uint64_t committed = 0;  // Entries.
  uint64_t truncations = 0;
  uint64_t examined_disks = 0;         // For what a cut of their power would leave.
  uint64_t writes_lost = 0;            // Crashes that lost a write that was under way, ...
  uint64_t writes_kept_by_chance = 0;  // ... and that kept one though it was not done.
  uint64_t snapshots = 0;
  uint64_t snapshots_unneeded = 0;  // They came too late.
  uint64_t restores = 0;
  uint64_t slot_requests = 0;   // That acceptors have answered.
  uint64_t trims = 0;           // Of acceptors: raised.
  uint64_t power_losses = 0;    // Of acceptors, ...
  uint64_t acceptors_back = 0;  // ... that were replaced by a change.
  uint64_t writes_answered = 0;
  uint64_t reads_answered = 0;
  uint64_t stale_reads_answered = 0;
  uint64_t reads_passed_on = 0;  // By followers, and answered by their leaders.
  uint64_t unknown_outcomes = 0;
  uint64_t refused = 0;
  uint64_t refused_for_space = 0;  // These are of writes.
  uint64_t refused_for_overload = 0;
  uint64_t calls_searched = 0;  // By NewRegisterWorkload, for an order that the log does not tell.
  uint64_t searches_given_up = 0;  // Not one of kCounts: it should hardly happen.
};

// What should happen, by name, in the order of a report.
inline constexpr std::pair<const char*, uint64_t Counts::*> kCounts[] = {
    {"messages sent", &Counts::messages_sent},
    {"delivered", &Counts::messages_delivered},
    {"lost", &Counts::messages_lost},
    {"refused by full links", &Counts::messages_refused},
    {"cut", &Counts::messages_cut},
    {"repeated", &Counts::messages_repeated},
    {"replayed", &Counts::messages_replayed},
    {"replayed of older terms", &Counts::messages_replayed_of_old_terms},
    {"garbled", &Counts::messages_garbled},
    {"crashes", &Counts::crashes},
    {"stops", &Counts::stops},
    {"pauses", &Counts::pauses},
    {"partitions", &Counts::partitions},
    {"blackouts", &Counts::blackouts},
    {"cut off in a calm", &Counts::cut_off},
    {"leaps", &Counts::leaps},
    {"full disks", &Counts::full_disks},
    {"failed syncs", &Counts::failed_syncs},
    {"failed changes", &Counts::failed_changes},
    {"stalls", &Counts::stalls},
    {"transfers", &Counts::transfers},
    {"transfers done", &Counts::transfers_done},
    {"changes", &Counts::changes},
    {"changes done", &Counts::changes_done},
    {"configurations", &Counts::configurations},
    {"replacements", &Counts::replacements},
    {"wipes", &Counts::wipes},
    {"starts on a wiped disk that stopped", &Counts::wiped_stops},
    {"corruptions", &Counts::corruptions},
    {"flipped snapshots", &Counts::flipped_snapshots},
    {"lost durable writes", &Counts::lost_durable_writes},
    {"misdirected writes", &Counts::misdirected_writes},
    {"repairs", &Counts::repairs},
    {"starts", &Counts::starts},
    {"refused starts", &Counts::refused_starts},
    {"elections", &Counts::elections},
    {"entries committed", &Counts::committed},
    {"truncations", &Counts::truncations},
    {"disks examined", &Counts::examined_disks},
    {"writes lost in crashes", &Counts::writes_lost},
    {"kept by chance", &Counts::writes_kept_by_chance},
    {"snapshots", &Counts::snapshots},
    {"snapshots unneeded", &Counts::snapshots_unneeded},
    {"restores", &Counts::restores},
    {"paxos: slots asked for", &Counts::slot_requests},
    {"paxos: trims raised", &Counts::trims},
    {"paxos: acceptors without power", &Counts::power_losses},
    {"paxos: acceptors replaced", &Counts::acceptors_back},
    {"writes answered", &Counts::writes_answered},
    {"reads answered", &Counts::reads_answered},
    {"stale reads answered", &Counts::stale_reads_answered},
    {"reads passed on", &Counts::reads_passed_on},
    {"unknown outcomes", &Counts::unknown_outcomes},
    {"refused", &Counts::refused},
    {"refused for space", &Counts::refused_for_space},
    {"refused for overload", &Counts::refused_for_overload},
    {"calls searched", &Counts::calls_searched},
};

// What came after the storm, part by part. All zero if it did not come to that.
struct Recovery {
  struct Part {
    Duration took = {};
    Duration most = {};  // It may take so long.
  };
  Duration election_timeout = {};
  Part leader;    // Until somebody led for good, ...
  Part members;   // ... from then on until the members were settled, ...
  Part answers;   // ... until each client was answered, ...
  Part equality;  // ... until all were equal once nobody asked any more, ...
  Part power;     // ... and until they were again after all had lost their power at once.
};

struct Violation {
  std::string rule;  // Its name: "election safety", "linearizability", …
  std::string what;
  Instant when;
  uint64_t event = 0;
};

struct Report {
  uint64_t seed = 0;
  uint64_t events = 0;
  uint64_t hash = 0;  // Of all events: equal for equal runs.
  Duration simulated = {};
  Counts counts;
  Recovery recovery;
  std::array<uint64_t, kMarkCount> reached = {};  // How often the run came to each of kMarks.
  std::array<uint64_t, kKnobCount> turned = {};   // How often each of kKnobs had its way.
  bool beyond_atlas = false;  // At its end more disks are damaged than the protocol tolerates.
  bool ok = true;
  Violation violation;  // If not ok: the first.
  std::vector<std::string>
      story;  // If not ok: what led to it, in sentences, the last of them last.
};

}  // namespace synod::sim

#endif  // SYNOD_SIM_REPORT_H_
