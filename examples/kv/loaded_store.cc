#include "kv/loaded_store.h"

namespace synod_kv {

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
      configuration_(synod::NewestConfiguration(state)),
      state_(std::move(state)) {}

}  // namespace synod_kv
