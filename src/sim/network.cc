#include "src/sim/network.h"

#include <algorithm>
#include <string_view>

#include "synod/port/wire.h"

#include "src/sim/shadow_log.h"

namespace synod::sim {
namespace {

std::string Encode(const Message& message) {
  wire::OutgoingFrame frame;
  frame.Add(message);
  frame.Seal();
  std::vector<std::string_view> pieces;
  frame.AppendPieces(0, pieces);
  std::string bytes;
  for (std::string_view piece : pieces) bytes += piece;
  return bytes;
}

absl::Status Decode(std::string_view bytes, NodeId from, NodeId to, std::vector<Message>& out) {
  if (bytes.size() < wire::kHeaderBytes) return absl::DataLossError("short");
  const auto header = wire::ParseHeader(bytes.substr(0, wire::kHeaderBytes), wire::kMaxBodyBytes);
  if (!header.ok()) return header.status();
  if (header->body_bytes != bytes.size() - wire::kHeaderBytes) return absl::DataLossError("size");
  if (absl::Status status = wire::VerifyChecksum(bytes); !status.ok()) return status;
  return wire::DecodeMessages(bytes.substr(wire::kHeaderBytes), nullptr, from, to, out);
}

constexpr size_t kOldMessages = 32;
constexpr uint64_t kHalf = 5000;  // As a chance.

}  // namespace

class Network::Port final : public Transport {
 public:
  Port(Network& network, Life& life, Loop& loop) : network_(network), life_(life), loop_(loop) {}
  ~Port() override { Detach(); }

  absl::Status Start(Context context) override {
    node_ = context.self.node;
    loop_.SetReceiver(context.receiver);
    network_.ports_[node_] = this;
    return absl::OkStatus();
  }
  absl::Status SetPeer(NodeId, const std::string&) override { return absl::OkStatus(); }
  void ForgetPeer(NodeId) override {}
  absl::Status CheckAddress(const std::string&) const override { return absl::OkStatus(); }
  size_t MaxMessageBytes() const override { return size_t{16} << 20; }
  void Send(NodeId, std::span<Message> messages) override {
    for (Message& message : messages) {
      if (!life_.MayAct()) return;
      network_.judge_.OnSend(message);
      network_.Send(std::move(message));
    }
  }
  bool CanSendBulk(NodeId to) const override {
    const auto link = network_.links_.find({node_, to});
    return link == network_.links_.end() || link->second.in_flight < network_.options_.capacity;
  }
  void Stop() override {
    Detach();
    loop_.SetReceiver(nullptr);
  }
  std::vector<std::pair<std::string, uint64_t>> Counters() const override { return {}; }

  void Deliver(Message message) { loop_.Deliver(std::move(message)); }

 private:
  void Detach() {
    const auto found = network_.ports_.find(node_);
    if (found != network_.ports_.end() && found->second == this) network_.ports_.erase(found);
  }

