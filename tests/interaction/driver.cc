#include "tests/interaction/driver.h"

#include <charconv>
#include <set>
#include <sstream>
#include <utility>

#include "tests/interaction/describe.h"

namespace synod::test {

namespace {

constexpr std::string_view kSeparator = "----";

std::optional<uint64_t> NumberOf(std::string_view word) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

// "150ms" or "2s".
std::optional<Duration> DurationOf(std::string_view word) {
  const bool milliseconds = word.ends_with("ms");
  if (!milliseconds && !word.ends_with("s")) return std::nullopt;
  const auto number = NumberOf(word.substr(0, word.size() - (milliseconds ? 2 : 1)));
  if (!number) return std::nullopt;
  const std::chrono::milliseconds duration(*number * (milliseconds ? 1 : 1000));
  return duration;
}

// "pre_vote=off" and the like.
bool SetOption(EngineOptions& options, const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos) return false;
  const std::string name = word.substr(0, equals);
  const std::string value = word.substr(equals + 1);
  if (name == "pre_vote" || name == "check_quorum") {
    (name == "pre_vote" ? options.pre_vote : options.check_quorum) = value == "on";
    return value == "on" || value == "off";
  }
  const auto number = NumberOf(value);
  if (!number) return false;
  if (name == "trailing_entries") {
    options.trailing_entries = *number;
  } else if (name == "max_append_bytes") {
    options.max_append_bytes = *number;
  } else if (name == "max_inflight_appends") {
    options.max_inflight_appends = *number;
  } else {
    return false;
  }
  return options.Validate().ok();
}

}  // namespace

std::string TranscriptDriver::Replay(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::string out;
  std::string line;
  while (std::getline(in, line)) {
    out += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    const std::vector<std::string> outcome = Execute(line);
    // The old outcome ends at the first empty line, and so does a command that has none yet.
    const auto behind = in.tellg();
    if (std::getline(in, line) && line == kSeparator) {
      while (std::getline(in, line) && !line.empty()) {
      }
    } else if (in && !line.empty()) {
      in.seekg(behind);
    }
    out += std::string(kSeparator) + "\n";
    for (const std::string& said : outcome) out += said + "\n";
    if (outcome.empty()) out += "  ok\n";
    if (!in.eof()) out += "\n";
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

const std::map<std::string, TranscriptDriver::Command, std::less<>>& TranscriptDriver::Commands() {
  using Self = TranscriptDriver;
  static const std::map<std::string, Command, std::less<>> commands = {
      {"cluster", &Self::NewCluster},
      {"introduce", &Self::Introduce},
      {"campaign", &Self::Campaign},
      {"elect", &Self::Elect},
      {"propose", &Self::Propose},
      {"read", &Self::Read},
      {"transfer", &Self::Transfer},
      {"tick", &Self::Tick},
      {"run", &Self::Run},
      {"deliver", &Self::Deliver},
      {"drop", &Self::Drop},
      {"duplicate", &Self::Duplicate},
      {"keep", &Self::Keep},
      {"resend", &Self::Resend},
      {"reverse", &Self::Reverse},
      {"stabilize", &Self::Stabilize},
      {"network", &Self::Network},
      {"cut", &Self::Cut},
      {"isolate", &Self::Isolate},
      {"heal", &Self::Heal},
      {"hold", &Self::Hold},
      {"release", &Self::Release},
      {"persist", &Self::Persist},
      {"space", &Self::Space},
      {"snapshot", &Self::Snapshot},
      {"crash", &Self::Crash},
      {"restart", &Self::Restart},
      {"wipe", &Self::Wipe},
      {"status", &Self::Status},
      {"log", &Self::Log},
  };
  return commands;
}

std::vector<std::string> TranscriptDriver::Execute(const std::string& line) {
  std::istringstream in(line);
  std::string name;
  in >> name;
  Words arguments;
  for (std::string word; in >> word;) arguments.push_back(word);
  const auto command = Commands().find(name);
  if (command == Commands().end()) return {"  there is no such command"};
  if (cluster_ == nullptr && name != "cluster") return {"  there is no cluster yet"};
  printed_.clear();
  if (!(this->*command->second)(arguments)) return {"  the arguments make no sense here"};
  std::vector<std::string> outcome = cluster_->TakeAccount();
  outcome.insert(outcome.end(), printed_.begin(), printed_.end());
  return outcome;
}

// --- Arguments ---

std::optional<NodeId> TranscriptDriver::NodeOf(const std::string& word) const {
  const auto number = NumberOf(word);
  if (!number || !cluster_->Has(NodeId(*number))) return std::nullopt;
  return NodeId(*number);
}

std::optional<NodeId> TranscriptDriver::UpNodeOf(const std::string& word) const {
  const auto node = NodeOf(word);
  return node && cluster_->IsUp(*node) ? node : std::nullopt;
}

std::optional<Cluster::Link> TranscriptDriver::LinkOf(const std::string& word) const {
  const size_t arrow = word.find("->");
  if (arrow == std::string::npos) return std::nullopt;
  const auto from = NodeOf(word.substr(0, arrow));
  const auto to = NodeOf(word.substr(arrow + 2));
  if (!from || !to) return std::nullopt;
  return Cluster::Link(*from, *to);
}

template <class Act>
bool TranscriptDriver::OnLinks(const Words& arguments, Act act) {
  if (arguments == Words{"all"}) {
    act([](Cluster::Link) { return true; });
    return true;
  }
  std::set<Cluster::Link> links;
  for (const std::string& word : arguments) {
    const auto link = LinkOf(word);
    if (!link) return false;
    links.insert(*link);
  }
  act([&links](Cluster::Link link) { return links.contains(link); });
  return !links.empty();
}

template <class Act>
bool TranscriptDriver::OnUpNodes(const Words& arguments, Act act) {
  for (const std::string& word : arguments) {
    const auto node = UpNodeOf(word);
    if (!node) return false;
    act(*node);
  }
  return !arguments.empty();
}

// --- Commands ---

bool TranscriptDriver::NewCluster(const Words& arguments) {
  const auto size = arguments.empty() ? std::nullopt : NumberOf(arguments[0]);
  if (!size || *size == 0 || *size > 9) return false;
  EngineOptions options;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (!SetOption(options, arguments[i])) return false;
  }
  cluster_ = std::make_unique<Cluster>(*size, options);
  return true;
}

// Introductions have a transcript of their own; in the others they only stand in the way.
bool TranscriptDriver::Introduce(const Words&) {
  cluster_->SetQuiet(true);
  for (NodeId node : cluster_->Nodes()) {
    if (cluster_->IsUp(node)) cluster_->Tick(node, Duration(1));
  }
  const bool stable = Stabilize({});
  cluster_->SetQuiet(false);
  return stable;
}

bool TranscriptDriver::Campaign(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) { cluster_->RunOutTimer(node); });
}

