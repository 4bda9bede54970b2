#include "kv/request_check.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "kv/errors.h"
#include "kv/write_set.h"

namespace synod_kv {

using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;
using Ops = google::protobuf::RepeatedPtrField<RequestOp>;

namespace {

// Two changes of one key in one transaction have no order between them that a client could rely on,
// so etcd refuses them, and so do we. The two branches of a nested transaction exclude each other:
// only within one path must the keys differ.
absl::Status CollectWrites(const Ops& ops, uint64_t* comparisons, WriteSet* writes) {
  for (const RequestOp& op : ops) {
    if (op.has_request_delete_range()) {
      const auto& request = op.request_delete_range();
      writes->Delete({request.key(), request.range_end()});
    }
  }
  for (const RequestOp& op : ops) {
    if (!op.has_request_txn()) continue;
    WriteSet success(comparisons);
    WriteSet failure(comparisons);
    absl::Status status = CollectWrites(op.request_txn().success(), comparisons, &success);
    if (status.ok()) status = CollectWrites(op.request_txn().failure(), comparisons, &failure);
    if (!status.ok()) return status;
    if (!writes->AddEither(std::move(success), std::move(failure))) return DuplicateKeyError();
  }
  for (const RequestOp& op : ops) {
    if (op.has_request_put() && !writes->Put(op.request_put().key())) return DuplicateKeyError();
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const TxnRequest& request, int max_ops);

absl::Status CheckOp(const RequestOp& op, int max_ops) {
  switch (op.request_case()) {
    case RequestOp::kRequestRange:
      return Check(op.request_range());
    case RequestOp::kRequestPut:
      return Check(op.request_put());
    case RequestOp::kRequestDeleteRange:
      return Check(op.request_delete_range());
    case RequestOp::kRequestTxn:
      return CheckShape(op.request_txn(), max_ops);
    case RequestOp::REQUEST_NOT_SET:
      break;
  }
  return MalformedError("an operation of the transaction is empty or unknown");
}

// `max_ops` shrinks from level to level, which bounds the depth as well.
absl::Status CheckShape(const TxnRequest& request, int max_ops) {
  const int ops =
      std::max({request.compare_size(), request.success_size(), request.failure_size()});
  if (ops > max_ops) return TooManyOpsError();
  for (const etcdserverpb::Compare& compare : request.compare()) {
    if (compare.key().empty()) return EmptyKeyError();
    if (!etcdserverpb::Compare::CompareResult_IsValid(compare.result()) ||
        !etcdserverpb::Compare::CompareTarget_IsValid(compare.target())) {
      return MalformedError("a comparison of the transaction is unknown");
    }
  }
  for (const Ops& branch : {std::cref(request.success()), std::cref(request.failure())}) {
    for (const RequestOp& op : branch) {
      absl::Status status = CheckOp(op, max_ops - std::max(ops, 1));
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

template <class Predicate>
bool AllOps(const TxnRequest& request, Predicate predicate) {
  return std::all_of(request.success().begin(), request.success().end(), predicate) &&
         std::all_of(request.failure().begin(), request.failure().end(), predicate);
}

bool HasRange(const TxnRequest& request) {
  return !AllOps(request, [](const RequestOp& op) {
    return !op.has_request_range() && !(op.has_request_txn() && HasRange(op.request_txn()));
  });
}

bool AllRangesAreSerializable(const TxnRequest& request) {
  return AllOps(request, [](const RequestOp& op) {
    return op.has_request_txn() ? AllRangesAreSerializable(op.request_txn())
                                : op.request_range().serializable();
  });
}

}  // namespace

absl::Status Check(const etcdserverpb::RangeRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (!etcdserverpb::RangeRequest::SortOrder_IsValid(request.sort_order()) ||
      !etcdserverpb::RangeRequest::SortTarget_IsValid(request.sort_target())) {
    return MalformedError("the sort order is unknown");
  }
  return absl::OkStatus();
}

absl::Status Check(const etcdserverpb::PutRequest& request) {
  if (request.key().empty()) return EmptyKeyError();
  if (request.ignore_value() && !request.value().empty()) return ValueProvidedError();
  if (request.ignore_lease() && request.lease() != 0) return LeaseProvidedError();
  return absl::OkStatus();
}

absl::Status Check(const etcdserverpb::DeleteRangeRequest& request) {
  return request.key().empty() ? EmptyKeyError() : absl::OkStatus();
}

absl::Status Check(const TxnRequest& request) {
  uint64_t comparisons = 0;
  return CheckCounting(request, &comparisons);
}

absl::Status CheckCounting(const TxnRequest& request, uint64_t* comparisons) {
  absl::Status status = CheckShape(request, kMaxTxnOps);
  for (const Ops& branch : {std::cref(request.success()), std::cref(request.failure())}) {
    WriteSet writes(comparisons);
    if (status.ok()) status = CollectWrites(branch, comparisons, &writes);
  }
  return status;
}

absl::Status Check(const etcdserverpb::CompactionRequest&) { return absl::OkStatus(); }

absl::Status Check(const etcdserverpb::HashKVRequest&) { return absl::OkStatus(); }

bool MayPut(const etcdserverpb::PutRequest&) { return true; }

bool MayPut(const etcdserverpb::DeleteRangeRequest&) { return false; }

bool MayPut(const TxnRequest& request) {
  return !AllOps(request, [](const RequestOp& op) {
    return !op.has_request_put() && !(op.has_request_txn() && MayPut(op.request_txn()));
  });
}

bool MayPut(const etcdserverpb::CompactionRequest&) { return false; }

bool IsReadOnly(const TxnRequest& request) {
  return AllOps(request, [](const RequestOp& op) {
    return op.has_request_range() || (op.has_request_txn() && IsReadOnly(op.request_txn()));
  });
}

bool IsSerializable(const TxnRequest& request) {
  return HasRange(request) && AllRangesAreSerializable(request);
}

}  // namespace synod_kv
