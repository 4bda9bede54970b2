// How a replica begins: from what its store holds.

namespace synod {

namespace internal {

// The log behind the snapshot, and what is left of it before. The base needs a term: where entries
// before the snapshot's end are kept, that is the first of them itself.
inline RaftLog LogOf(DurableState& state) {
  std::vector<Entry>& entries = state.entries;
  if (entries.empty() || entries.front().index == state.snapshot.index + 1) {
    return RaftLog(state.snapshot.index, state.snapshot.term, std::move(entries));
  }
  const Index base = entries.front().index;
  const Term base_term = entries.front().term;
  entries.erase(entries.begin());
  return RaftLog(base, base_term, std::move(entries));
}

}  // namespace internal

inline absl::Status Raft::Validate(const DurableState& state) {
  absl::Status status = ValidateBy(Protocol::kRaft, state);
  if (!status.ok()) return status;
  const bool begins_behind_snapshot =
      !state.entries.empty() && state.entries.front().index > state.snapshot.index;
  Term term = begins_behind_snapshot ? state.snapshot.term : Term();
  for (size_t i = 0; i < state.entries.size(); ++i) {
    const Entry& entry = state.entries[i];
    if (entry.index != state.entries.front().index + i) {
      return absl::DataLossError("the stored log has a gap");
    }
    if (entry.term.IsZero() || entry.term < term || entry.term > state.hard_state.term) {
      return absl::DataLossError("terms in the stored log do not rise up to the stored term");
    }
    term = entry.term;
    if (entry.kind == EntryKind::kMark) {
      return absl::DataLossError("the stored log is not Raft's");
    }
    if (entry.index == state.snapshot.index && entry.term != state.snapshot.term) {
      return absl::DataLossError("the stored log contradicts the stored snapshot");
    }
    if (entry.kind != EntryKind::kConfiguration) continue;
    const std::optional<Configuration> configuration = DecodeConfiguration(entry.payload.view());
    if (!configuration || !CanDecideBy(Protocol::kRaft, *configuration)) {
      return absl::DataLossError("a configuration in the stored log cannot be read");
    }
  }
  if (state.snapshot.term > state.hard_state.term) {
    return absl::DataLossError("the stored snapshot is of a later term than the stored one");
  }
  if (!state.entries.empty() && (state.entries.front().index.IsZero() ||
                                 state.entries.front().index > state.snapshot.index + 1 ||
                                 state.entries.back().index < state.snapshot.index)) {
    return absl::DataLossError("the stored log does not meet the stored snapshot");
  }
  return absl::OkStatus();
}

inline Raft::Raft(const EngineOptions& options, const Identity& identity, DurableState state,
                  uint64_t seed, Instant now)
    : Engine(options, identity, state.initial_configuration, std::move(state.hard_state),
             state.snapshot, seed, now),
      log_(internal::LogOf(state)) {
  for (Index i = snapshot_.index + 1; i <= log_.last(); ++i) {
    const Entry& entry = log_.At(i);
    if (entry.kind != EntryKind::kConfiguration) continue;
    configurations_.Append(i, *DecodeConfiguration(entry.payload.view()));
  }
  FinishStart();
}

inline LogExtent Raft::extent() const {
  return {.first = log_.first(),
          .last = log_.last(),
          .durable = log_.durable(),
          .bytes = log_.bytes(),
          .undurable_bytes = log_.undurable_bytes()};
}

}  // namespace synod
