#include "tests/scenarios/script.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>

#include "gtest/gtest.h"
#include "src/sim/checked_machine.h"
#include "tests/scenarios/journal.h"

#if defined(SYNOD_SCENARIOS_ROCKSDB)
#include "tests/sim/rocksdb_factory.h"
#endif

namespace synod::sim {
namespace {

// As ctest asks for it.
std::unique_ptr<StoreFactory> NewStores() {
  const char* const store = std::getenv("SYNOD_SCENARIO_STORE");
#if defined(SYNOD_SCENARIOS_ROCKSDB)
  if (store != nullptr && std::string_view(store) == "rocksdb") return NewRocksdbFactory();
#endif
  EXPECT_EQ(store, nullptr) << store << " is not in this build";
  return NewWalFactory();
}

// Of simulated time: what takes longer does not come any more.
constexpr Duration kPatience = std::chrono::seconds(60);
constexpr Duration kForEver = std::chrono::hours(10'000);
constexpr Duration kDeadline = std::chrono::seconds(20);  // Of a client.

Options OptionsOf(Protocol protocol, const Setup& setup) {
  Options options;
  options.protocol = protocol;
  options.seed = setup.seed;
  options.nodes = setup.nodes;
  options.spares = setup.spares;
  options.alpha = setup.alpha;
  options.engine = setup.engine;
  options.snapshot_after_entries = setup.snapshot_after_entries;
  options.segment_bytes = setup.segment_bytes;
  options.apply_on_own_thread = setup.apply_on_own_thread;
  options.network.keeps_order = true;
  return options;
}

}  // namespace

Script::Script(Protocol protocol, const Setup& setup)
    : workload_(NewJournalWorkload()),
      stores_(NewStores()),
      cluster_(OptionsOf(protocol, setup), *workload_, *stores_) {
  for (NodeId node : setup.without_pre_vote) At(node).engine_options().pre_vote = false;
  cluster_.network().on_send = [this](Message& message) { return OnSend(message); };
  cluster_.Start();
  RunUntil([this] {
    return std::all_of(cluster_.nodes().begin(), cluster_.nodes().end(),
                       [](const auto& node) { return node->replica().core().introduced(); });
  });
}

Script::~Script() {
  EXPECT_TRUE(is_over_) << "a script ends with HealAndConverge";
  cluster_.End();
}

std::vector<NodeId> Script::Nodes() const {
  std::vector<NodeId> nodes;
  for (uint64_t i = 1; i <= cluster_.options().AllNodes(); ++i) nodes.push_back(i);
  return nodes;
}

// --- Time ---

bool Script::Within(Duration time, const std::function<bool()>& done) {
  const Instant end = cluster_.world().Now() + time;
  bool is_done = done();
  while (!is_done && cluster_.world().Now() < end && cluster_.Step()) is_done = done();
  Judge();
  return is_done;
}

void Script::RunFor(Duration time) {
  (void)Within(time, [] { return false; });
}

void Script::RunUntil(const std::function<bool()>& done) {
  EXPECT_TRUE(Within(kPatience, done)) << "waited in vain:" << cluster_.Picture();
}

void Script::Judge() {
  const auto& violation = cluster_.judge().violation();
  if (!violation || std::exchange(is_over_, true)) return;
  ADD_FAILURE() << violation->rule << ": " << violation->what << cluster_.Picture();
}

// --- Leaders ---

void Script::Leap(NodeId node, Duration by) {
  if (!IsUp(node)) return;
  At(node).clock().Leap(cluster_.world().Now(), by);
  At(node).host().loop().Post([] {});
}

void Script::TimeOut(NodeId node) { Leap(node, 2 * cluster_.options().engine.election_timeout); }

bool Script::CanReach(NodeId from, NodeId to) {
  return IsUp(from) && IsUp(to) && !cluster_.network().IsCut(from, to) &&
         !cluster_.network().IsCut(to, from);
}

void Script::Campaign(NodeId node) {
  for (NodeId other : Nodes()) {
    if (other != node && CanReach(node, other) && !Leads(other)) {
      Leap(other, cluster_.options().engine.election_timeout);
    }
  }
  TimeOut(node);
}

void Script::Elect(NodeId node) {
  const auto is_others = [node](const Message& message) { return message.from != node; };
  NetworkRule& pre_votes = Hold(Every<PreVoteRequest>().Where(is_others));
  NetworkRule& votes = Hold(VoteRequests().Where(is_others));
  for (int attempt = 0; attempt < 20 && !Leads(node); ++attempt) {
    const NodeId leader = Leader();
    if (!leader.IsZero() && CanReach(leader, node)) {
      Transfer(leader, node);
      (void)Within(std::chrono::milliseconds(600), [&] { return Leads(node); });
    } else {
      Campaign(node);
      (void)Within(std::chrono::milliseconds(20), [&] { return Leads(node); });
    }
  }
  pre_votes.is_lifted = votes.is_lifted = true;
  EXPECT_TRUE(Leads(node)) << "not elected:" << cluster_.Picture();
}

bool Script::Leads(NodeId node) { return IsUp(node) && At(node).replica().IsLeader(); }

NodeId Script::Leader() {
  NodeId leader;
  for (NodeId node : Nodes()) {
    // In one round the ballot of the later node is the higher one.
    if (Leads(node) && (leader.IsZero() || Core(node).term() >= Core(leader).term())) leader = node;
  }
  return leader;
}

NodeId Script::AwaitLeaderOtherThan(NodeId old) {
  RunUntil([&] { return !Leader().IsZero() && Leader() != old; });
  return Leader();
}

// --- Clients ---

Asked& Script::Propose(NodeId node, std::string command) {
  Asked& asked = asked_.emplace_back();
  asked.command = std::move(command);
  Life& life = At(node).life();
  At(node).replica().Submit(
      {.deadline = life.Clock() + kDeadline,
       .request = synod::internal::PendingProposal{[&asked, &life](Outcome outcome) {
         ++asked.endings;
         // Of one that is dead nobody hears.
         if (life.MayAct()) asked.outcome = std::move(outcome);
       }},
       .command = Payload::Copy(asked.command),
       .target = {}});
  return asked;
}

Asked& Script::BeginRead(NodeId node) {
  Asked& asked = asked_.emplace_back();
  Life& life = At(node).life();
  At(node).replica().Submit(
      {.deadline = life.Clock() + kDeadline,
       .request = synod::internal::PendingRead{[&asked, &life](absl::StatusOr<std::string> answer) {
                                                 ++asked.endings;
                                                 if (!life.MayAct()) return;
                                                 if (answer.ok())
                                                   answer = answer->substr(kIndexBytes);
                                                 asked.answer = std::move(answer);
                                               },
                                               "", Consistency::kLinearizable},
       .command = {},
       .target = {}});
  return asked;
}

Asked& Script::Transfer(NodeId from, NodeId to) {
  Asked& asked = asked_.emplace_back();
  Life& life = At(from).life();
  At(from).replica().Submit(
      {.deadline = life.Clock() + kDeadline,
       .request = synod::internal::PendingTransfer{[&asked](absl::Status status) {
         ++asked.endings;
         asked.status = std::move(status);
       }},
       .command = {},
       .target = to});
  return asked;
}

Asked& Script::Reconfigure(NodeId node, std::vector<MemberChange> changes) {
  Asked& asked = asked_.emplace_back();
  Life& life = At(node).life();
  At(node).replica().Submit({.deadline = life.Clock() + kDeadline,
                             .request = synod::internal::PendingChange{[&asked](Outcome outcome) {
                               ++asked.endings;
                               asked.outcome = std::move(outcome);
                             }},
                             .command = {},
                             .target = {},
                             .changes = std::move(changes)});
  return asked;
}

Index Script::Write(NodeId node, const std::string& command) {
  const Asked* asked = &Propose(node, command);
  Await(*asked);
  // A leader that has only just been elected may ask for a moment.
  for (int i = 0; i < 100 && asked->IsRefused(Reason::kNotReady); ++i) {
    asked_.pop_back();  // The same command will be committed after all.
    RunFor(std::chrono::milliseconds(1));
    asked = &Propose(node, command);
    Await(*asked);
  }
  EXPECT_TRUE(asked->IsCommitted()) << Describe(asked->outcome.reason) << cluster_.Picture();
  return asked->outcome.index;
}

std::string Script::Read(NodeId node) {
  const Asked& asked = BeginRead(node);
  Await(asked);
  EXPECT_TRUE(asked.answer.ok()) << asked.answer.status() << cluster_.Picture();
  return asked.answer.value_or("");
}

void Script::ChangeMembers(NodeId node, std::vector<MemberChange> changes) {
  const Asked& asked = Reconfigure(node, std::move(changes));
  Await(asked);
  EXPECT_TRUE(asked.IsCommitted()) << Describe(asked.outcome.reason) << cluster_.Picture();
}

// --- The network ---

void Script::Cut(NodeId a, NodeId b) {
  cluster_.network().Cut(a, b);
  cluster_.network().Cut(b, a);
}

void Script::Isolate(NodeId node) {
  for (NodeId other : Nodes()) {
    if (other != node) Cut(node, other);
  }
}

void Script::Split(const std::vector<NodeId>& side, const std::vector<NodeId>& other) {
  for (NodeId one : side) {
    for (NodeId another : other) Cut(one, another);
  }
}

void Script::Join(NodeId a, NodeId b) {
  cluster_.network().Heal(a, b);
  cluster_.network().Heal(b, a);
}

NetworkRule& Script::AddRule(Messages which, std::function<bool(Message&)> apply) {
  return rules_.emplace_back(
      NetworkRule{.which = std::move(which), .apply = std::move(apply), .caught = {}});
}

bool Script::OnSend(Message& message) {
  for (NetworkRule& rule : rules_) {
    if (rule.is_lifted || !rule.which.Include(message)) continue;
    rule.caught.push_back(message);
    if (!rule.apply(message)) return false;
  }
  return true;
}

NetworkRule& Script::Hold(Messages which) {
  return AddRule(std::move(which), [](Message&) { return false; });
}

NetworkRule& Script::Copy(Messages which) {
  return AddRule(std::move(which), [](Message&) { return true; });
}

NetworkRule& Script::Change(Messages which, std::function<void(Message&)> change) {
  return AddRule(std::move(which), [change = std::move(change)](Message& message) {
    change(message);
    return true;
  });
}

NetworkRule& Script::HoldEntriesBehind(Index last, Messages which) {
  const auto is_append = [](const Message& message) { return Appends().Include(message); };
  return Change(which.Where(is_append), [last](Message& message) {
    std::erase_if(EntriesOf(message), [last](const Entry& entry) { return entry.index > last; });
  });
}

NetworkRule& Script::HideCommit(Messages which) {
  return Change(std::move(which), [](Message& message) {
    if (Index* const commit = CommitIn(message)) *commit = Index();
  });
}

void Script::Release(NetworkRule& rule) {
  rule.is_lifted = true;
  Replay(rule);
}

void Script::Replay(const NetworkRule& rule) {
  for (const Message& message : rule.caught) Send(message);
}

// --- Processes and disks ---

void Script::Kill(NodeId node, Lost lost) {
  At(node).SetLoss(lost);
  At(node).CrashAfter(0, kForEver);
  At(node).Sweep();
}

void Script::Crash(NodeId node) { Kill(node, Lost::kNothing); }
void Script::PowerCut(NodeId node) { Kill(node, Lost::kAll); }

void Script::PowerCutAt(NodeId node, uint64_t change) {
  At(node).SetLoss(Lost::kSectors);
  At(node).CutPowerAfter(change, kForEver);
}

void Script::CrashBefore(NodeId node, uint64_t effect) {
  At(node).SetLoss(Lost::kNothing);
  At(node).CrashAfter(effect, kForEver);
}

void Script::Start(NodeId node) {
  if (!IsUp(node)) At(node).Start();
}

void Script::Pause(NodeId node, Duration time) {
  At(node).life().PauseUntil(cluster_.world().Now() + time);
}

void Script::StallDisk(NodeId node) { At(node).StallDiskUntil(Instant() + kForEver); }

void Script::StallLog(NodeId node) { At(node).disk_executor().StallUntil(Instant() + kForEver); }

void Script::ResumeDisk(NodeId node) {
  if (IsUp(node)) At(node).StallDiskUntil(cluster_.world().Now());
}

void Script::FillDisk(NodeId node, uint64_t left) {
  FaultyDisk& disk = At(node).disk();
  disk.SetCapacity(disk.UsedBytes() + left);
}

void Script::FreeDisk(NodeId node) {
  At(node).disk().SetCapacity(std::numeric_limits<uint64_t>::max());
}

void Script::HealAndConverge() {
  if (is_over_) return;  // A rule was broken.
  for (NetworkRule& rule : rules_) rule.is_lifted = true;
  Heal();
  for (NodeId node : Nodes()) {
    FreeDisk(node);
    ResumeDisk(node);
    if (IsUp(node)) At(node).Calm(std::chrono::milliseconds(1));
    if (!IsUp(node) && !At(node).IsRefused()) Start(node);
  }
  const auto members_are_equal = [this] {
    const Configuration& members = Core(Leader()).configuration();
    std::vector<NodeId> healthy = members.Members();
    std::erase_if(healthy, [&](NodeId node) {
      return At(node).IsCorrupt() || !cluster_.judge().IsOnKnownDisk(node, members);
    });
    return AreEqual(healthy);
  };
  RunUntil([&] {
    return !Leader().IsZero() && members_are_equal() &&
           std::all_of(asked_.begin(), asked_.end(), [](const Asked& a) { return a.HasEnded(); });
  });
  if (is_over_) return;
  Write(Leader(), "last");
  RunUntil([&] { return !Leader().IsZero() && members_are_equal(); });
  for (const Asked& asked : asked_) {
    EXPECT_EQ(asked.endings, 1) << "of a request, such as \"" << asked.command << '"';
    if (asked.IsCommitted() && !asked.command.empty()) {
      EXPECT_LE(asked.outcome.index, cluster_.judge().committed());
      EXPECT_EQ(cluster_.judge().CommandAt(asked.outcome.index), asked.command);
    } else if (!asked.command.empty() && asked.outcome.kind == Outcome::Kind::kNotCommitted) {
      EXPECT_FALSE(IsCommitted(asked.command)) << asked.command << " was refused";
    }
  }
  is_over_ = true;
}

// --- What is so ---

Index Script::MatchOf(NodeId leader, NodeId peer) {
  for (const Progress& progress : Core(leader).progress()) {
    if (progress.node == peer) return progress.match;
  }
  return Index();
}

bool Script::IsFollowed() {
  const NodeId leader = Leader();
  if (leader.IsZero()) return true;
  const std::span<const Progress> peers = Core(leader).progress();
  return std::all_of(peers.begin(), peers.end(), [&](const Progress& peer) {
    return peer.state == Progress::State::kReplicate && peer.match == Core(leader).extent().last;
  });
}

const MultiPaxos& Script::Paxos(NodeId node) {
  EXPECT_EQ(Core(node).protocol(), Protocol::kMultiPaxos);
  return static_cast<const MultiPaxos&>(Core(node));
}

Term Script::TermAt(NodeId node, Index index) {
  if (Core(node).protocol() == Protocol::kMultiPaxos) {
    const Slot* const slot = Paxos(node).slots().Find(index);
    return slot == nullptr ? Term() : slot->entry.term;
  }
  const LogExtent log = Core(node).extent();
  return log.first <= index && index <= log.last ? Core(node).EntryAt(index).term : Term();
}

bool Script::IsCommitted(std::string_view command) {
  for (Index index(1); index <= cluster_.judge().committed(); ++index) {
    if (cluster_.judge().CommandAt(index) == command) return true;
  }
  return false;
}

}  // namespace synod::sim
