#include "kv/loaded_store.h"

#include <synod/core/configuration_codec.h>

namespace synod_kv {

namespace {

// What cannot be read the host refuses.
synod::Configuration NewestIn(const synod::DurableState& state) {
  synod::Configuration newest =
      state.snapshot.index.IsZero() ? state.initial_configuration : state.snapshot.configuration;
  for (const synod::Entry& entry : state.entries) {
    if (entry.kind != synod::EntryKind::kConfiguration) continue;
    if (entry.index <= state.snapshot.index) continue;
    if (auto read = synod::DecodeConfiguration(entry.payload.view())) newest = *std::move(read);
  }
  return newest;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoadedStore>> LoadedStore::Load(
    std::unique_ptr<synod::LogStore> inner, synod::GroupId group) {
  absl::StatusOr<synod::DurableState> state = inner->Load(group);
  if (!state.ok()) return state.status();
  return std::unique_ptr<LoadedStore>(new LoadedStore(std::move(inner), group, *std::move(state)));
}

LoadedStore::LoadedStore(std::unique_ptr<synod::LogStore> inner, synod::GroupId group,
                         synod::DurableState state)
    : inner_(std::move(inner)),
      group_(group),
      configuration_(NewestIn(state)),
      state_(std::move(state)) {}

}  // namespace synod_kv
