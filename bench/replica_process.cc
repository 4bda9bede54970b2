#include "bench/replica_process.h"

#include <cinttypes>
#include <fcntl.h>
#include <map>
#include <span>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "synod/base/crc32c.h"
#include "synod/memory.h"
#include "synod/rocksdb.h"
#include "synod/tcp.h"

#include "bench/baseline.h"
#include "bench/fail.h"

namespace synod::bench {
namespace {

// State: how many commands, and a checksum chained over them.
class RunningChecksum final : public StateMachine {
 public:
  void Apply(std::span<const Command> batch, std::span<std::string>) override {
    for (const Command& command : batch) checksum_ = Crc32c(checksum_, command.data);
    count_ += batch.size();
  }

  absl::StatusOr<std::string> Query(std::string_view) const override {
    return std::to_string(count_) + ":" + std::to_string(checksum_);
  }

  absl::StatusOr<std::unique_ptr<SnapshotView>> Snapshot() const override {
    return std::make_unique<View>(count_, checksum_);
  }

  absl::Status Restore(ByteSource& image) override {
    std::array<uint64_t, 2> state{};
    const absl::StatusOr<size_t> read =
        image.Read({reinterpret_cast<char*>(state.data()), sizeof(state)});
    if (!read.ok()) return read.status();
    if (*read != sizeof(state)) return absl::DataLossError("the image is too short");
    count_ = state[0];
    checksum_ = static_cast<uint32_t>(state[1]);
    return absl::OkStatus();
  }

 private:
  class View final : public SnapshotView {
   public:
    View(uint64_t count, uint32_t checksum) : state_{count, checksum} {}
    absl::Status WriteTo(ByteSink& sink) const override {
      return sink.Append({reinterpret_cast<const char*>(state_.data()), sizeof(state_)});
    }

   private:
    std::array<uint64_t, 2> state_;
  };

  uint64_t count_ = 0;
  uint32_t checksum_ = 0;
};

std::string AddressOf(const ReplicaOptions& options, uint64_t node) {
  return "127.0.0.1:" + std::to_string(options.ports[node - 1]);
}

}  // namespace

BenchReplica::BenchReplica(const ReplicaOptions& options) {
  if (options.processor >= 0) PinTo(options.processor);
  std::unique_ptr<LogStore> log =
      options.directory.empty() ? memory::Create() : OrFail(rocksdb::Open(options.directory));
  BootstrapOptions bootstrap{.cluster = 1, .node = options.node, .group = 1, .members = {1, 2, 3}};
  bootstrap.protocol = options.protocol;
  const absl::Status born = Bootstrap(*log, bootstrap);
  if (!born.ok()) Fail(born.ToString());
  std::map<NodeId, std::string> peers;
  for (uint64_t node = 1; node <= kReplicas; ++node) peers[node] = AddressOf(options, node);
  host_ = std::make_unique<Host>(
      OrFail(Host::Start({.id = options.node,
                          .log = std::move(log),
                          .transport = tcp::Listen(AddressOf(options, options.node.value()), peers),
                          .logger = Logger()})));
  GroupOptions group;
  group.group = 1;
  group.state_machine = std::make_unique<RunningChecksum>();
  // The process that carries the load is to lead: it campaigns long before the others would.
  if (options.node != NodeId(1)) group.engine.election_timeout = std::chrono::seconds(10);
  replica_ = std::make_unique<Replica>(OrFail(host_->Join(std::move(group))));
}

std::string BenchReplica::ChecksumAt(Index index) {
  while (replica_->Status().applied < index) std::this_thread::yield();
  return OrFail(replica_->Read("", Consistency::kStale).get());
}

ReplicaProcess::ReplicaProcess(const ReplicaOptions& options) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0) Fail("no pipes left");
  std::vector<std::string> arguments = {"synod-bench",
                                        "--replica",
                                        std::string(Describe(options.protocol)),
                                        std::to_string(options.node.value()),
                                        std::to_string(options.ports[0]),
                                        std::to_string(options.ports[1]),
                                        std::to_string(options.ports[2]),
                                        std::to_string(options.processor),
                                        options.directory};
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) Fail("cannot fork");
  if (pid_ == 0) {
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  to_child_ = fdopen(in[1], "w");
  from_child_ = fdopen(out[0], "r");
}

ReplicaProcess::~ReplicaProcess() {
  std::fclose(to_child_);  // Ends RunReplica.
  waitpid(pid_, nullptr, 0);
  std::fclose(from_child_);
}

std::string ReplicaProcess::ChecksumAt(Index index) {
  std::fprintf(to_child_, "%" PRIu64 "\n", index.value());
  std::fflush(to_child_);
  std::array<char, 128> line{};
  if (std::fgets(line.data(), line.size(), from_child_) == nullptr) Fail("a replica process died");
  std::string checksum = line.data();
  if (!checksum.empty() && checksum.back() == '\n') checksum.pop_back();
  return checksum;
}

int RunReplica(const ReplicaOptions& options) {
  BenchReplica replica(options);
  uint64_t index = 0;
  while (std::scanf("%" SCNu64, &index) == 1) {
    std::printf("%s\n", replica.ChecksumAt(Index(index)).c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace synod::bench
