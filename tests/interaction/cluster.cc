#include "tests/interaction/cluster.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/interaction/describe.h"

namespace synod::test {

namespace {

const Instant kStart{std::chrono::seconds(100)};

}  // namespace

Cluster::Cluster(size_t voters, const EngineOptions& options) {
  std::vector<NodeId> members;
  for (uint64_t n = 1; n <= voters; ++n) members.emplace_back(n);
  for (NodeId node : members) {
    Node& added = nodes_[node];
    added.now = kStart;
    added.replica = std::make_unique<TestReplica>(
        options,
        TestReplica::Identity{.node = node,
                              .incarnation = Incarnation(100 * node.value() + 1),
                              .members = Configuration::Of(members)},
        SeedOf(node), added.now);
    added.role = DescribeRole(added.replica->core());
  }
}

std::vector<NodeId> Cluster::Nodes() const {
  std::vector<NodeId> all;
  for (const auto& [node, state] : nodes_) all.push_back(node);
  return all;
}

uint64_t Cluster::SeedOf(NodeId node) const { return 1000 * node.value() + nodes_.at(node).lives; }

void Cluster::SayOf(NodeId node, const std::string& what) {
  Say("  " + std::to_string(node.value()) + " " + what);
}

std::vector<std::string> Cluster::TakeAccount() {
  std::vector<std::string> account;
  for (size_t i = 0; i < account_.size();) {
    size_t next = i + 1;
    while (next < account_.size() && account_[next] == account_[i]) ++next;
    account.push_back(account_[i] +
                      (next - i > 1 ? " (" + std::to_string(next - i) + " times)" : ""));
    i = next;
  }
  account_.clear();
  return account;
}

// --- Requests ---

void Cluster::Propose(NodeId node, const std::vector<std::string>& commands) {
  for (const std::string& command : commands) {
    nodes_.at(node).replica->Propose(++last_request_, command);
  }
  Settle(node);
}

void Cluster::Read(NodeId node) {
  nodes_.at(node).replica->core().Read(++last_request_);
  Settle(node);
}

void Cluster::Transfer(NodeId from, NodeId to) {
  nodes_.at(from).replica->core().Transfer(to, ++last_request_);
  Settle(from);
}

// --- Time ---

void Cluster::Tick(NodeId node, Duration duration) {
  Node& state = nodes_.at(node);
  const Instant until = state.now + duration;
  while (state.now < until) {
    state.now = std::clamp(state.replica->next_deadline(), state.now + Duration(1), until);
    state.replica->core().Tick(state.now);
    Settle(node);
  }
}

void Cluster::RunOutTimer(NodeId node) {
  const Engine& core = nodes_.at(node).replica->core();
  const uint64_t before = core.counters().elections_started;
  // Whatever else falls due on the way happens too. No timer is longer than twice the timeout.
  const Instant until = nodes_.at(node).now + 2 * EngineOptions().election_timeout;
  while (core.counters().elections_started == before && nodes_.at(node).now < until) {
    const Node& state = nodes_.at(node);
    Tick(node, std::max(std::min(state.replica->next_deadline(), until) - state.now, Duration(1)));
  }
}

// --- Network ---

Cluster::Link Cluster::LinkOf(const Parcel& parcel) {
  return std::visit([](const auto& p) { return Link(p.from, p.to); }, parcel);
}

std::string Cluster::TextOf(const Parcel& parcel) {
  if (const auto* message = std::get_if<Message>(&parcel)) return Describe(*message);
  const auto& transfer = std::get<SnapshotTransfer>(parcel);
  return std::to_string(transfer.from.value()) + "->" + std::to_string(transfer.to.value()) + " t" +
         std::to_string(transfer.term.value()) + " snapshot at " +
         Describe(transfer.meta.index, transfer.meta.term);
}

void Cluster::Deliver(const std::function<bool(Link)>& selects) {
  std::list<Parcel> wave;
  for (auto parcel = in_flight_.begin(); parcel != in_flight_.end();) {
    const auto next = std::next(parcel);
    if (selects(LinkOf(*parcel))) wave.splice(wave.end(), in_flight_, parcel);
    parcel = next;
  }
  for (Parcel& parcel : wave) DeliverOne(std::move(parcel));
}

void Cluster::DeliverOne(Parcel parcel) {
  const auto [from, to] = LinkOf(parcel);
  if (!IsUp(to)) {
    if (!quiet_) Say(TextOf(parcel) + " (lost: " + std::to_string(to.value()) + " is down)");
    return;
  }
  if (!quiet_) Say(TextOf(parcel));
  TestReplica& receiver = *nodes_.at(to).replica;
  if (auto* message = std::get_if<Message>(&parcel)) {
    receiver.core().Step(std::move(*message));
    Settle(to);
    return;
  }
  const auto& transfer = std::get<SnapshotTransfer>(parcel);
  receiver.ReceiveSnapshot(transfer);
  Settle(to);
  if (IsUp(from)) {
    nodes_.at(from).replica->core().SnapshotSendEnded(to, transfer.term, /*delivered=*/true);
    Settle(from);
  }
}

void Cluster::Drop(const std::function<bool(Link)>& selects) {
  for (auto parcel = in_flight_.begin(); parcel != in_flight_.end();) {
    if (!selects(LinkOf(*parcel))) {
      ++parcel;
      continue;
    }
    if (!quiet_) Say(TextOf(*parcel) + " (dropped)");
    parcel = in_flight_.erase(parcel);
  }
}

std::list<Cluster::Parcel> Cluster::CopiesOf(const std::function<bool(Link)>& selects) const {
  std::list<Parcel> copies;
  for (const Parcel& parcel : in_flight_) {
    if (selects(LinkOf(parcel))) copies.push_back(parcel);
  }
  return copies;
}

void Cluster::Duplicate(const std::function<bool(Link)>& selects) {
  in_flight_.splice(in_flight_.end(), CopiesOf(selects));
}

void Cluster::Keep(const std::function<bool(Link)>& selects) {
  kept_.splice(kept_.end(), CopiesOf(selects));
}

void Cluster::ReverseOrder() { in_flight_.reverse(); }

void Cluster::ListInFlight() {
  for (const Parcel& parcel : in_flight_) Say(TextOf(parcel));
  for (const auto& [node, state] : nodes_) {
    if (!state.replica->IsUp()) continue;
    for (const Outgoing& outgoing : state.replica->waiting()) {
      Say(Describe(outgoing.message) + " (waits for write " +
          std::to_string(outgoing.after.value()) + ")");
    }
  }
}

// --- Disks ---

void Cluster::Release(NodeId node) {
  nodes_.at(node).held = false;
  Settle(node);
}

void Cluster::CompleteOneWrite(NodeId node) {
  if (nodes_.at(node).replica->CompleteWrite()) Settle(node);
}

void Cluster::SetHasSpace(NodeId node, bool has_space) {
  nodes_.at(node).replica->core().SetHasSpace(has_space);
  Settle(node);
}

void Cluster::TakeSnapshot(NodeId node) {
  nodes_.at(node).replica->TakeSnapshot();
  Settle(node);
}

// --- Life and death ---

void Cluster::Crash(NodeId node, size_t survivors) {
  nodes_.at(node).replica->Crash(survivors);
  nodes_.at(node).role.clear();
}

void Cluster::Restart(NodeId node) {
  Node& state = nodes_.at(node);
  ++state.lives;
  state.replica->Restart(SeedOf(node), state.now);
  Settle(node);
}

void Cluster::Wipe(NodeId node) {
  Node& state = nodes_.at(node);
  state.replica->Wipe(Incarnation(100 * node.value() + state.lives + 2));
}

// --- What comes of it ---

void Cluster::Settle(NodeId node) {
  Node& state = nodes_.at(node);
  TestReplica& replica = *state.replica;
  do {
    replica.Pump();
    AccountFor(node);
    Post(node);
    while (!state.held && replica.CompleteWrite()) {
    }
  } while (replica.core().HasOutput());
}

void Cluster::AccountFor(NodeId node) {
  Node& state = nodes_.at(node);
  TestReplica& replica = *state.replica;
  if (std::string role = DescribeRole(replica.core()); role != state.role) {
    state.role = std::move(role);
    SayOf(node, "is " + state.role);
  }
  if (const Persist& persist = replica.last_persist(); !persist.token.IsZero() && !quiet_) {
    SayOf(node, "write " + std::to_string(persist.token.value()) + ": " + Describe(persist) +
                    (state.held ? " (held)" : ""));
  }
  for (const Committed& committed : replica.committed) {
    const std::string request =
        committed.request.IsZero() ? ""
                                   : " (request " + std::to_string(committed.request.value()) + ")";
    SayOf(node, "commits " + Describe(committed.entry) + request);
  }
  for (const ReadReady& read : replica.reads) {
    SayOf(node, "serves request " + std::to_string(read.request.value()) + " at " +
                    std::to_string(read.index.value()));
  }
  for (const Resolved& resolved : replica.resolved) SayOf(node, Describe(resolved));
  for (const Alert& alert : replica.alerts) SayOf(node, "alert: " + Describe(alert));
  replica.committed.clear();
  replica.reads.clear();
  replica.resolved.clear();
  replica.alerts.clear();
}

void Cluster::Post(NodeId node) {
  TestReplica& replica = *nodes_.at(node).replica;
  for (Message& message : replica.sent) {
    if (!cut_.contains({message.from, message.to})) in_flight_.emplace_back(std::move(message));
  }
  replica.sent.clear();
  for (const SendSnapshot& request : replica.snapshot_requests) {
    const std::optional<SnapshotTransfer> transfer = replica.OpenSnapshot(request);
    if (transfer && !cut_.contains({transfer->from, transfer->to})) {
      in_flight_.emplace_back(*transfer);
    } else {
      replica.core().SnapshotSendEnded(request.to, request.term, /*delivered=*/false);
    }
  }
  replica.snapshot_requests.clear();
}

}  // namespace synod::test
