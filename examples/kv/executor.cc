#include "kv/executor.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <vector>

#include "kv/answer_bound.h"
#include "kv/errors.h"

namespace synod_kv {

using etcdserverpb::Compare;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::ResponseOp;
using etcdserverpb::TxnRequest;
using etcdserverpb::TxnResponse;

namespace {

void Fill(const KeyVersion& from, bool with_value, mvccpb::KeyValue* to) {
  to->set_key(from.key.view().data(), from.key.size());
  if (with_value) to->set_value(from.value.view().data(), from.value.size());
  to->set_create_revision(from.created);
  to->set_mod_revision(from.modified.main);
  to->set_version(from.version);
}

// ---- Range

bool PassesBounds(const RangeRequest& request, const KeyVersion& found) {
  const int64_t modified = found.modified.main;
  return (request.min_mod_revision() == 0 || modified >= request.min_mod_revision()) &&
         (request.max_mod_revision() == 0 || modified <= request.max_mod_revision()) &&
         (request.min_create_revision() == 0 || found.created >= request.min_create_revision()) &&
         (request.max_create_revision() == 0 || found.created <= request.max_create_revision());
}

// The keys arrive in ascending order, and stay in it where the target does not tell them apart.
void Sort(const RangeRequest& request, std::vector<const KeyVersion*>* found) {
  const auto sort_by = [&](auto target) {
    const bool descends = request.sort_order() == RangeRequest::DESCEND;
    std::stable_sort(found->begin(), found->end(), [&](const KeyVersion* a, const KeyVersion* b) {
      return descends ? target(*b) < target(*a) : target(*a) < target(*b);
    });
  };
  switch (request.sort_target()) {
    case RangeRequest::VERSION:
      return sort_by([](const KeyVersion& v) { return v.version; });
    case RangeRequest::CREATE:
      return sort_by([](const KeyVersion& v) { return v.created; });
    case RangeRequest::MOD:
      return sort_by([](const KeyVersion& v) { return v.modified.main; });
    case RangeRequest::VALUE:
      return sort_by([](const KeyVersion& v) { return v.value.view(); });
    default:
      if (request.sort_order() == RangeRequest::DESCEND) std::reverse(found->begin(), found->end());
  }
}

// What a range request finds.
struct Found {
  std::vector<const KeyVersion*> pairs;  // Those to answer with.
  int64_t count = 0;                     // All in the range.
  bool more = false;
};

// `now` is the newest revision that the request may see: its own transaction's, if it has changed
// something already.
Found Find(const StoreState& state, int64_t now, const RangeRequest& request) {
  const int64_t at = request.revision() > 0 ? request.revision() : now;
  const bool sorts =
      request.sort_target() != RangeRequest::KEY || request.sort_order() == RangeRequest::DESCEND;
  const auto limit = request.limit() > 0 ? static_cast<size_t>(request.limit()) : SIZE_MAX;
  Found found;
  const KeyRange range(request.key(), request.range_end());
  state.ForEach(range, at, [&](const KeyVersion& version) {
    ++found.count;
    if (request.count_only() || !PassesBounds(request, version)) return true;
    if (found.pairs.size() < limit || sorts) {
      found.pairs.push_back(&version);
    } else {
      found.more = true;  // Goes on for the count.
    }
    return true;
  });
  if (sorts) Sort(request, &found.pairs);
  if (found.pairs.size() > limit) {
    found.pairs.resize(limit);
    found.more = true;
  }
  return found;
}

void Answer(const Found& found, int64_t now, const RangeRequest& request,
            etcdserverpb::RangeResponse* response) {
  for (const KeyVersion* version : found.pairs) {
    Fill(*version, !request.keys_only(), response->add_kvs());
  }
  response->set_more(found.more);
  response->set_count(found.count);
  response->mutable_header()->set_revision(now);
}

absl::Status CheckSize(const Found& found, const RangeRequest& request) {
  uint64_t bytes = 0;
  for (const KeyVersion* version : found.pairs) {
    bytes += AnsweredBytes(*version, !request.keys_only());
  }
  return bytes <= kMaxAnswerBytes ? absl::OkStatus() : AnswerTooLargeError();
}

// ---- Put and DeleteRange

absl::Status CheckPut(const StoreState& state, const etcdserverpb::PutRequest& request) {
  if (request.lease() != 0) return LeaseNotFoundError();
  if ((request.ignore_value() || request.ignore_lease()) &&
      state.Find(request.key(), state.revision) == nullptr) {
    return KeyNotFoundError();
  }
  return absl::OkStatus();
}

void ExecutePut(const StoreState& state, Store::Change& change,
                const etcdserverpb::PutRequest& request, etcdserverpb::PutResponse* response) {
  const KeyVersion* old = nullptr;
  if (request.prev_kv() || request.ignore_value()) {
    old = state.Find(request.key(), change.revision());
  }
  if (request.prev_kv() && old != nullptr) Fill(*old, true, response->mutable_prev_kv());
  // In a transaction an earlier delete may have removed the key that the check has seen: what is
  // kept then is nothing.
  synod::Payload value = synod::Payload::Copy(request.value());
  if (request.ignore_value()) value = old != nullptr ? old->value : synod::Payload();
  change.Put(request.key(), std::move(value));
  response->mutable_header()->set_revision(change.revision());
}

void ExecuteDelete(Store::Change& change, const etcdserverpb::DeleteRangeRequest& request,
                   etcdserverpb::DeleteRangeResponse* response) {
  const std::vector<KeyVersion> deleted = change.Delete({request.key(), request.range_end()});
  response->set_deleted(static_cast<int64_t>(deleted.size()));
  if (request.prev_kv()) {
    for (const KeyVersion& old : deleted) Fill(old, true, response->add_prev_kvs());
  }
  response->mutable_header()->set_revision(change.revision());
}

// ---- Txn

template <class Value>
bool Holds(Compare::CompareResult result, const Value& actual, const Value& given) {
  switch (result) {
    case Compare::EQUAL:
      return actual == given;
    case Compare::NOT_EQUAL:
      return actual != given;
    case Compare::GREATER:
      return actual > given;
    case Compare::LESS:
      return actual < given;
    default:
      return false;
  }
}

// A key that does not exist has version and revisions 0, and no value at all: a comparison of
// values never holds for it.
bool Holds(const Compare& compare, const KeyVersion* found) {
  const KeyVersion absent;
  const KeyVersion& actual = found != nullptr ? *found : absent;
  switch (compare.target()) {
    case Compare::VERSION:
      return Holds(compare.result(), actual.version, compare.version());
    case Compare::CREATE:
      return Holds(compare.result(), actual.created, compare.create_revision());
    case Compare::MOD:
      return Holds(compare.result(), actual.modified.main, compare.mod_revision());
    case Compare::VALUE:
      return found != nullptr &&
             Holds(compare.result(), actual.value.view(), std::string_view(compare.value()));
    case Compare::LEASE:
      return Holds(compare.result(), int64_t{0}, compare.lease());
    default:
      return false;
  }
}

bool Holds(const StoreState& state, const Compare& compare) {
  bool any = false;
  bool all = true;
  const KeyRange range(compare.key(), compare.range_end());
  state.ForEach(range, state.revision, [&](const KeyVersion& found) {
    any = true;
    all = Holds(compare, &found);
    return all;
  });
  return any ? all : Holds(compare, nullptr);
}

// A transaction runs in three passes, so that it fails before it has changed anything, and so that
// all of its comparisons, nested ones too, see the store as it was before:
// the path is which branch each transaction takes, outer before inner;
using Path = std::vector<bool>;

const google::protobuf::RepeatedPtrField<RequestOp>& Branch(const TxnRequest& request,
                                                            bool success) {
  return success ? request.success() : request.failure();
}

void ChoosePath(const StoreState& state, const TxnRequest& request, Path* path) {
  const bool success = std::all_of(request.compare().begin(), request.compare().end(),
                                   [&](const Compare& compare) { return Holds(state, compare); });
  path->push_back(success);
  for (const RequestOp& op : Branch(request, success)) {
    if (op.has_request_txn()) ChoosePath(state, op.request_txn(), path);
  }
}

// then what is on the path is checked against the store;
absl::Status CheckPath(const Store& store, const TxnRequest& request, Path::const_iterator* path,
                       AnswerBound* bound) {
  for (const RequestOp& op : Branch(request, *(*path)++)) {
    absl::Status status;
    if (op.has_request_range()) {
      status = store.CheckReadable(op.request_range().revision());
      bound->Add(op.request_range());
    } else if (op.has_request_put()) {
      status = CheckPut(store.state(), op.request_put());
      bound->Add(op.request_put());
    } else if (op.has_request_delete_range()) {
      bound->Add(op.request_delete_range());
    } else if (op.has_request_txn()) {
      status = CheckPath(store, op.request_txn(), path, bound);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// and then it is carried out. `change` is null in a transaction that only reads.
void ExecutePath(const StoreState& state, Store::Change* change, const TxnRequest& request,
                 Path::const_iterator* path, TxnResponse* response) {
  const auto now = [&] { return change != nullptr ? change->revision() : state.revision; };
  const bool success = *(*path)++;
  response->set_succeeded(success);
  for (const RequestOp& op : Branch(request, success)) {
    ResponseOp* answer = response->add_responses();
    switch (op.request_case()) {
      case RequestOp::kRequestRange:
        Answer(Find(state, now(), op.request_range()), now(), op.request_range(),
               answer->mutable_response_range());
        break;
      case RequestOp::kRequestPut:
        ExecutePut(state, *change, op.request_put(), answer->mutable_response_put());
        break;
      case RequestOp::kRequestDeleteRange:
        ExecuteDelete(*change, op.request_delete_range(), answer->mutable_response_delete_range());
        break;
      case RequestOp::kRequestTxn:
        ExecutePath(state, change, op.request_txn(), path, answer->mutable_response_txn());
        answer->mutable_response_txn()->mutable_header()->Clear();  // As etcd does.
        break;
      case RequestOp::REQUEST_NOT_SET:
        break;
    }
  }
  response->mutable_header()->set_revision(now());
}

absl::StatusOr<Path> CheckedPath(const Store& store, const TxnRequest& request) {
  Path path;
  ChoosePath(store.state(), request, &path);
  auto at = path.cbegin();
  AnswerBound bound(store.state());
  absl::Status status = CheckPath(store, request, &at, &bound);
  if (status.ok()) status = bound.Check();
  if (!status.ok()) return status;
  return path;
}

}  // namespace

absl::Status Execute(const Store& store, const RangeRequest& request,
                     etcdserverpb::RangeResponse* response) {
  absl::Status status = store.CheckReadable(request.revision());
  if (!status.ok()) return status;
  const Found found = Find(store.state(), store.revision(), request);
  status = CheckSize(found, request);
  if (status.ok()) Answer(found, store.revision(), request, response);
  return status;
}

absl::Status Execute(Store& store, const etcdserverpb::PutRequest& request,
                     etcdserverpb::PutResponse* response) {
  absl::Status status = CheckPut(store.state(), request);
  if (!status.ok()) return status;
  Store::Change change(store);
  ExecutePut(store.state(), change, request, response);
  return absl::OkStatus();
}

absl::Status Execute(Store& store, const etcdserverpb::DeleteRangeRequest& request,
                     etcdserverpb::DeleteRangeResponse* response) {
  AnswerBound bound(store.state());
  bound.Add(request);
  absl::Status status = bound.Check();
  if (!status.ok()) return status;
  Store::Change change(store);
  ExecuteDelete(change, request, response);
  return absl::OkStatus();
}

absl::Status Execute(Store& store, const TxnRequest& request, TxnResponse* response) {
  absl::StatusOr<Path> path = CheckedPath(store, request);
  if (!path.ok()) return path.status();
  Store::Change change(store);
  auto at = path->cbegin();
  ExecutePath(store.state(), &change, request, &at, response);
  return absl::OkStatus();
}

absl::Status ExecuteReadOnly(const Store& store, const TxnRequest& request, TxnResponse* response) {
  absl::StatusOr<Path> path = CheckedPath(store, request);
  if (!path.ok()) return path.status();
  auto at = path->cbegin();
  ExecutePath(store.state(), nullptr, request, &at, response);
  return absl::OkStatus();
}

absl::Status Execute(Store& store, const etcdserverpb::CompactionRequest& request,
                     etcdserverpb::CompactionResponse* response) {
  absl::Status status = store.Compact(request.revision());
  if (status.ok()) response->mutable_header()->set_revision(store.revision());
  return status;
}

}  // namespace synod_kv
