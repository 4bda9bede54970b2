#include "tests/chaos/client.h"

#include <iterator>
#include <utility>

#include "kv/errors.h"

namespace synod::chaos {

using etcdserverpb::Compare;
using etcdserverpb::KV;

namespace {

Instant Now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

void SetDeadline(grpc::ClientContext* context, Duration patience) {
  context->set_deadline(std::chrono::system_clock::now() +
                        std::chrono::duration_cast<std::chrono::microseconds>(patience));
}

std::string ValueIn(const etcdserverpb::RangeResponse& response) {
  return response.kvs_size() == 0 ? "" : response.kvs(0).value();
}

// "If the key holds `expected`, put `value`; else say what it holds."
etcdserverpb::TxnRequest SwapRequest(const Operation& operation) {
  etcdserverpb::TxnRequest request;
  Compare* const compare = request.add_compare();
  compare->set_key(operation.key);
  compare->set_result(Compare::EQUAL);
  if (operation.expected.empty()) {
    compare->set_target(Compare::VERSION);
    compare->set_version(0);  // It does not exist.
  } else {
    compare->set_target(Compare::VALUE);
    compare->set_value(operation.expected);
  }
  auto* const put = request.add_success()->mutable_request_put();
  put->set_key(operation.key);
  put->set_value(operation.value);
  request.add_failure()->mutable_request_range()->set_key(operation.key);
  return request;
}

}  // namespace

void Record::Append(Record other) {
  std::move(other.history.begin(), other.history.end(), std::back_inserter(history));
  std::move(other.refused.begin(), other.refused.end(), std::back_inserter(refused));
}

Call Client::Begin(Operation::Kind kind, const std::string& key) {
  Call call;
  call.client = id_;
  call.operation.kind = kind;
  call.operation.key = key;
  if (kind != Operation::Kind::kRead) {
    call.operation.value = std::to_string(id_) + "." + std::to_string(++writes_);
  }
  call.invoked = Now();
  return call;
}

bool Client::End(Call call, const grpc::Status& status, int64_t revision) {
  Operation& operation = call.operation;
  if (status.ok()) {
    call.returned = Now();
    call.index = Index(static_cast<uint64_t>(revision));
    known_[operation.key] = operation.HasWritten() ? operation.value : operation.seen;
    record_.history.push_back(std::move(call));
  } else if (operation.kind == Operation::Kind::kRead) {
    // A read that was not answered has no effect that could be missed.
  } else if (synod_kv::WasNotExecuted(status)) {
    record_.refused.push_back(operation.value);
  } else {
    operation.answered = false;
    record_.history.push_back(std::move(call));
  }
  return status.ok();
}

bool Client::Read(NodeId member, const std::string& key, Duration patience, Reading reading) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  request.set_serializable(reading == Reading::kSerializable);
  etcdserverpb::RangeResponse response;
  grpc::ClientContext context;
  SetDeadline(&context, patience);
  auto stub = KV::NewStub(cluster_.channel(member));
  Call call = Begin(Operation::Kind::kRead, key);
  const grpc::Status status = stub->Range(&context, request, &response);
  call.operation.seen = ValueIn(response);
  return End(std::move(call), status, response.header().revision());
}

bool Client::Put(NodeId member, const std::string& key, Duration patience) {
  grpc::ClientContext context;
  SetDeadline(&context, patience);
  etcdserverpb::PutResponse response;
  auto stub = KV::NewStub(cluster_.channel(member));
  Call call = Begin(Operation::Kind::kPut, key);
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(call.operation.value);
  const grpc::Status status = stub->Put(&context, request, &response);
  return End(std::move(call), status, response.header().revision());
}

bool Client::Swap(NodeId member, const std::string& key, Duration patience) {
  grpc::ClientContext context;
  SetDeadline(&context, patience);
  etcdserverpb::TxnResponse response;
  auto stub = KV::NewStub(cluster_.channel(member));
  Call call = Begin(Operation::Kind::kSwap, key);
  call.operation.expected = known_[key];
  const grpc::Status status = stub->Txn(&context, SwapRequest(call.operation), &response);
  call.operation.swapped = response.succeeded();
  if (status.ok() && !response.succeeded()) {
    call.operation.seen = ValueIn(response.responses(0).response_range());
  }
  return End(std::move(call), status, response.header().revision());
}

Clients::Clients(uint64_t count, uint64_t seed, std::vector<std::string> keys,
                 const Cluster& cluster)
    : keys_(std::move(keys)), cluster_(cluster) {
  Rng seeds(seed);
  for (uint64_t id = 1; id <= count; ++id) {
    threads_.emplace_back(&Clients::Run, this, id, Rng(seeds.Next()));
  }
}

Record Clients::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return std::exchange(record_, {});
}

bool Clients::Pause() {
  std::unique_lock lock(mutex_);
  return !stop_.wait_for(lock, std::chrono::milliseconds(10), [this] { return stopping_; });
}

void Clients::Run(uint64_t id, Rng rng) {
  Client client(id, cluster_);
  const std::vector<NodeId> members = cluster_.Ids();
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    const NodeId member = members[rng.Below(members.size())];
    // Tried only over a connection that stands: what fails otherwise was never sent.
    const auto soon = std::chrono::system_clock::now() + std::chrono::milliseconds(10);
    if (!cluster_.channel(member)->WaitForConnected(soon)) continue;
    const std::string& key = keys_[rng.Below(keys_.size())];
    const auto patience = std::chrono::milliseconds(100 + rng.Below(1400));
    const uint64_t kind = rng.Below(100);
    const bool answered = kind < 40   ? client.Read(member, key, patience)
                          : kind < 70 ? client.Put(member, key, patience)
                                      : client.Swap(member, key, patience);
    // Who was refused does not hammer.
    if (!answered && !Pause()) break;
  }
  const std::lock_guard lock(mutex_);
  record_.Append(client.TakeRecord());
}

}  // namespace synod::chaos
