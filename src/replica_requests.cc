// How requests reach a replica, and how each of them ends, once.
#include <utility>

#include "synod/base/mutation.h"
#include "synod/node/refusal.h"

#include "src/replica_impl.h"

namespace synod::internal {

namespace {

std::string Text(Reason reason) { return std::string(Describe(reason)); }

absl::Status ReadStatus(Reason reason) {
  if (reason == Reason::kDeadline) return absl::DeadlineExceededError(Text(reason));
  return absl::UnavailableError(Text(reason));
}

absl::Status TransferStatus(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return absl::OkStatus();
    case Reason::kDeadline:
      return absl::DeadlineExceededError(Text(reason));
    case Reason::kNotLeader:
      return absl::FailedPreconditionError(Text(reason));
    case Reason::kNotVoter:
      return absl::InvalidArgumentError(Text(reason));
    default:
      return absl::UnavailableError(Text(reason));
  }
}

// On a thread that asks: a callback that asks again in there is left to the loop, lest the stack
// grow with each time.
thread_local bool is_refusing = false;

}  // namespace

void ReplicaImpl::Submit(Submission submission) {
  const size_t others = pending_.fetch_add(1, std::memory_order_relaxed);
  submission.overloaded =
      others >= options_.max_pending_requests && !Mutated(Mutation::kNoRequestBound);
  if (host_.loop().IsLoopThread()) {
    Accept(std::move(submission));
    // Only this thread sets it, so that it may look without the mutex.
    if (closed_) EndRefused();
    return;
  }
  std::unique_lock lock(submitted_mutex_);
  if (closed_ || (submission.overloaded && !is_refusing)) {
    const Reason why = closed_ ? Reason::kStopped : Reason::kOverloaded;
    lock.unlock();
    is_refusing = true;
    End(std::move(submission.request), Outcome::Kind::kNotCommitted, why);
    is_refusing = false;
    return;
  }
  submitted_.push_back(std::move(submission));
  const bool first = submitted_.size() == 1;
  lock.unlock();
  if (first) host_.loop().Post([this] { DrainSubmitted(); });
}

void ReplicaImpl::DrainSubmitted() {
  std::vector<Submission> submitted;
  {
    const std::lock_guard lock(submitted_mutex_);
    submitted.swap(submitted_);
  }
  for (Submission& submission : submitted) Accept(std::move(submission));
}

void ReplicaImpl::Accept(Submission submission) {
  host_.MarkDirty(*this);
  Reason refusal = Reason::kNone;
  if (stopped_) {
    refusal = Reason::kStopped;
  } else if (submission.overloaded) {
    refusal = Reason::kOverloaded;
  } else if (submission.deadline <= host_.loop().Now()) {
    refusal = Reason::kDeadline;
  }
  if (refusal != Reason::kNone) {
    // Not ended here: the caller may be in the middle of its call.
    refused_.emplace_back(std::move(submission.request), refusal);
    return;
  }
  const RequestId id = requests_.Add(submission.deadline, std::move(submission.request));
  const PendingRequest& request = *requests_.Find(id);
  if (std::holds_alternative<PendingProposal>(request)) {
    proposals_.push_back({.request = id, .command = std::move(submission.command)});
  } else if (const auto* read = std::get_if<PendingRead>(&request)) {
    if (read->consistency == Consistency::kLinearizable) {
      reads_.push_back(id);
    } else {
      // Behind whatever may be served already: those who want what is newest must not wait for
      // ever because others take what there is.
      read_queue_.emplace(handed_over_, id);
    }
  } else if (std::holds_alternative<PendingTransfer>(request)) {
    transfers_.emplace_back(submission.target, id);
  } else {
    changes_.emplace_back(std::move(submission.changes), id);
  }
}

// A callback may ask again, and be refused again. That is for the next Step, unless none follows.
void ReplicaImpl::EndRefused() {
  if (std::exchange(ending_refused_, true)) return;
  do {
    for (auto& [request, reason] : std::exchange(refused_, {})) {
      End(std::move(request), Outcome::Kind::kNotCommitted, reason);
    }
  } while (closed_ && !refused_.empty());
  ending_refused_ = false;
}

// Reads whose deadline has passed leave their names in the queue, for as long as what they wait for
// is not applied.
void ReplicaImpl::ForgetEndedReads() {
  if (read_queue_.size() <= 2 * pending_.load(std::memory_order_relaxed) + 64) return;
  std::erase_if(read_queue_,
                [this](const auto& read) { return requests_.Find(read.second) == nullptr; });
}

void ReplicaImpl::OnResolved(const Resolved& resolved) {
  if (auto request = requests_.Take(resolved.request)) {
    End(*std::move(request), resolved.kind, resolved.reason);
  }
}

void ReplicaImpl::EndProposal(RequestId id, Outcome outcome) {
  auto request = requests_.Take(id);
  if (!request) return;
  pending_.fetch_sub(1, std::memory_order_relaxed);
  std::get<PendingProposal>(*request).done(std::move(outcome));
}

void ReplicaImpl::EndRead(RequestId id, absl::StatusOr<std::string> answer) {
  auto request = requests_.Take(id);
  if (!request) return;
  pending_.fetch_sub(1, std::memory_order_relaxed);
  std::get<PendingRead>(*request).done(std::move(answer));
}

// Without success, but for a transfer or a change of the members.
void ReplicaImpl::End(PendingRequest request, Outcome::Kind kind, Reason reason) {
  if (Mutated(Mutation::kRequestIsNotEnded) && reason == Reason::kDeadline) return;
  pending_.fetch_sub(1, std::memory_order_relaxed);
  failed_[static_cast<size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  if (auto* proposal = std::get_if<PendingProposal>(&request)) {
    proposal->done(
        {.kind = kind, .reason = reason, .index = Index(), .result = {}, .leader = leader()});
  } else if (auto* read = std::get_if<PendingRead>(&request)) {
    read->done(WithRefusal(ReadStatus(reason), {.reason = reason, .leader = leader()}));
  } else if (auto* transfer = std::get_if<PendingTransfer>(&request)) {
    transfer->done(WithRefusal(TransferStatus(reason), {.reason = reason, .leader = leader()}));
  } else {
    std::get<PendingChange>(request).done(
        {.kind = kind, .reason = reason, .index = Index(), .result = {}, .leader = leader()});
  }
}

}  // namespace synod::internal
