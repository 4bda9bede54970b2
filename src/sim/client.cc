#include "src/sim/client.h"

#include <algorithm>
#include <utility>

#include "synod/node/refusal.h"

#include "src/sim/checked_machine.h"
#include "src/sim/shadow_log.h"

namespace synod::sim {
namespace {

constexpr Duration kRedial = std::chrono::milliseconds(1);

// Why a read was refused; kNone: it does not say, or its code or its words say something else.
Reason ReasonOfRead(const absl::Status& refusal) {
  const Reason reason = ReasonOf(refusal);
  const bool is_late = reason == Reason::kDeadline;
  const bool fits = is_late ? absl::IsDeadlineExceeded(refusal) : absl::IsUnavailable(refusal);
  return fits && std::string(refusal.message()) == Describe(reason) ? reason : Reason::kNone;
}

// Whether a request can have ended so.
bool Explains(Reason reason, Outcome::Kind kind, bool is_write) {
  switch (reason) {
    case Reason::kLeadershipLost:
    case Reason::kDeadline:
    case Reason::kStopped:
      return true;
    case Reason::kNotLeader:
    case Reason::kNoQuorum:
    case Reason::kOverloaded:
      return kind == Outcome::Kind::kNotCommitted;
    case Reason::kTransferring:
    case Reason::kNotReady:
    case Reason::kTooLarge:
    case Reason::kNoSpace:
      return kind == Outcome::Kind::kNotCommitted && is_write;
    default:
      return false;
  }
}

}  // namespace

Clients::Clients(World& world, const Options& options, Workload& workload,
                 std::vector<std::unique_ptr<Node>>& nodes, Judge& judge, Counts& counts)
    : world_(world),
      options_(options),
      workload_(workload),
      nodes_(nodes),
      judge_(judge),
      counts_(counts),
      actor_(world.Add(*this)),
      deadline_(options.request_deadline) {
  for (const auto& node : nodes) addresses_.push_back(node->id());
  for (uint64_t client = 0; client < options.clients; ++client) {
    clients_.emplace_back(world.Dice(Stream::kClients, client));
  }
}

void Clients::Begin() {
  for (uint64_t client = 0; client < clients_.size(); ++client) Next(client);
}

void Clients::Next(uint64_t client) {
  const auto span = static_cast<uint64_t>(2 * options_.think_time.count() + 1);
  world_.Schedule(world_.Now() + Duration(clients_[client].dice.Below(span)), actor_, client);
}

void Clients::OnEvent(uint64_t client) {
  if (!finishing_ && !clients_[client].is_busy) Ask(client);
}

Node* Clients::Target(Client& client) {
  NodeId id = client.target;
  client.target = NodeId();
  if (id.IsZero() || client.dice.Chance(1, 16) ||
      std::find(addresses_.begin(), addresses_.end(), id) == addresses_.end()) {
    id = addresses_[client.dice.Below(addresses_.size())];
  }
  Node* const node = nodes_[id.value() - 1].get();
  return node->IsUp() ? node : nullptr;
}

void Clients::Ask(uint64_t number) {
  Client& client = clients_[number];
  Node* const node = Target(client);
  if (node == nullptr) {  // The connection is refused.
    // Who would ask again at once would keep time from passing.
    world_.Schedule(world_.Now() + std::max(options_.think_time, kRedial), actor_, number);
    return;
  }
  world_.CountEvent();
  const uint64_t request = ++client.number;
  client.is_busy = true;
  client.is_expectant = !leader_.IsZero();
  client.asked = node->id();
  ++busy_;
  client.call = history_.size();
  Call<Request> call;
  call.client = number;
  call.operation = workload_.Next(number, client.dice);
  call.invoked = world_.Now();
  const std::string bytes = call.operation.bytes;
  const bool is_write = call.operation.is_write;
  client.is_stale =
      !is_write && options_.stale_reads > 0 && client.dice.Chance(options_.stale_reads, 10'000);
  history_.push_back(std::move(call));
  Life& life = node->life();
  ++life.requests;
  const Instant deadline = life.Clock() + deadline_;
  if (is_write) {
    node->replica().Submit({.deadline = deadline,
                            .request = synod::internal::PendingProposal{[this, number, request,
                                                                         &life](Outcome outcome) {
                              --life.requests;
                              if (!life.MayAct()) outcome = {.reason = Reason::kStopped};
                              OnOutcome(number, request, outcome);
                            }},
                            .command = Payload::Copy(bytes),
                            .target = {}});
  } else {
    const Judge::AskedRead asked =
        client.is_stale ? Judge::AskedRead{} : judge_.OnReadAsked(node->id());
    node->replica().Submit(
        {.deadline = deadline,
         .request =
             synod::internal::PendingRead{
                 [this, number, request, asked, &life](absl::StatusOr<std::string> answer) {
                   --life.requests;
                   if (answer.ok()) judge_.OnReadAnswered(NodeId(life.node()), asked);
                   if (clients_[number].is_stale && answer.ok()) {
                     OnStaleState(NodeId(life.node()), life.number(), DecodeIndex(*answer));
                   }
                   if (!life.MayAct()) {
                     answer = WithRefusal(
                         absl::UnavailableError(std::string(Describe(Reason::kStopped))),
                         {.reason = Reason::kStopped, .leader = {}});
                   }
                   OnAnswer(number, request, std::move(answer));
                 },
                 bytes, client.is_stale ? Consistency::kStale : Consistency::kLinearizable},
         .command = {},
         .target = {}});
  }
}

bool Clients::Awaits(uint64_t number, uint64_t request) {
  if (number >= clients_.size()) return false;
  if (clients_[number].is_busy && clients_[number].number == request) return true;
  judge_.Fail("every request ends once", "request " + std::to_string(request) + " of client " +
                                             std::to_string(number) + " has ended before");
  return false;
}

void Clients::OnOutcome(uint64_t number, uint64_t request, const Outcome& outcome) {
  if (!Awaits(number, request)) return;
  Client& client = clients_[number];
  client.target = outcome.leader;
  if (outcome.reason == Reason::kNoSpace) ++counts_.refused_for_space;
  if (outcome.reason == Reason::kOverloaded) ++counts_.refused_for_overload;
  switch (outcome.kind) {
    case Outcome::Kind::kCommitted:
      ++counts_.writes_answered;
      world_.Note(Story::What::kAnswered, NodeId(), 0, outcome.index.value());
      return Answered(number, outcome.index, outcome.result);
    case Outcome::Kind::kNotCommitted:
      CheckRefusal(number, outcome.kind, outcome.reason);
      refused_.push_back(history_[client.call].operation.bytes);
      return Refused(number);
    case Outcome::Kind::kUnknown:
      CheckRefusal(number, outcome.kind, outcome.reason);
      return Unknown(number);
  }
}

void Clients::OnAnswer(uint64_t number, uint64_t request, absl::StatusOr<std::string> answer) {
  if (!Awaits(number, request)) return;
  if (!answer.ok()) {
    if (answer.status().GetPayload(kOwnRefusal)) {
      NoteAnswer(clients_[number]);
    } else {
      CheckRefusal(number, Outcome::Kind::kNotCommitted, ReasonOfRead(answer.status()));
    }
    return Refused(number);
  }
  ++(clients_[number].is_stale ? counts_.stale_reads_answered : counts_.reads_answered);
  Answered(number, DecodeIndex(*answer), answer->substr(kIndexBytes));
}

void Clients::ExpectAnswers(NodeId leader, const std::vector<NodeId>& members) {
  leader_ = leader;
  addresses_ = members;
}

bool Clients::AreServed() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const Client& client) { return client.IsServed(); });
}

