// How a replica begins: from what its store holds.

namespace synod {

inline absl::Status MultiPaxos::Validate(const DurableState& state) {
  absl::Status status = ValidateBy(Protocol::kMultiPaxos, state);
  if (!status.ok()) return status;
  const Ballot promised{state.hard_state.term, state.hard_state.vote,
                        state.hard_state.vote_incarnation};
  SlotLog slots(state.snapshot.index);
  AcceptLog log;
  bool is_right = true;
  const bool is_log = log.Replay(state.entries, [&](Entry entry, const Ballot& ballot, Index at) {
    if (ballot > promised) is_right = false;
    if (entry.kind == EntryKind::kConfiguration) {
      const std::optional<Configuration> members = DecodeConfiguration(entry.payload.view());
      if (!members || !CanDecideBy(Protocol::kMultiPaxos, *members)) is_right = false;
    }
    if (is_right && entry.index > slots.first() - 1) {
      slots.Put({.entry = std::move(entry), .ballot = ballot, .position = at});
    }
  });
  if (!is_log || !is_right) {
    return absl::DataLossError(
        "the stored log is no log of accepts whose ballots rise up to the promised one");
  }
  for (Index i = slots.first(); i <= log.chosen(); ++i) {
    if (slots.Find(i) == nullptr) {
      return absl::DataLossError("the stored log lacks a slot that it says is chosen");
    }
  }
  return absl::OkStatus();
}

inline MultiPaxos::MultiPaxos(const EngineOptions& options, const Identity& identity,
                              DurableState state, uint64_t seed, Instant now)
    : Engine(options, identity, state.initial_configuration, std::move(state.hard_state),
             state.snapshot, seed, now),
      slots_(state.snapshot.index),
      highest_round_(hard_state_.term) {
  const bool is_log = accept_log_.Replay(
      std::move(state.entries), [&](Entry entry, const Ballot& ballot, Index position) {
        if (entry.index < slots_.first()) return;
        slots_.Put({.entry = std::move(entry), .ballot = ballot, .position = position});
      });
  SYNOD_ASSERT(is_log, "what is started from is valid");
  if (Mutated(Mutation::kPromiseForgotten)) hard_state_.term = Term();
  const Index chosen = std::max(commit_, accept_log_.chosen());
  slots_.Loaded(chosen, promised());
  CommitTo(chosen);
  FinishStart();
}

inline LogExtent MultiPaxos::extent() const {
  return {.first = slots_.first(),
          .last = slots_.accepted(),
          .durable = slots_.durable(),
          .bytes = slots_.bytes(),
          .undurable_bytes = slots_.undurable_bytes()};
}

}  // namespace synod
