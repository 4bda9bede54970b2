#include "kv/kv_state_machine.h"

#include <utility>

#include "kv/command.h"
#include "kv/errors.h"
#include "kv/executor.h"
#include "kv/request_check.h"

namespace synod_kv {

namespace {

class StoreView final : public synod::SnapshotView {
 public:
  explicit StoreView(StoreState state) : state_(std::move(state)) {}
  [[nodiscard]] absl::Status WriteTo(synod::ByteSink& sink) const override {
    return state_.WriteTo(sink);
  }

 private:
  StoreState state_;
};

template <class Message>
bool Parse(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

absl::Status BadQueryError() { return absl::InternalError("synod-kv: malformed query"); }

template <class Request, class Response, class Execute>
absl::StatusOr<std::string> QueryAs(std::string_view bytes, Execute execute) {
  Request request;
  if (!Parse(bytes, &request)) return BadQueryError();
  Response response;
  absl::Status status = Check(request);
  if (status.ok()) status = execute(request, &response);
  if (!status.ok()) return status;
  std::string answer;
  if (!response.SerializeToString(&answer)) return BadResultError();
  return answer;
}

absl::Status HashKv(const Store& store, const etcdserverpb::HashKVRequest& request,
                    etcdserverpb::HashKVResponse* response) {
  absl::Status status = store.CheckReadable(request.revision());
  if (!status.ok()) return status;
  const int64_t at = request.revision() > 0 ? request.revision() : store.revision();
  response->set_hash(store.state().Hash(at));
  response->set_compact_revision(store.compacted());
  response->mutable_header()->set_revision(store.revision());
  return absl::OkStatus();
}

}  // namespace

void KvStateMachine::Apply(std::span<const synod::Command> batch, std::span<std::string> results) {
  for (size_t i = 0; i < batch.size(); ++i) results[i] = ApplyOne(batch[i]);
  PublishStats();
}

std::string KvStateMachine::ApplyOne(const synod::Command& command) {
  if (!broken_.ok()) return EncodeResult(broken_, etcdserverpb::PutResponse());
  if (command.data.empty()) return Break(command.index, "it is empty");
  const std::string_view bytes = command.data.substr(1);
  switch (static_cast<Operation>(command.data.front())) {
    case Operation::kPut:
      return ApplyAs<etcdserverpb::PutRequest, etcdserverpb::PutResponse>(command.index, bytes);
    case Operation::kDeleteRange:
      return ApplyAs<etcdserverpb::DeleteRangeRequest, etcdserverpb::DeleteRangeResponse>(
          command.index, bytes);
    case Operation::kTxn:
      return ApplyAs<etcdserverpb::TxnRequest, etcdserverpb::TxnResponse>(command.index, bytes);
    case Operation::kCompact:
      return ApplyAs<etcdserverpb::CompactionRequest, etcdserverpb::CompactionResponse>(
          command.index, bytes);
    case Operation::kRange:
    case Operation::kHashKv:
      break;  // These are queries.
  }
  return Break(command.index, "its operation is unknown");
}

template <class Request, class Response>
std::string KvStateMachine::ApplyAs(synod::Index index, std::string_view bytes) {
  Request request;
  if (!Parse(bytes, &request)) return Break(index, "its request is malformed");
  Response response;
  absl::Status status = Check(request);
  if (status.ok()) status = Execute(store_, request, &response);
  return EncodeResult(status, response);
}

// A command that others may understand must not be skipped: this replica's state would silently
// differ from theirs from here on.
std::string KvStateMachine::Break(synod::Index index, std::string_view why) {
  broken_ = absl::UnimplementedError(
      "the command at index " + std::to_string(index.value()) + " cannot be applied, " +
      std::string(why) + ": was it written by a newer synod-kv? Run that version here, too");
  on_broken_(broken_);
  return EncodeResult(broken_, etcdserverpb::PutResponse());
}

absl::StatusOr<std::string> KvStateMachine::Query(std::string_view request) const {
  if (!broken_.ok()) return broken_;
  if (request.empty()) return BadQueryError();
  const std::string_view bytes = request.substr(1);
  switch (static_cast<Operation>(request.front())) {
    case Operation::kRange:
      return QueryAs<etcdserverpb::RangeRequest, etcdserverpb::RangeResponse>(
          bytes,
          [this](const auto& range, auto* response) { return Execute(store_, range, response); });
    case Operation::kTxn:
      return QueryAs<etcdserverpb::TxnRequest, etcdserverpb::TxnResponse>(
          bytes, [this](const auto& txn, auto* response) {
            if (!IsReadOnly(txn)) return BadQueryError();
            return ExecuteReadOnly(store_, txn, response);
          });
    case Operation::kHashKv:
      return QueryAs<etcdserverpb::HashKVRequest, etcdserverpb::HashKVResponse>(
          bytes,
          [this](const auto& hash, auto* response) { return HashKv(store_, hash, response); });
    default:
      return BadQueryError();
  }
}

absl::StatusOr<std::unique_ptr<synod::SnapshotView>> KvStateMachine::Snapshot() const {
  if (!broken_.ok()) return broken_;
  return std::make_unique<StoreView>(store_.state());
}

absl::Status KvStateMachine::Restore(synod::ByteSource& image) {
  absl::StatusOr<StoreState> state = StoreState::ReadFrom(image);
  if (!state.ok()) return state.status();
  store_ = Store(*std::move(state));
  PublishStats();
  return absl::OkStatus();
}

void KvStateMachine::PublishStats() {
  stats_.revision.store(store_.revision(), std::memory_order_relaxed);
  stats_.bytes.store(store_.state().bytes, std::memory_order_relaxed);
}

}  // namespace synod_kv
