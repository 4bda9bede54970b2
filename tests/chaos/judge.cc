#include "tests/chaos/judge.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>
#include <vector>

#include <grpcpp/client_context.h>

#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod::chaos {

namespace {

// Requests in one transaction; the server takes 128.
constexpr uint64_t kRevisionsAtOnce = 100;

etcdserverpb::TxnRequest RequestFor(uint64_t first, uint64_t last) {
  etcdserverpb::TxnRequest request;
  for (uint64_t revision = first; revision <= last; ++revision) {
    etcdserverpb::RangeRequest& range = *request.add_success()->mutable_request_range();
    range.set_key(std::string(1, '\0'));
    range.set_range_end(std::string(1, '\0'));  // Together: every key.
    range.set_revision(static_cast<int64_t>(revision));
    range.set_min_mod_revision(static_cast<int64_t>(revision));
  }
  return request;
}

std::string Describe(const Call& call, Instant start) {
  const auto milliseconds = [start](Instant at) {
    return std::chrono::duration<double, std::milli>(at - start).count();
  };
  const Operation& operation = call.operation;
  std::ostringstream text;
  text << "client " << call.client << " [" << milliseconds(call.invoked) << " ms, ";
  if (call.HasReturned()) {
    text << milliseconds(call.returned) << " ms] at " << call.index.value() << ": ";
  } else {
    text << "…] ";
  }
  switch (operation.kind) {
    case Operation::Kind::kRead:
      text << "read '" << operation.seen << "'";
      break;
    case Operation::Kind::kPut:
      text << "put '" << operation.value << "'";
      break;
    case Operation::Kind::kSwap:
      text << "swap '" << operation.expected << "' for '" << operation.value << "'";
      if (operation.answered && !operation.swapped)
        text << ": refused for '" << operation.seen << "'";
      break;
  }
  return text.str();
}

}  // namespace

absl::StatusOr<WriteLog> ReadLog(const Cluster& cluster, NodeId member, uint64_t last_revision) {
  auto stub = etcdserverpb::KV::NewStub(cluster.channel(member));
  WriteLog log;
  // An empty store is at revision 1.
  for (uint64_t first = 2; first <= last_revision; first += kRevisionsAtOnce) {
    const uint64_t last = std::min(last_revision, first + kRevisionsAtOnce - 1);
    etcdserverpb::TxnResponse response;
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    const grpc::Status status = stub->Txn(&context, RequestFor(first, last), &response);
    if (!status.ok()) return absl::UnavailableError(status.error_message());
    for (uint64_t revision = first; revision <= last; ++revision) {
      const auto& range = response.responses(static_cast<int>(revision - first)).response_range();
      if (range.kvs_size() != 1) {
        return absl::DataLossError("revision " + std::to_string(revision) + " wrote " +
                                   std::to_string(range.kvs_size()) + " keys");
      }
      log[revision] = {range.kvs(0).key(), range.kvs(0).value()};
    }
  }
  return log;
}

std::string CompareWithLog(const Record& record, const WriteLog& log) {
  std::map<std::string, uint64_t> revisions;  // By value.
  for (const auto& [revision, write] : log) {
    const auto [at, is_new] = revisions.emplace(write.value, revision);
    if (!is_new) {
      return write.value + " was written at revision " + std::to_string(at->second) +
             " and again at " + std::to_string(revision);
    }
  }
  std::set<std::string> made;
  for (const Call& call : record.history) {
    if (call.operation.kind == Operation::Kind::kRead) continue;
    made.insert(call.operation.value);
    const auto found = revisions.find(call.operation.value);
    if (!call.HasReturned()) continue;
    const std::string what = "client " + std::to_string(call.client) + " was told that " +
                             call.operation.value + " was written at revision " +
                             std::to_string(call.index.value());
    if (!call.operation.HasWritten()) {
      if (found != revisions.end()) return call.operation.value + " was written by a failed swap";
    } else if (found == revisions.end()) {
      return what + ", and it is missing";
    } else if (found->second != call.index.value() ||
               log.at(found->second).key != call.operation.key) {
      return what + " to " + call.operation.key + ", and it is at " +
             std::to_string(found->second) + ", in " + log.at(found->second).key;
    }
  }
  for (const std::string& value : record.refused) {
    if (revisions.contains(value)) return value + " was refused, and it was written";
  }
  for (const auto& [value, revision] : revisions) {
    if (!made.contains(value)) return value + " was written, and nobody has asked for it";
  }
  return {};
}

sim::CheckResult CheckWithLog(const History& history, const WriteLog& log) {
  std::map<std::string, uint64_t> revisions;  // By value.
  for (const auto& [revision, write] : log) revisions.emplace(write.value, revision);
  History placed = history;
  for (Call& call : placed) {
    const auto found = revisions.find(call.operation.value);
    if (call.HasReturned() || found == revisions.end()) continue;
    call.index = Index(found->second);
    call.operation.answered = true;
    call.operation.swapped = call.operation.kind == Operation::Kind::kSwap;
  }
  return sim::CheckWitness<StoreModel>(
      placed, [](const Operation& operation) { return operation.HasWritten(); });
}

sim::CheckResult CheckWithoutLog(const History& history) {
  return sim::CheckLinearizableByKey<KeyModel>(
      history, [](const Operation& operation) { return operation.key; });
}

std::string Excerpt(const History& history, size_t culprit) {
  constexpr ptrdiff_t kAround = 12;
  std::vector<size_t> calls;
  Instant start = kNever;
  for (size_t i = 0; i < history.size(); ++i) {
    start = std::min(start, history[i].invoked);
    if (history[i].operation.key == history[culprit].operation.key) calls.push_back(i);
  }
  std::sort(calls.begin(), calls.end(),
            [&](size_t a, size_t b) { return history[a].invoked < history[b].invoked; });
  const ptrdiff_t at = std::find(calls.begin(), calls.end(), culprit) - calls.begin();
  const ptrdiff_t end = std::min(std::ssize(calls), at + kAround + 1);
  std::string text = "calls of " + history[culprit].operation.key + ":\n";
  for (ptrdiff_t i = std::max(ptrdiff_t{0}, at - kAround); i < end; ++i) {
    const size_t call = calls[static_cast<size_t>(i)];
    text += (call == culprit ? "> " : "  ") + Describe(history[call], start) + "\n";
  }
  return text;
}

std::optional<History> WithStaleRead(History history) {
  std::map<std::string, const Call*> first_write;  // By key; of those that were answered.
  for (const Call& call : history) {
    const Call*& first = first_write[call.operation.key];
    const bool counts = call.HasReturned() && call.operation.HasWritten();
    if (counts && (first == nullptr || call.index < first->index)) first = &call;
  }
  for (size_t i = history.size(); i-- > 0;) {
    Call& read = history[i];
    const Call* const first = first_write[read.operation.key];
    if (read.operation.kind != Operation::Kind::kRead || first == nullptr) continue;
    const bool was_overwritten = std::any_of(history.begin(), history.end(), [&](const Call& call) {
      return call.operation.key == read.operation.key && call.operation.HasWritten() &&
             call.invoked > first->returned && call.returned < read.invoked;
    });
    if (!was_overwritten) continue;
    read.operation.seen = first->operation.value;
    return history;
  }
  return std::nullopt;
}

}  // namespace synod::chaos
