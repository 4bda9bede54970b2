// The replicated state machine: commands from the log change the store, queries read it.
#ifndef SYNOD_KV_KV_STATE_MACHINE_H_
#define SYNOD_KV_KV_STATE_MACHINE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <synod/synod.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "kv/mvcc.h"

namespace synod_kv {

// What may be known of the store without asking the state machine; from any thread.
struct StoreStats {
  std::atomic<int64_t> revision = 1;
  std::atomic<uint64_t> bytes = 0;
};

class KvStateMachine final : public synod::StateMachine {
 public:
  // `stats` outlives the machine. `on_broken` is called at most once, with a command that this
  // version does not know: the replica cannot follow the others any further.
  KvStateMachine(StoreStats& stats, std::function<void(const absl::Status&)> on_broken)
      : stats_(stats), on_broken_(std::move(on_broken)) {}

  void Apply(std::span<const synod::Command> batch, std::span<std::string> results) override;
  [[nodiscard]] absl::StatusOr<std::string> Query(std::string_view request) const override;
  [[nodiscard]] absl::StatusOr<std::unique_ptr<synod::SnapshotView>> Snapshot() const override;
  [[nodiscard]] absl::Status Restore(synod::ByteSource& image) override;

 private:
  std::string ApplyOne(const synod::Command& command);
  template <class Request, class Response>
  std::string ApplyAs(synod::Index index, std::string_view bytes);
  std::string Break(synod::Index index, std::string_view why);
  void PublishStats();

  Store store_;
  StoreStats& stats_;
  std::function<void(const absl::Status&)> on_broken_;
  // Once not OK, nothing is applied, read or put into snapshots any more.
  absl::Status broken_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_KV_STATE_MACHINE_H_