std::string Clients::Unserved() const {
  std::string lines;
  for (size_t number = 0; number < clients_.size(); ++number) {
    const Client& client = clients_[number];
    if (client.IsServed()) continue;
    lines += "\n  client " + std::to_string(number) + " was answered " +
             std::to_string(client.reads.answered) + " of " + std::to_string(client.reads.ended) +
             " reads, and " + std::to_string(client.writes.answered) + " of " +
             std::to_string(client.writes.ended) + " writes" +
             (client.is_busy ? ", and waits" : "");
  }
  return lines;
}

Clients::Served& Clients::ServedOf(Client& client) {
  return history_[client.call].operation.is_write ? client.writes : client.reads;
}

void Clients::NoteAnswer(Client& client) {
  if (!client.is_expectant || client.is_stale) return;
  ++ServedOf(client).ended;
  ++ServedOf(client).answered;
}

void Clients::CheckRefusal(uint64_t number, Outcome::Kind kind, Reason reason) {
  Client& client = clients_[number];
  world_.Mix(static_cast<uint64_t>(reason));
  const bool is_write = history_[client.call].operation.is_write;
  if (!Explains(reason, kind, is_write)) {
    judge_.Fail("who is refused is told why", "client " + std::to_string(number) +
                                                  " is told of a " + (is_write ? "write" : "read") +
                                                  ": " + std::string(Describe(reason)));
  }
  if (!client.is_expectant) return;
  if (reason != Reason::kTooLarge && !client.is_stale) ++ServedOf(client).ended;
  const bool may_ask_again = reason == Reason::kOverloaded || reason == Reason::kNotReady;
  if (may_ask_again || reason == Reason::kTooLarge) return;
  if (is_write && reason == Reason::kNotLeader && client.asked != leader_) return;
  judge_.Fail("liveness", "client " + std::to_string(number) + " has asked node " +
                              std::to_string(client.asked.value()) + " for a " +
                              (is_write ? "write" : "read") + " in vain, though node " +
                              std::to_string(leader_.value()) +
                              " leads: " + std::string(Describe(reason)));
}

void Clients::OnStaleState(NodeId node, uint64_t life, Index index) {
  Index& shown = shown_[{node, life}];
  if (index <= judge_.committed() && index >= shown) {
    shown = index;
    return;
  }
  judge_.Fail("stale reads", "node " + std::to_string(node.value()) + " shows its state at " +
                                 std::to_string(index.value()) + ", after that at " +
                                 std::to_string(shown.value()) + ", and committed is " +
                                 std::to_string(judge_.committed().value()));
}

void Clients::Answered(uint64_t number, Index index, std::string answer) {
  Client& client = clients_[number];
  NoteAnswer(client);
  Call<Request>& call = history_[client.call];
  world_.Mix(Mixed(HashOf(answer), index.value()));
  call.operation.answer = std::move(answer);
  call.index = index;
  call.returned = world_.Now();
  if (client.is_stale) {
    stale_reads_.push_back(call);
    call.client = kNobody;  // What it saw may be old, and has no place in an order.
  }
  client.is_busy = false;
  --busy_;
  Next(number);
}

void Clients::Unknown(uint64_t number) {
  ++counts_.unknown_outcomes;
  world_.Note(Story::What::kUnknown, NodeId());
  clients_[number].is_busy = false;
  --busy_;
  Next(number);
}

void Clients::Refused(uint64_t number) {
  ++counts_.refused;
  Client& client = clients_[number];
  // It has no place in the history: marked, and taken out at the end.
  history_[client.call].client = kNobody;
  client.is_busy = false;
  --busy_;
  Next(number);
}

History<Request> Clients::TakeHistory() {
  std::erase_if(history_, [](const Call<Request>& call) { return call.client == kNobody; });
  return std::move(history_);
}

}  // namespace synod::sim
