// Every field of the options by its name: one table for all that prints, reads or changes them.
#ifndef SYNOD_SRC_SIM_OPTION_FIELDS_H_
#define SYNOD_SRC_SIM_OPTION_FIELDS_H_

#include <cstddef>
#include <string>

#include "synod/base/probe.h"
#include "synod/sim/options.h"

namespace synod::sim {

#define SYNOD_FIELD(name, member) \
  visit(                          \
      name, [](auto& options) -> auto& { return options.member; })

// Of the network, of disks, and of what goes wrong.
template <class Visit>
void ForEachFieldOfSurroundings(Visit& visit) {
  SYNOD_FIELD("network.delay", network.delay);
  SYNOD_FIELD("network.keeps_order", network.keeps_order);
  SYNOD_FIELD("network.lose", network.lose);
  SYNOD_FIELD("network.repeat", network.repeat);
  SYNOD_FIELD("network.replay", network.replay);
  SYNOD_FIELD("network.late", network.late);
  SYNOD_FIELD("network.lateness", network.lateness);
  SYNOD_FIELD("network.garble", network.garble);
  SYNOD_FIELD("network.check_wire", network.check_wire);
  SYNOD_FIELD("network.capacity", network.capacity);
  SYNOD_FIELD("network.spread", network.spread);
  SYNOD_FIELD("disk.sync", disk.sync);
  SYNOD_FIELD("disk.reserve_bytes", disk.reserve_bytes);
  SYNOD_FIELD("faults.crash", faults.crash);
  SYNOD_FIELD("faults.cut_power", faults.cut_power);
  SYNOD_FIELD("faults.stop", faults.stop);
  SYNOD_FIELD("faults.pause", faults.pause);
  SYNOD_FIELD("faults.partition", faults.partition);
  SYNOD_FIELD("faults.leap", faults.leap);
  SYNOD_FIELD("faults.full_disk", faults.full_disk);
  SYNOD_FIELD("faults.stall", faults.stall);
  SYNOD_FIELD("faults.fail_sync", faults.fail_sync);
  SYNOD_FIELD("faults.fail_change", faults.fail_change);
  SYNOD_FIELD("faults.blackout", faults.blackout);
  SYNOD_FIELD("faults.transfer", faults.transfer);
  SYNOD_FIELD("faults.change", faults.change);
  SYNOD_FIELD("faults.wipe", faults.wipe);
  SYNOD_FIELD("faults.corrupt", faults.corrupt);
  SYNOD_FIELD("faults.lose_write", faults.lose_write);
  SYNOD_FIELD("faults.misdirect", faults.misdirect);
  SYNOD_FIELD("faults.repair", faults.repair);
  SYNOD_FIELD("faults.flip_snapshot", faults.flip_snapshot);
  SYNOD_FIELD("faults.acceptor_power", faults.acceptor_power);
  SYNOD_FIELD("faults.drift", faults.drift);
}

// Calls `visit(name, field)` for each; `field(options)` is a reference to the field of those
// options, be they const or not.
template <class Visit>
void ForEachField(Visit visit) {
  SYNOD_FIELD("seed", seed);
  SYNOD_FIELD("nodes", nodes);
  SYNOD_FIELD("spares", spares);
  SYNOD_FIELD("protocol", protocol);
  SYNOD_FIELD("quorums", quorums);
  SYNOD_FIELD("alpha", alpha);
  SYNOD_FIELD("acceptors", acceptors);
  SYNOD_FIELD("acceptor_rounds", acceptor_rounds);
  SYNOD_FIELD("clients", clients);
  SYNOD_FIELD("storm", storm);
  SYNOD_FIELD("storm_events", storm_events);
  SYNOD_FIELD("think_time", think_time);
  SYNOD_FIELD("request_deadline", request_deadline);
  SYNOD_FIELD("stale_reads", stale_reads);
  SYNOD_FIELD("snapshot_after_entries", snapshot_after_entries);
  SYNOD_FIELD("segment_bytes", segment_bytes);
  SYNOD_FIELD("turn", turn);
  SYNOD_FIELD("blocking", blocking);
  SYNOD_FIELD("apply_on_own_thread", apply_on_own_thread);
  SYNOD_FIELD("max_pending_requests", max_pending_requests);
  SYNOD_FIELD("stays_recoverable", stays_recoverable);
  SYNOD_FIELD("mixed_elections", mixed_elections);
  SYNOD_FIELD("engine.election_timeout", engine.election_timeout);
  SYNOD_FIELD("engine.heartbeat_interval", engine.heartbeat_interval);
  SYNOD_FIELD("engine.pre_vote", engine.pre_vote);
  SYNOD_FIELD("engine.check_quorum", engine.check_quorum);
  SYNOD_FIELD("engine.max_entry_bytes", engine.max_entry_bytes);
  SYNOD_FIELD("engine.max_append_bytes", engine.max_append_bytes);
  SYNOD_FIELD("engine.max_inflight_appends", engine.max_inflight_appends);
  SYNOD_FIELD("engine.max_inflight_bytes", engine.max_inflight_bytes);
  SYNOD_FIELD("engine.max_uncommitted_bytes", engine.max_uncommitted_bytes);
  SYNOD_FIELD("engine.max_log_bytes", engine.max_log_bytes);
  SYNOD_FIELD("engine.max_pending_reads", engine.max_pending_reads);
  SYNOD_FIELD("engine.trailing_entries", engine.trailing_entries);
  ForEachFieldOfSurroundings(visit);
  for (size_t i = 0; i < kKnobCount; ++i) {
    visit(
        "knobs." + std::string(kKnobs[i]), [i](auto& options) -> auto& {
          return options.knobs[i];
        });
  }
}

#undef SYNOD_FIELD

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_OPTION_FIELDS_H_
