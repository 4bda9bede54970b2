// A log store that has been read before it is handed to a host.
#ifndef SYNOD_KV_LOADED_STORE_H_
#define SYNOD_KV_LOADED_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <synod/synod.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace synod_kv {

// So that flags can be compared with the configuration in the log while nothing is started yet, and
// the log is not read twice for it. Passes on everything but the first Load of its group.
class LoadedStore final : public synod::LogStore {
 public:
  // Blocks. Fails as LogStore::Load does.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<LoadedStore>> Load(
      std::unique_ptr<synod::LogStore> inner, synod::GroupId group);

  // The newest in the log; empty for a newcomer.
  [[nodiscard]] const synod::Configuration& configuration() const { return configuration_; }

  absl::Status Bootstrap(const synod::StoreIdentity& identity, synod::GroupId group,
                         const synod::Configuration& initial) override {
    return inner_->Bootstrap(identity, group, initial);
  }
  absl::StatusOr<synod::StoreIdentity> Identity() const override { return inner_->Identity(); }
  absl::StatusOr<std::vector<synod::GroupId>> Groups() const override { return inner_->Groups(); }
  absl::StatusOr<synod::DurableState> Load(synod::GroupId group) override {
    if (group != group_ || !state_) return inner_->Load(group);
    return *std::exchange(state_, std::nullopt);
  }
  void Write(std::vector<synod::GroupWrite> batch, Done done) override {
    inner_->Write(std::move(batch), std::move(done));
  }
  bool HasSpace() const override { return inner_->HasSpace(); }
  absl::StatusOr<std::unique_ptr<synod::SnapshotWriter>> NewSnapshot(
      synod::GroupId group) override {
    return inner_->NewSnapshot(group);
  }
  void DiscardStaged(synod::GroupId group, synod::StagedSnapshot staged) override {
    inner_->DiscardStaged(group, staged);
  }
  absl::StatusOr<OpenedSnapshot> OpenSnapshot(synod::GroupId group) override {
    return inner_->OpenSnapshot(group);
  }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    return inner_->Counters();
  }

 private:
  LoadedStore(std::unique_ptr<synod::LogStore> inner, synod::GroupId group,
              synod::DurableState state);

  const std::unique_ptr<synod::LogStore> inner_;
  const synod::GroupId group_;
  synod::Configuration configuration_;
  std::optional<synod::DurableState> state_;  // Until it is asked for.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_LOADED_STORE_H_