// An election without its messages, until everyone knows what is committed.
bool TranscriptDriver::Elect(const Words& arguments) {
  cluster_->SetQuiet(true);
  const bool elected = OnUpNodes(arguments, [this](NodeId node) {
    cluster_->RunOutTimer(node);
    Stabilize({});
    cluster_->Tick(node, std::chrono::milliseconds(5));
    Stabilize({});
  });
  cluster_->SetQuiet(false);
  return elected;
}

bool TranscriptDriver::Propose(const Words& arguments) {
  if (arguments.size() < 2) return false;
  const auto node = UpNodeOf(arguments[0]);
  if (!node) return false;
  cluster_->Propose(*node, Words(arguments.begin() + 1, arguments.end()));
  return true;
}

bool TranscriptDriver::Read(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) { cluster_->Read(node); });
}

bool TranscriptDriver::Transfer(const Words& arguments) {
  if (arguments.size() != 2) return false;
  const auto from = UpNodeOf(arguments[0]);
  const auto to = NodeOf(arguments[1]);
  if (!from || !to) return false;
  cluster_->Transfer(*from, *to);
  return true;
}

bool TranscriptDriver::Tick(const Words& arguments) {
  const auto duration = arguments.empty() ? std::nullopt : DurationOf(arguments[0]);
  if (!duration) return false;
  Words nodes(arguments.begin() + 1, arguments.end());
  if (nodes.empty()) {
    for (NodeId node : cluster_->Nodes()) {
      if (cluster_->IsUp(node)) nodes.push_back(std::to_string(node.value()));
    }
  }
  return OnUpNodes(nodes, [&](NodeId node) { cluster_->Tick(node, *duration); });
}

bool TranscriptDriver::Run(const Words& arguments) {
  const auto duration = arguments.size() == 1 ? DurationOf(arguments[0]) : std::nullopt;
  if (!duration) return false;
  constexpr Duration kStep = std::chrono::milliseconds(5);
  cluster_->SetQuiet(true);
  for (Duration passed{}; passed < *duration; passed += kStep) {
    for (NodeId node : cluster_->Nodes()) {
      if (cluster_->IsUp(node)) cluster_->Tick(node, kStep);
    }
    Stabilize({});
  }
  cluster_->SetQuiet(false);
  return true;
}

