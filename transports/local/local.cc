#include "synod/local.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "synod/base/rng.h"
#include "synod/port/lane.h"
#include "synod/port/wire.h"

namespace synod::local {

namespace internal {

namespace {

void Count(std::atomic<uint64_t>& counter, uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

// One host's place in the network. Lives as long as the network, since tasks that were posted to
// its loop refer to it; only its own loop's thread looks at `receiver`.
struct Endpoint {
  struct Queue {
    std::vector<Message> messages;
    size_t bytes = 0;
  };
  struct Counters {
    std::atomic<uint64_t> messages_sent = 0;
    std::atomic<uint64_t> messages_received = 0;
    std::atomic<uint64_t> dropped_unknown_peer = 0;
    std::atomic<uint64_t> dropped_disconnected = 0;
    std::atomic<uint64_t> dropped_queue_full = 0;
    std::atomic<uint64_t> dropped_bulk_queue_full = 0;
    std::atomic<uint64_t> dropped_by_fault = 0;
  };

  bool attached = false;
  NodeId node;
  ClusterId cluster;
  EventLoop* loop = nullptr;
  Receiver* receiver = nullptr;
  std::array<Queue, 3> queues;    // By lane.
  std::vector<NodeId> connected;  // Peers to announce.
  bool delivery_posted = false;
  Counters counters;
};

// All of the hosts' queues, under one mutex. It is held while a task is posted, so that a host that
// has detached is never posted to; it is never held while a host is called.
class NetworkImpl {
 public:
  explicit NetworkImpl(const Options& options) : options_(options), rng_(options.seed) {}

  absl::Status Attach(Endpoint& endpoint, const Transport::Context& context) {
    const std::lock_guard lock(mutex_);
    for (const auto& other : endpoints_) {
      if (!other->attached) continue;
      if (other->node == context.self.node) {
        return absl::AlreadyExistsError("node " + std::to_string(context.self.node.value()) +
                                        " is attached to this network already");
      }
      if (other->cluster != context.self.cluster) {
        return absl::InvalidArgumentError("this network belongs to cluster " +
                                          std::to_string(other->cluster.value()));
      }
    }
    endpoint.attached = true;
    endpoint.node = context.self.node;
    endpoint.cluster = context.self.cluster;
    endpoint.loop = context.loop;
    endpoint.receiver = context.receiver;
    for (const auto& other : endpoints_) {
      if (!other->attached || other.get() == &endpoint || AreApart(endpoint, *other)) continue;
      Announce(endpoint, *other);
    }
    return absl::OkStatus();
  }

  void Detach(Endpoint& endpoint) {
    const std::lock_guard lock(mutex_);
    endpoint.attached = false;
    endpoint.loop = nullptr;
    endpoint.receiver = nullptr;
    endpoint.queues = {};
    endpoint.connected.clear();
  }

  Endpoint* NewEndpoint() {
    const std::lock_guard lock(mutex_);
    return endpoints_.emplace_back(std::make_unique<Endpoint>()).get();
  }

  void Send(Endpoint& from, NodeId to_node, std::span<Message> messages) {
    const std::lock_guard lock(mutex_);
    Count(from.counters.messages_sent, messages.size());
    Endpoint* const to = Find(to_node);
    if (to == nullptr || to == &from) {
      Count(from.counters.dropped_unknown_peer, messages.size());
      return;
    }
    if (IsCut(from.node, to_node)) {
      Count(from.counters.dropped_disconnected, messages.size());
      return;
    }
    for (Message& message : messages) {
      if (rng_.Chance(faults_.drop, 1000)) {
        Count(from.counters.dropped_by_fault);
        continue;
      }
      if (rng_.Chance(faults_.duplicate, 1000)) Enqueue(from, *to, Message(message));
      Enqueue(from, *to, std::move(message));
    }
    PostDelivery(*to);
  }

  bool CanSendBulk(const Endpoint& from, NodeId to_node) {
    const std::lock_guard lock(mutex_);
    Endpoint* const to = Find(to_node);
    return to != nullptr && to != &from && !IsCut(from.node, to_node) &&
           to->queues[static_cast<size_t>(Lane::kBulk)].bytes < options_.max_bulk_queue_bytes;
  }

  void Cut(NodeId from, NodeId to) {
    const std::lock_guard lock(mutex_);
    cuts_.emplace(from, to);
  }

  void Isolate(NodeId node) {
    const std::lock_guard lock(mutex_);
    isolated_.insert(node);
  }

  void Heal() {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < endpoints_.size(); ++i) {
      for (size_t j = i + 1; j < endpoints_.size(); ++j) {
        Endpoint& a = *endpoints_[i];
        Endpoint& b = *endpoints_[j];
        if (a.attached && b.attached && AreApart(a, b)) Announce(a, b);
      }
    }
    cuts_.clear();
    isolated_.clear();
  }

  void SetFaults(Faults faults) {
    const std::lock_guard lock(mutex_);
    faults_ = faults;
  }

 private:
  Endpoint* Find(NodeId node) {
    for (const auto& endpoint : endpoints_) {
      if (endpoint->attached && endpoint->node == node) return endpoint.get();
    }
    return nullptr;
  }

  [[nodiscard]] bool IsCut(NodeId from, NodeId to) const {
    return cuts_.contains({from, to}) || isolated_.contains(from) || isolated_.contains(to);
  }

  [[nodiscard]] bool AreApart(const Endpoint& a, const Endpoint& b) const {
    return IsCut(a.node, b.node) || IsCut(b.node, a.node);
  }

  void Enqueue(Endpoint& from, Endpoint& to, Message message) {
    const Lane lane = LaneOf(message);
    const bool bulk = lane == Lane::kBulk;
    Endpoint::Queue& queue = to.queues[static_cast<size_t>(lane)];
    const size_t limit = bulk ? options_.max_bulk_queue_bytes : options_.max_queue_bytes;
    if (queue.bytes >= limit) {
      Count(bulk ? from.counters.dropped_bulk_queue_full : from.counters.dropped_queue_full);
      return;
    }
    queue.bytes += wire::EncodedSizeBound(message);
    queue.messages.push_back(std::move(message));
    if (rng_.Chance(faults_.reorder, 1000)) {
      const size_t overtaken = rng_.Below(queue.messages.size());
      std::rotate(queue.messages.end() - 1 - static_cast<std::ptrdiff_t>(overtaken),
                  queue.messages.end() - 1, queue.messages.end());
    }
  }

  void Announce(Endpoint& a, Endpoint& b) {
    a.connected.push_back(b.node);
    b.connected.push_back(a.node);
    PostDelivery(a);
    PostDelivery(b);
  }

  // With the mutex held.
  void PostDelivery(Endpoint& endpoint) {
    if (endpoint.delivery_posted) return;
    endpoint.delivery_posted = true;
    endpoint.loop->Post([this, &endpoint] { Deliver(endpoint); });
  }

  // On the loop of the endpoint, which may have been detached since this was posted, and, detached
  // by a callback, in the middle of it.
  void Deliver(Endpoint& endpoint) {
    std::vector<Message> batch;
    std::vector<NodeId> connected;
    {
      const std::lock_guard lock(mutex_);
      endpoint.delivery_posted = false;
      connected.swap(endpoint.connected);
      for (Endpoint::Queue& queue : endpoint.queues) {
        batch.insert(batch.end(), std::make_move_iterator(queue.messages.begin()),
                     std::make_move_iterator(queue.messages.end()));
        queue.messages.clear();
        queue.bytes = 0;
      }
    }
    for (const NodeId peer : connected) {
      if (endpoint.receiver != nullptr) endpoint.receiver->OnPeerConnected(peer);
    }
    if (endpoint.receiver == nullptr || batch.empty()) return;
    Count(endpoint.counters.messages_received, batch.size());
    endpoint.receiver->OnMessages(batch);
  }

  const Options options_;
  std::mutex mutex_;
  Rng rng_;
  Faults faults_;
  std::set<std::pair<NodeId, NodeId>> cuts_;  // From, to.
  std::set<NodeId> isolated_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

namespace {

class LocalTransport final : public Transport {
 public:
  explicit LocalTransport(NetworkImpl& network)
      : network_(network), endpoint_(*network.NewEndpoint()) {}
  ~LocalTransport() override { network_.Detach(endpoint_); }

  absl::Status Start(Context context) override { return network_.Attach(endpoint_, context); }
  // Who is attached is there, under its name alone.
  absl::Status SetPeer(NodeId, const std::string&) override { return absl::OkStatus(); }
  void ForgetPeer(NodeId) override {}
  absl::Status CheckAddress(const std::string&) const override { return absl::OkStatus(); }
  // Queues take whatever comes while there is room.
  size_t MaxMessageBytes() const override { return std::numeric_limits<size_t>::max(); }
  void Send(NodeId to, std::span<Message> messages) override {
    network_.Send(endpoint_, to, messages);
  }
  bool CanSendBulk(NodeId to) const override { return network_.CanSendBulk(endpoint_, to); }
  void Stop() override { network_.Detach(endpoint_); }

  std::vector<std::pair<std::string, uint64_t>> Counters() const override {
    const Endpoint::Counters& c = endpoint_.counters;
    return {{"messages_sent", c.messages_sent},
            {"messages_received", c.messages_received},
            {"dropped_unknown_peer", c.dropped_unknown_peer},
            {"dropped_disconnected", c.dropped_disconnected},
            {"dropped_queue_full", c.dropped_queue_full},
            {"dropped_bulk_queue_full", c.dropped_bulk_queue_full},
            {"dropped_by_fault", c.dropped_by_fault}};
  }

 private:
  NetworkImpl& network_;
  Endpoint& endpoint_;
};

}  // namespace

}  // namespace internal

Network::Network(Options options) : impl_(std::make_unique<internal::NetworkImpl>(options)) {}
Network::~Network() = default;

std::unique_ptr<Transport> Network::Attach() {
  return std::make_unique<internal::LocalTransport>(*impl_);
}
void Network::Cut(NodeId a, NodeId b) {
  impl_->Cut(a, b);
  impl_->Cut(b, a);
}
void Network::CutOneWay(NodeId from, NodeId to) { impl_->Cut(from, to); }
void Network::Isolate(NodeId node) { impl_->Isolate(node); }
void Network::Heal() { impl_->Heal(); }
void Network::SetFaults(Faults faults) { impl_->SetFaults(faults); }

}  // namespace synod::local
