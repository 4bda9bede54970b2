// The handle of a replica: futures, executors and the hand-over to what is behind it.
#include "synod/node/replica.h"

#include <utility>

#include "src/replica_impl.h"

namespace synod {

namespace {

using internal::PendingChange;
using internal::PendingProposal;
using internal::PendingRead;
using internal::PendingTransfer;
using internal::ReplicaImpl;

Instant After(const ReplicaImpl& replica, Duration deadline) {
  const Instant now = replica.Clock();
  return deadline < kNever - now ? now + deadline : kNever;
}

// The callback as the group wants it run.
template <class Result>
absl::AnyInvocable<void(Result)> Dispatched(const ReplicaImpl& replica,
                                            absl::AnyInvocable<void(Result)> done) {
  const auto& executor = replica.options().executor;
  if (!executor) return done;
  return [&executor, done = std::move(done)](Result result) mutable {
    executor([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  };
}

template <class Result>
absl::AnyInvocable<void(Result)> Fulfil(std::promise<Result> promise) {
  return [promise = std::move(promise)](Result result) mutable {
    promise.set_value(std::move(result));
  };
}

void Propose(ReplicaImpl& replica, Payload command, Duration deadline,
             absl::AnyInvocable<void(Outcome)> done) {
  replica.Submit({.deadline = After(replica, deadline),
                  .request = PendingProposal{std::move(done)},
                  .command = std::move(command),
                  .target = {}});
}

void Read(ReplicaImpl& replica, std::string request, Consistency consistency, Duration deadline,
          absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  replica.Submit({.deadline = After(replica, deadline),
                  .request = PendingRead{std::move(done), std::move(request), consistency},
                  .command = {},
                  .target = {}});
}

void Transfer(ReplicaImpl& replica, NodeId to, Duration deadline,
              absl::AnyInvocable<void(absl::Status)> done) {
  replica.Submit({.deadline = After(replica, deadline),
                  .request = PendingTransfer{std::move(done)},
                  .command = {},
                  .target = to});
}

void Change(ReplicaImpl& replica, std::vector<MemberChange> changes, Duration deadline,
            absl::AnyInvocable<void(Outcome)> done) {
  replica.Submit({.deadline = After(replica, deadline),
                  .request = PendingChange{std::move(done)},
                  .command = {},
                  .target = {},
                  .changes = std::move(changes)});
}

}  // namespace

std::future<Outcome> Replica::Propose(std::string_view command) {
  std::promise<Outcome> promise;
  std::future<Outcome> future = promise.get_future();
  synod::Propose(*impl_, Payload::Copy(command), impl_->options().default_deadline,
                 Fulfil(std::move(promise)));
  return future;
}

void Replica::Propose(Payload command, Duration deadline, absl::AnyInvocable<void(Outcome)> done) {
  synod::Propose(*impl_, std::move(command), deadline, Dispatched(*impl_, std::move(done)));
}

std::future<absl::StatusOr<std::string>> Replica::Read(std::string_view request,
                                                       Consistency consistency) {
  std::promise<absl::StatusOr<std::string>> promise;
  std::future<absl::StatusOr<std::string>> future = promise.get_future();
  synod::Read(*impl_, std::string(request), consistency, impl_->options().default_deadline,
              Fulfil(std::move(promise)));
  return future;
}

void Replica::Read(std::string request, Consistency consistency, Duration deadline,
                   absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  synod::Read(*impl_, std::move(request), consistency, deadline,
              Dispatched(*impl_, std::move(done)));
}

std::future<absl::Status> Replica::TransferLeadership(NodeId to) {
  std::promise<absl::Status> promise;
  std::future<absl::Status> future = promise.get_future();
  Transfer(*impl_, to, impl_->options().default_deadline, Fulfil(std::move(promise)));
  return future;
}

void Replica::TransferLeadership(NodeId to, Duration deadline,
                                 absl::AnyInvocable<void(absl::Status)> done) {
  Transfer(*impl_, to, deadline, Dispatched(*impl_, std::move(done)));
}

std::future<Outcome> Replica::Reconfigure(std::vector<MemberChange> changes) {
  std::promise<Outcome> promise;
  std::future<Outcome> future = promise.get_future();
  Change(*impl_, std::move(changes), impl_->options().default_deadline, Fulfil(std::move(promise)));
  return future;
}

void Replica::Reconfigure(std::vector<MemberChange> changes, Duration deadline,
                          absl::AnyInvocable<void(Outcome)> done) {
  Change(*impl_, std::move(changes), deadline, Dispatched(*impl_, std::move(done)));
}

ReplicaStatus Replica::Status() const { return impl_->Status(); }
bool Replica::IsLeader() const { return impl_->IsLeader(); }
NodeId Replica::leader() const { return impl_->leader(); }

}  // namespace synod
