#include "bench/cluster.h"

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <future>
#include <memory>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "bench/fail.h"
#include "bench/replica_process.h"
#include "bench/statistics.h"

namespace synod::bench {
namespace {

constexpr size_t kCommandBytes = 256;
constexpr Duration kDeadline = std::chrono::seconds(30);

// Ports that nobody listens on at the moment.
std::array<int, kReplicas> FreePorts() {
  std::array<int, kReplicas> ports{};
  std::array<int, kReplicas> sockets{};
  for (size_t i = 0; i < ports.size(); ++i) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(sockets[i], reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(sockets[i], reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      Fail("no free port");
    }
    ports[i] = ntohs(address.sin_port);
  }
  for (int fd : sockets) close(fd);
  return ports;
}

// Keeps `outstanding` proposals under way until the time is over. Runs on the replica's loop: each
// outcome proposes anew.
class ClosedLoop {
 public:
  ClosedLoop(Replica& replica, const Load& load) : replica_(replica), load_(load) {}

  // Blocks until every proposal has its outcome.
  Measured Run() {
    start_ = Clock::now();
    end_ = start_ + load_.duration;
    under_way_ = load_.outstanding;
    for (size_t i = 0; i < load_.outstanding; ++i) ProposeNext();
    finished_.get_future().wait();
    Measured measured;
    measured.per_second = static_cast<double>(times_.size()) / Seconds(last_ - start_);
    measured.median_micros = Quantile(times_, 0.5);
    measured.p99_micros = Quantile(times_, 0.99);
    return measured;
  }

  [[nodiscard]] Index last_index() const { return last_index_; }

 private:
  void ProposeNext() {
    // No two are equal, so that only replicas which applied all of them in one order are.
    ++proposed_;
    std::memcpy(command_.data(), &proposed_, sizeof(proposed_));
    const Clock::time_point asked = Clock::now();
    replica_.Propose(Payload::Copy(command_), kDeadline, [this, asked](const Outcome& outcome) {
      if (!outcome.ok()) Fail("a proposal failed: " + std::string(Describe(outcome.reason)));
      Ended(asked, outcome.index);
    });
  }

  void Ended(Clock::time_point asked, Index index) {
    last_ = Clock::now();
    times_.push_back(Micros(last_ - asked));
    last_index_ = std::max(last_index_, index);
    if (last_ < end_) {
      ProposeNext();
    } else if (--under_way_ == 0) {
      finished_.set_value();
    }
  }

  Replica& replica_;
  const Load& load_;
  std::string command_ = std::string(kCommandBytes, 'c');
  uint64_t proposed_ = 0;
  Clock::time_point start_;
  Clock::time_point end_;
  Clock::time_point last_;
  size_t under_way_ = 0;
  std::vector<double> times_;
  Index last_index_;
  std::promise<void> finished_;
};

}  // namespace

Measured MeasureCluster(const Load& load) {
  const std::array<int, kReplicas> ports = FreePorts();
  const auto options_of = [&](uint64_t node) {
    return ReplicaOptions{
        .protocol = load.protocol,
        .node = node,
        .ports = ports,
        .directory = load.directory.empty() ? "" : load.directory + "/" + std::to_string(node),
        .processor = load.processor};
  };
  cpu_set_t before;
  if (sched_getaffinity(0, sizeof(before), &before) != 0) Fail("cannot read the processor set");
  Measured measured;
  {
    ReplicaProcess second(options_of(2));
    ReplicaProcess third(options_of(3));
    BenchReplica leader(options_of(1));
    while (!leader.replica().IsLeader()) std::this_thread::yield();
    ClosedLoop loop(leader.replica(), load);
    measured = loop.Run();
    const std::string checksum = leader.ChecksumAt(loop.last_index());
    if (second.ChecksumAt(loop.last_index()) != checksum ||
        third.ChecksumAt(loop.last_index()) != checksum) {
      Fail("the replicas differ at the end");
    }
  }
  if (sched_setaffinity(0, sizeof(before), &before) != 0) Fail("cannot restore the processor set");
  return measured;
}

}  // namespace synod::bench
