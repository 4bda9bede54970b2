// The state machine under test, watched.
#ifndef SYNOD_SRC_SIM_CHECKED_MACHINE_H_
#define SYNOD_SRC_SIM_CHECKED_MACHINE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "synod/port/state_machine.h"
#include "synod/sim/workload.h"

#include "src/sim/judge.h"

namespace synod::sim {

// Tells the judge what is applied, and now and then what the state is. Its answers to queries, and
// its images, begin with the index of the last command applied.
class CheckedMachine final : public StateMachine {
 public:
  // `observe`: shows the judge the core, before it hears of what that has committed. `interval`: so
  // many entries are between two looks at the state.
  CheckedMachine(NodeId node, Workload& workload, Judge& judge, uint64_t interval,
                 std::function<void()> observe)
      : node_(node),
        interval_(interval),
        digest_query_(workload.DigestQuery()),
        judge_(judge),
        observe_(std::move(observe)),
        machine_(workload.NewStateMachine()) {}

  void Apply(std::span<const Command> batch, std::span<std::string> results) override;
  absl::StatusOr<std::string> Query(std::string_view request) const override;
  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override;
  absl::Status Restore(ByteSource& image) override;

  // Tells the judge what the state is.
  void ReportState(bool is_restored) const;

 private:
  const NodeId node_;
  const uint64_t interval_;
  const std::string digest_query_;
  Judge& judge_;
  const std::function<void()> observe_;
  const std::unique_ptr<StateMachine> machine_;
  Index applied_;  // Commands only.
};

// The payload of a status by which the state machine itself has refused a query.
inline constexpr char kOwnRefusal[] = "synod.sim/refused by the state machine";

// An index as the eight bytes before an answer.
inline constexpr size_t kIndexBytes = 8;
[[nodiscard]] std::string EncodeIndex(Index index);
[[nodiscard]] Index DecodeIndex(std::string_view bytes);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_CHECKED_MACHINE_H_