bool TranscriptDriver::Deliver(const Words& arguments) {
  return OnLinks(arguments, [this](auto selects) { cluster_->Deliver(selects); });
}

bool TranscriptDriver::Drop(const Words& arguments) {
  return OnLinks(arguments, [this](auto selects) { cluster_->Drop(selects); });
}

bool TranscriptDriver::Duplicate(const Words& arguments) {
  return OnLinks(arguments, [this](auto selects) { cluster_->Duplicate(selects); });
}

bool TranscriptDriver::Keep(const Words& arguments) {
  return OnLinks(arguments, [this](auto selects) { cluster_->Keep(selects); });
}

bool TranscriptDriver::Resend(const Words&) {
  cluster_->Resend();
  return true;
}

bool TranscriptDriver::Reverse(const Words&) {
  cluster_->ReverseOrder();
  return true;
}

bool TranscriptDriver::Stabilize(const Words&) {
  // Without time passing, replicas soon have nothing more to say to each other.
  for (int wave = 0; wave < 1000 && cluster_->HasInFlight(); ++wave) {
    cluster_->Deliver([](Cluster::Link) { return true; });
  }
  return !cluster_->HasInFlight();
}

bool TranscriptDriver::Network(const Words&) {
  cluster_->ListInFlight();
  return true;
}

bool TranscriptDriver::Cut(const Words& arguments) {
  for (const std::string& word : arguments) {
    const auto link = LinkOf(word);
    if (!link) return false;
    cluster_->Cut(*link);
  }
  return !arguments.empty();
}

bool TranscriptDriver::Isolate(const Words& arguments) {
  for (const std::string& word : arguments) {
    const auto node = NodeOf(word);
    if (!node) return false;
    for (NodeId other : cluster_->Nodes()) {
      cluster_->Cut({*node, other});
      cluster_->Cut({other, *node});
    }
  }
  return !arguments.empty();
}

bool TranscriptDriver::Heal(const Words&) {
  cluster_->Heal();
  return true;
}

bool TranscriptDriver::Hold(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) { cluster_->Hold(node); });
}

bool TranscriptDriver::Release(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) { cluster_->Release(node); });
}

bool TranscriptDriver::Persist(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) { cluster_->CompleteOneWrite(node); });
}

bool TranscriptDriver::Space(const Words& arguments) {
  if (arguments.size() != 2 || (arguments[1] != "on" && arguments[1] != "off")) return false;
  const auto node = UpNodeOf(arguments[0]);
  if (!node) return false;
  cluster_->SetHasSpace(*node, arguments[1] == "on");
  return true;
}

bool TranscriptDriver::Snapshot(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) { cluster_->TakeSnapshot(node); });
}

bool TranscriptDriver::Crash(const Words& arguments) {
  const auto node = arguments.empty() ? std::nullopt : UpNodeOf(arguments[0]);
  const auto survivors = arguments.size() == 2 ? NumberOf(arguments[1]) : uint64_t{0};
  if (!node || !survivors) return false;
  cluster_->Crash(*node, *survivors);
  return true;
}

bool TranscriptDriver::Restart(const Words& arguments) {
  for (const std::string& word : arguments) {
    const auto node = NodeOf(word);
    if (!node || cluster_->IsUp(*node)) return false;
    cluster_->Restart(*node);
  }
  return !arguments.empty();
}

bool TranscriptDriver::Wipe(const Words& arguments) {
  const auto node = arguments.size() == 1 ? NodeOf(arguments[0]) : std::nullopt;
  if (!node || cluster_->IsUp(*node)) return false;
  cluster_->Wipe(*node);
  return true;
}

bool TranscriptDriver::Status(const Words&) {
  for (NodeId node : cluster_->Nodes()) {
    const std::string name = "  " + std::to_string(node.value()) + " ";
    printed_.push_back(name + (cluster_->IsUp(node)
                                   ? "is " + DescribeState(cluster_->replica(node).core())
                                   : "is down"));
  }
  return true;
}

bool TranscriptDriver::Log(const Words& arguments) {
  return OnUpNodes(arguments, [this](NodeId node) {
    const Engine& core = cluster_->replica(node).core();
    const LogExtent log = core.extent();
    std::string text = "  " + std::to_string(node.value()) + ":";
    for (Index i = log.first; i <= log.last; ++i) text += " | " + Describe(core.EntryAt(i));
    printed_.push_back(text);
  });
}

}  // namespace synod::test