  Network& network_;
  Life& life_;
  Loop& loop_;
  NodeId node_;
};

Network::Network(World& world, const NetworkOptions& options, Judge& judge, Counts& counts)
    : world_(world), options_(options), judge_(judge), counts_(counts), actor_(world.Add(*this)) {}

std::unique_ptr<Transport> Network::NewTransport(Life& life, Loop& loop) {
  return std::make_unique<Port>(*this, life, loop);
}

void Network::Calm(Duration delay) {
  Heal();
  options_ = NetworkOptions{.delay = std::min(options_.delay, delay),
                            .keeps_order = true,
                            .capacity = std::max(options_.capacity, NetworkOptions().capacity)};
  for (auto& [ends, link] : links_) {
    link.options = options_;
    link.old.clear();
  }
}

NetworkOptions Network::Spread(const NetworkOptions& of_all, Rng& dice) {
  NetworkOptions own = of_all;
  if (own.spread == 0) return own;
  const auto spread = [&](auto value) {
    const uint64_t doublings = dice.Below(2 * own.spread + 1);
    return value * (1 << doublings) / (1 << own.spread);
  };
  own.delay = spread(own.delay);
  for (uint32_t NetworkOptions::*chance :
       {&NetworkOptions::lose, &NetworkOptions::repeat, &NetworkOptions::replay,
        &NetworkOptions::late, &NetworkOptions::garble}) {
    // A link that lets nothing through is a cut one: no node votes before it has heard all others.
    const uint64_t most = std::max<uint64_t>(own.*chance, kHalf);
    own.*chance = static_cast<uint32_t>(std::min(most, spread(uint64_t{own.*chance})));
  }
  return own;
}

Instant Network::LastArrival() const {
  Instant last;
  for (const auto& [ends, link] : links_) last = std::max(last, link.last_arrival);
  return last;
}

void Network::Inject(Message message) {
  Link& link = LinkOf(message.from, message.to);
  Dispatch(link, std::move(message));
}

Network::Link& Network::LinkOf(NodeId from, NodeId to) {
  const auto found = links_.find({from, to});
  if (found != links_.end()) return found->second;
  // Ids of nodes are small: each link has a number of its own.
  const Rng dice = world_.Dice(Stream::kNetwork, (from.value() << 32) + to.value());
  return links_.emplace(std::pair(from, to), Link(options_, dice)).first->second;
}

void Network::Send(Message message) {
  if (on_send && !on_send(message)) return;
  Link& link = LinkOf(message.from, message.to);
  if (IsFull(link)) return;
  if (Draw(link, link.options.lose)) {
    ++counts_.messages_lost;
    return;
  }
  if (link.options.replay > 0) {
    Keep(link, message);
    if (Draw(link, link.options.replay)) Replay(link, message.term);
  }
  if (Draw(link, link.options.repeat)) {
    ++counts_.messages_repeated;
    Dispatch(link, message);
  }
  Dispatch(link, std::move(message));
}

// Half of the places hold messages of just now; the others any of all that were ever sent
// (reservoir sampling, Vitter 1985), so that those of former terms and lives come back too.
void Network::Keep(Link& link, const Message& message) {
  ++link.kept;
  if (link.old.size() < kOldMessages) {
    link.old.push_back(message);
    return;
  }
  const uint64_t place = link.dice.Below(kOldMessages);
  const bool is_new = place < kOldMessages / 2;
  if (is_new || link.dice.Chance(kOldMessages, link.kept)) link.old[place] = message;
}

void Network::Replay(Link& link, Term now) {
  const Message& old = link.old[link.dice.Below(link.old.size())];
  ++counts_.messages_replayed;
  if (old.term < now) ++counts_.messages_replayed_of_old_terms;
  Dispatch(link, old);
}

bool Network::IsFull(const Link& link) {
  if (link.in_flight < options_.capacity) return false;
  ++counts_.messages_refused;
  return true;
}

void Network::Dispatch(Link& link, Message message) {
  if (IsFull(link)) return;
  if (Draw(link, link.options.check_wire)) CheckWire(message);
  Duration delay = UpTo(link.dice, 2 * link.options.delay);
  if (Draw(link, link.options.late)) delay += UpTo(link.dice, 2 * link.options.lateness);
  Instant arrival = world_.Now() + delay;
  if (options_.keeps_order) arrival = std::max(arrival, link.last_arrival);
  link.last_arrival = std::max(arrival, link.last_arrival);
  std::string garbled;
  if (Draw(link, link.options.garble)) garbled = Garble(link.dice, message);
  size_t slot = flights_.size();
  if (free_.empty()) {
    flights_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  flights_[slot] = {.message = std::move(message), .garbled = std::move(garbled)};
  ++link.in_flight;
  ++counts_.messages_sent;
  world_.Schedule(arrival, actor_, slot);
}

std::string Network::Garble(Rng& dice, const Message& message) {
  std::string bytes = Encode(message);
  const uint64_t flips = 1 + dice.Below(3);
  for (uint64_t i = 0; i < flips; ++i) {
    const uint64_t bit = dice.Below(bytes.size() * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
  return bytes == Encode(message) ? "" : bytes;
}

void Network::CheckWire(const Message& message) {
  std::vector<Message> decoded;
  const absl::Status status = Decode(Encode(message), message.from, message.to, decoded);
  if (!status.ok() || decoded.size() != 1 || decoded.front() != message) {
    judge_.Fail("wire", "a message does not survive its own encoding: " + status.ToString());
  }
}

// So that runs which differ only in what messages say have different hashes.
void Network::MixContent(const Message& message) {
  frame_.Clear();
  frame_.Add(message);
  frame_.Seal();
  pieces_.clear();
  frame_.AppendPieces(0, pieces_);
  for (std::string_view piece : pieces_) world_.Mix(HashOf(piece));
}

void Network::OnEvent(uint64_t slot) {
  Flight flight = std::move(flights_[slot]);
  free_.push_back(slot);
  const NodeId from = flight.message.from;
  const NodeId to = flight.message.to;
  --LinkOf(from, to).in_flight;
  if (cut_.contains({from, to})) {
    ++counts_.messages_cut;
    return;
  }
  const auto port = ports_.find(to);
  if (port == ports_.end()) return;
  world_.CountEvent();
  if (!flight.garbled.empty()) {
    ++counts_.messages_garbled;
    std::vector<Message> decoded;
    if (Decode(flight.garbled, from, to, decoded).ok()) {
      judge_.Fail("wire", "a message with flipped bits was taken");
    }
    return;
  }
  ++counts_.messages_delivered;
  MixContent(flight.message);
  port->second->Deliver(std::move(flight.message));
}

}  // namespace synod::sim
