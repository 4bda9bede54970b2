// synod-bench: prints what a replicated command costs, each figure beside its scale: what the
// machine itself costs in the same run.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/baseline.h"
#include "bench/checkers.h"
#include "bench/cluster.h"
#include "bench/core.h"
#include "bench/replica_process.h"
#include "bench/simulator.h"
#include "bench/statistics.h"
#include "bench/switch.h"
#include "bench/xdp.h"

namespace synod::bench {
namespace {

constexpr char kUsage[] =
    "usage: synod-bench [--seconds N] [--directory DIR] [--only PART]\n"
    "\n"
    "  --seconds N      how long each figure is measured (default 5)\n"
    "  --directory DIR  where the RocksDB logs go (default: a new directory in the one for "
    "temporary files);\n"
    "                   it should be on the disk that you mean to use\n"
    "  --only PART      core, memory, protocols, rocksdb, checkers, simulator or switch, beside\n"
    "                   what the machine itself can do\n"
    "\n"
    "Three replicas run in three processes on loopback. Nothing else should run on the machine "
    "meanwhile.\n";

// `goal`: what the project holds itself to on two cores, measured by the machine's own speed where
// that is what it depends on.
void Row(const char* what, double value, const char* unit, const std::string& scale = "",
         const char* goal = "") {
  std::printf("  %-52s %12.1f %-10s %-28s %s\n", what, value, unit, scale.c_str(), goal);
  std::fflush(stdout);
}

std::string Ratio(double value, const char* of) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%.2f x %s", value, of);
  return text.data();
}

void MeasureCore(std::chrono::milliseconds duration) {
  std::printf("core alone (three in one thread, 16-byte entries by 64)\n");
  Row("entries committed", CoreEntriesPerSecond(Protocol::kRaft, duration) / 1e6, "million/s", "",
      "goal: 3 or more");
}

void MeasureMemory(std::chrono::milliseconds duration, double round_trip) {
  std::printf("three processes, logs in memory, 256-byte commands\n");
  const Measured many = MeasureCluster({.outstanding = 256, .duration = duration});
  // 220,000/s where a round trip takes 4.9 us.
  Row("256 outstanding, committed", many.per_second, "/s",
      Ratio(many.per_second * round_trip / 1e6, "one a round trip"), "goal: 1.08 x or more");
  const Measured one = MeasureCluster({.outstanding = 1, .duration = duration});
  Row("1 outstanding, median latency", one.median_micros, "us",
      Ratio(one.median_micros / round_trip, "the round trip"), "goal: below 16.3 x");
  Row("1 outstanding, 99th percentile", one.p99_micros, "us");
  const Measured pinned = MeasureCluster({.processor = 0, .outstanding = 1, .duration = duration});
  Row("1 outstanding, all on one core, median latency", pinned.median_micros, "us",
      Ratio(pinned.median_micros / round_trip, "the round trip"), "goal: below 8.2 x");
}

// By turns, since what else the machine does varies; each figure is the median of all turns.
void MeasureProtocols(std::chrono::milliseconds duration) {
  std::printf("Multi-Paxos beside Raft, logs in memory\n");
  constexpr size_t kTurns = 6;
  const std::chrono::milliseconds turn = duration / kTurns;
  const auto compare = [](const char* what, const char* unit, const char* goal, auto measure) {
    std::vector<double> paxos, by_raft;
    for (size_t i = 0; i < kTurns; ++i) {
      std::array<double, 2> both{};
      for (const size_t protocol : {i % 2, 1 - i % 2}) {
        both.at(protocol) = measure(static_cast<Protocol>(protocol));
      }
      paxos.push_back(both[1]);
      by_raft.push_back(both[1] / both[0]);
    }
    Row(what, Quantile(paxos, 0.5), unit, Ratio(Quantile(by_raft, 0.5), "Raft's"), goal);
  };
  const auto cluster = [&](Protocol protocol, size_t outstanding) {
    return MeasureCluster({.protocol = protocol, .outstanding = outstanding, .duration = turn});
  };
  compare("core alone, entries committed", "million/s", "",
          [&](Protocol protocol) { return CoreEntriesPerSecond(protocol, turn) / 1e6; });
  compare("256 outstanding, committed", "/s", "goal: 0.90 x or more",
          [&](Protocol protocol) { return cluster(protocol, 256).per_second; });
  compare("1 outstanding, median latency", "us", "goal: 1.10 x or less",
          [&](Protocol protocol) { return cluster(protocol, 1).median_micros; });
}

// The disk's speed varies with what else uses it, so that puts and proposals take turns, and each
// figure is the median of all turns.
void MeasureRocksdb(std::chrono::milliseconds duration, const std::string& directory) {
  std::printf("three processes, RocksDB with fsync, 256-byte commands\n");
  constexpr int kTurns = 5;
  std::vector<double> puts, one, latency, many, one_by_puts, many_by_one;
  for (int turn = 0; turn < kTurns; ++turn) {
    const std::string place = directory + "/" + std::to_string(turn);
    for (const char* part : {"", "/one", "/many"}) {
      std::filesystem::create_directory(place + part);
    }
    const Load load{.directory = place + "/one", .outstanding = 1, .duration = duration / kTurns};
    puts.push_back(SyncedPutsPerSecond(place + "/puts", load.duration));
    const Measured synced = MeasureCluster(load);
    one.push_back(synced.per_second);
    latency.push_back(synced.median_micros);
    one_by_puts.push_back(one.back() / puts.back());
    many.push_back(
        MeasureCluster({.directory = place + "/many", .outstanding = 64, .duration = load.duration})
            .per_second);
    many_by_one.push_back(many.back() / one.back());
  }
  Row("synced puts, one thread, RocksDB alone", Quantile(puts, 0.5), "/s");
  Row("1 outstanding, committed", Quantile(one, 0.5), "/s",
      Ratio(Quantile(one_by_puts, 0.5), "the synced puts"), "goal: 0.35 x or more");
  Row("1 outstanding, median latency", Quantile(latency, 0.5), "us");
  Row("64 outstanding, committed", Quantile(many, 0.5), "/s",
      Ratio(Quantile(many_by_one, 0.5), "1 outstanding"), "goal: 10 x or more");
}

void MeasureCheckers() {
  std::printf("checkers of what 8 clients of one key have seen\n");
  constexpr size_t kByWitness = 1'000'000;
  constexpr size_t kBySearch = 40'000;
  const auto both = [](const char* name, bool has_wrong_answer, bool has_unknown) {
    Drawn drawn{
        .operations = kByWitness, .has_wrong_answer = has_wrong_answer, .has_unknown = has_unknown};
    const std::string what = std::string(" operations, ") + name;
    Row(("by the log, 1,000,000" + what).c_str(), WitnessSeconds(drawn) * 1e3, "ms", "",
        "goal: below 1,000");
    drawn.operations = kBySearch;
    Row(("by search, 8 x 5,000" + what).c_str(), SearchSeconds(drawn) * 1e3, "ms", "",
        "goal: below 5,000");
  };
  both("sound", false, false);
  both("one wrong", true, false);
  both("some unknown", false, true);
  both("both", true, true);
}

void MeasureSimulator(std::chrono::milliseconds duration) {
  std::printf("simulator, one core, with all rules\n");
  Row("seeds from 1 on, events", SimulatedEventsPerSecond(duration) / 1e3, "thousand/s", "",
      "goal: 300 or more");
  Row("3 nodes, 100 ms heartbeats, 20 operations a second", SimulatedSecondsPerSecond(duration),
      "x", "real time", "goal: 500 or more");
}

void MeasureSwitch(std::chrono::milliseconds duration) {
  std::printf("slot acceptor, one core, in process\n");
  Row("acceptor.p4 in the emulator, packets", EmulatedPacketsPerSecond(duration) / 1e3,
      "thousand/s", "", "goal: 500 or more");
  Row("in software, packets", SoftwarePacketsPerSecond(duration) / 1e3, "thousand/s");
  std::printf("slot acceptor, over a virtual wire, one request outstanding\n");
  const absl::StatusOr<XdpRoundTrips> trips = MeasureXdp(duration);
  if (!trips.ok()) {
    std::printf("  not measured: %s\n", std::string(trips.status().message()).c_str());
    return;
  }
  Row("in the kernel, median round trip", trips->kernel_micros, "us");
  Row("in software on the same core, median round trip", trips->socket_micros, "us",
      Ratio(trips->socket_ratio, "the kernel's"), "goal: 1.30 x or more");
  if (trips->across_micros == 0) return;
  Row("in software on another core, both polling", trips->across_micros, "us",
      Ratio(trips->across_ratio, "the kernel's"), "goal: 1.30 x or more");
}

// `only` names one part; empty: all of them.
void Run(std::chrono::milliseconds duration, const std::string& directory, std::string_view only) {
  std::printf("machine\n");
  const double round_trip = TcpRoundTripMicros(/*processor=*/0, /*rounds=*/50'000);
  Row("TCP round trip, one core, median", round_trip, "us");
  if (only.empty() || only == "core") MeasureCore(duration);
  if (only.empty() || only == "memory") MeasureMemory(duration, round_trip);
  if (only.empty() || only == "protocols") MeasureProtocols(duration);
  if (only.empty() || only == "rocksdb") MeasureRocksdb(duration, directory);
  if (only.empty() || only == "checkers") MeasureCheckers();
  if (only.empty() || only == "simulator") MeasureSimulator(duration);
  if (only.empty() || only == "switch") MeasureSwitch(duration);
}

bool IsPart(std::string_view name) {
  return name == "core" || name == "memory" || name == "protocols" || name == "rocksdb" ||
         name == "checkers" || name == "simulator" || name == "switch";
}

// `value`: null if there is none.
int BadUsage(const std::string& flag, const char* value) {
  std::string why = "there is no flag " + flag;
  if (flag == "--seconds" || flag == "--directory" || flag == "--only") {
    why = flag + " takes a value";
    if (value != nullptr) {
      why = flag + ": '" + value + "' is " +
            (flag == "--only" ? "no part" : "no positive number of seconds");
    }
  }
  std::fprintf(stderr, "synod-bench: %s\n\n%s", why.c_str(), kUsage);
  return 2;
}

int Main(int argc, char** argv) {
  // How ReplicaProcess starts this program: --replica PROTOCOL NODE PORT PORT PORT PROCESSOR
  // DIRECTORY
  if (argc == 9 && std::strcmp(argv[1], "--replica") == 0) {
    ReplicaOptions options;
    if (argv[2] == Describe(Protocol::kMultiPaxos)) options.protocol = Protocol::kMultiPaxos;
    options.node = std::strtoull(argv[3], nullptr, 10);
    for (size_t i = 0; i < kReplicas; ++i) options.ports[i] = std::atoi(argv[4 + i]);
    options.processor = std::atoi(argv[7]);
    options.directory = argv[8];
    return RunReplica(options);
  }
  std::chrono::milliseconds duration = std::chrono::seconds(5);
  std::filesystem::path directory = std::filesystem::temp_directory_path();
  std::string only;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--help" || flag == "-h") {
      std::printf("%s", kUsage);
      return 0;
    }
    const double seconds = i + 1 < argc ? std::atof(argv[i + 1]) : 0;
    if (flag == "--seconds" && seconds > 0) {
      duration = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
    } else if (flag == "--directory" && i + 1 < argc) {
      directory = argv[i + 1];
    } else if (flag == "--only" && i + 1 < argc && IsPart(argv[i + 1])) {
      only = argv[i + 1];
    } else {
      return BadUsage(flag, i + 1 < argc ? argv[i + 1] : nullptr);
    }
  }
  std::string work = (directory / "synod-bench-XXXXXX").string();
  if (mkdtemp(work.data()) == nullptr) {
    std::fprintf(stderr, "synod-bench: cannot create a directory in %s: %s\n", directory.c_str(),
                 std::strerror(errno));
    return 1;
  }
  Run(duration, work, only);
  std::filesystem::remove_all(work);
  return 0;
}

}  // namespace
}  // namespace synod::bench

int main(int argc, char** argv) { return synod::bench::Main(argc, argv); }
