// One core, of either protocol, with everything that a runtime would put around it, under the
// test's control: a disk whose writes complete when the test says so, messages that wait for them,
// what is applied.
#ifndef SYNOD_TESTS_INTERACTION_TEST_REPLICA_H_
#define SYNOD_TESTS_INTERACTION_TEST_REPLICA_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/message.h"
#include "synod/core/output.h"
#include "synod/engine/engine.h"

#include "tests/interaction/test_disk.h"

namespace synod::test {

// A whole snapshot on its way to a peer.
struct SnapshotTransfer {
  NodeId from;
  NodeId to;
  Incarnation incarnation;  // The sender's.
  Term term;                // The leader's that sends it.
  SnapshotMeta meta;
  std::string bytes;
};

// Drive it so: give the core inputs (through core() or the helpers here), then Pump. What came out
// gathers in the public lists until the test empties them.
class TestReplica {
 public:
  struct Identity {
    NodeId node;
    Incarnation incarnation;
    Configuration members;  // As bootstrapped.
  };

  // Starts on an empty disk.
  TestReplica(const EngineOptions& options, const Identity& identity, uint64_t seed, Instant now);

  // --- Life and death ---

  [[nodiscard]] bool IsUp() const { return core_ != nullptr; }

  // Loses all but the disk, where the first `survivors` of the writes in flight are done.
  void Crash(size_t survivors = 0);
  // Starts again from the disk. Precondition: down.
  void Restart(uint64_t seed, Instant now);
  // The disk is replaced by an empty one that is bootstrapped anew. Precondition: down.
  void Wipe(Incarnation incarnation);

  // --- Inputs ---

  // Precondition of this and all below: up.
  [[nodiscard]] Engine& core() { return *core_; }
  [[nodiscard]] const Engine& core() const { return *core_; }

  void Propose(RequestId request, std::string_view command);

  // Takes the core's output and carries it out, as far as it waits for no write.
  void Pump();

  // Makes the oldest write in flight durable, releases what waited for it, and tells the core.
  // False if there is none.
  bool CompleteWrite();

  // Stages an image of what is applied and offers it to the core, unless there is nothing new since
  // the last one.
  void TakeSnapshot();

  // The snapshot to answer `request` with; nothing if none is installed (yet).
  [[nodiscard]] std::optional<SnapshotTransfer> OpenSnapshot(const SendSnapshot& request) const;
  // A transfer has arrived whole: the core installs it, or has no need of it.
  void ReceiveSnapshot(const SnapshotTransfer& transfer);

  // --- What came out; the test takes it away ---

  std::vector<Message> sent;  // Free to leave, in this order.
  std::vector<SendSnapshot> snapshot_requests;
  std::vector<Committed> committed;
  std::vector<ReadReady> reads;
  std::vector<Resolved> resolved;
  std::vector<Alert> alerts;

  // --- State ---

  [[nodiscard]] const TestDisk& disk() const { return disk_; }
  [[nodiscard]] size_t writes_in_flight() const { return disk_.writes_in_flight(); }
  // Messages that wait for a write.
  [[nodiscard]] const std::deque<Outgoing>& waiting() const { return waiting_; }
  // When the core wants Tick, as of the last Pump.
  [[nodiscard]] Instant next_deadline() const { return next_deadline_; }
  // The last output's write, as it was handed to the disk.
  [[nodiscard]] const Persist& last_persist() const { return last_persist_; }

 private:
  void ReleaseMessages();
  void ApplyReady();

  const EngineOptions options_;
  Identity identity_;
  TestDisk disk_;
  std::unique_ptr<Engine> core_;
  // What is applied last.
  Index applied_;
  Term applied_term_;

  PersistToken done_;             // Of this life.
  std::deque<Outgoing> waiting_;  // In the order of the outputs.
  // In order; a restore holds up all behind it until its write is durable.
  std::deque<std::variant<Restore, Entry>> to_apply_;
  Instant next_deadline_ = kNever;
  Persist last_persist_;
  Output output_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_INTERACTION_TEST_REPLICA_H_
