// A state machine, and one turn of a replica that is its group's only member.
#ifndef COUNTER_H_
#define COUNTER_H_

#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <synod/synod.h>

// Counts the commands that it has applied.
class Counter : public synod::StateMachine {
 public:
  void Apply(std::span<const synod::Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) results[i] = std::to_string(++count_);
  }
  absl::StatusOr<std::string> Query(std::string_view) const override {
    return std::to_string(count_);
  }
  absl::StatusOr<std::unique_ptr<synod::SnapshotView>> Snapshot() const override {
    return absl::UnimplementedError("a test of few commands takes no snapshot");
  }
  absl::Status Restore(synod::ByteSource&) override {
    return absl::UnimplementedError("a test of few commands takes no snapshot");
  }

 private:
  int count_ = 0;
};

// 0 if a command was committed and a linearizable read saw it.
inline int ReplicateOnce(absl::StatusOr<std::unique_ptr<synod::LogStore>> log,
                         absl::StatusOr<std::unique_ptr<synod::Transport>> transport) {
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", log.status().ToString().c_str());
    return 2;
  }
  const absl::Status birth = synod::Bootstrap(**log, {.cluster = 7, .node = 1, .members = {1}});
  if (!birth.ok() && !absl::IsAlreadyExists(birth)) return 3;
  std::promise<void> leads;  // Outlives the host, whose observer keeps it.
  absl::StatusOr<synod::Host> host =
      synod::Host::Start({.id = 1, .log = std::move(log), .transport = std::move(transport)});
  if (!host.ok()) {
    std::fprintf(stderr, "%s\n", host.status().ToString().c_str());
    return 4;
  }
  absl::StatusOr<synod::Replica> replica =
      host->Join({.group = 1,
                  .state_machine = std::make_unique<Counter>(),
                  .observer = {.on_role = [&leads](synod::Role role, synod::Term) {
                    if (role == synod::Role::kLeader) leads.set_value();
                  }}});
  if (!replica.ok()) return 5;
  leads.get_future().wait();

  const synod::Outcome outcome = replica->Propose("increment").get();
  const auto read = replica->Read("", synod::Consistency::kLinearizable).get();
  std::printf("proposed: %s, read: %s\n", outcome.result.c_str(),
              read.ok() ? read->c_str() : read.status().ToString().c_str());
  return outcome.ok() && read.ok() && *read == outcome.result ? 0 : 1;
}

#endif  // COUNTER_H_
