// A replicated counter. Its three hosts would be three machines; here they share a process.
#include <iostream>
#include <thread>

#include <synod/memory.h>
#include <synod/synod.h>
#include <synod/tcp.h>

class Counter : public synod::StateMachine {
  struct View : synod::SnapshotView {
    explicit View(std::string text) : image(std::move(text)) {}
    absl::Status WriteTo(synod::ByteSink& sink) const override { return sink.Append(image); }
    const std::string image;
  };
  void Apply(std::span<const synod::Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].data == "increment") ++value_;
      results[i] = Text();
    }
  }
  absl::StatusOr<std::string> Query(std::string_view) const override { return Text(); }
  absl::StatusOr<std::unique_ptr<synod::SnapshotView>> Snapshot() const override {
    return std::make_unique<View>(Text());
  }
  absl::Status Restore(synod::ByteSource& image) override {
    char digits[24] = {};
    const absl::StatusOr<size_t> size = image.Read(std::span(digits, 23));
    value_ = std::strtoull(digits, nullptr, 10);
    return size.status();
  }
  std::string Text() const { return std::to_string(value_); }
  uint64_t value_ = 0;
};

int main() {
  const std::map<synod::NodeId, std::string> peers = {
      {1, "127.0.0.1:7101"}, {2, "127.0.0.1:7102"}, {3, "127.0.0.1:7103"}};
  std::vector<synod::Host> hosts;
  std::vector<synod::Replica> replicas;
  for (const auto& [id, address] : peers) {
    auto log = synod::memory::Create();  // Forgets all at its end.
    if (!synod::Bootstrap(*log, {.cluster = 1, .node = id, .members = {1, 2, 3}}).ok()) return 1;
    auto host = synod::Host::Start(
        {.id = id, .log = std::move(log), .transport = synod::tcp::Listen(address, peers)});
    if (!host.ok()) return std::cerr << host.status() << "\n", 1;
    replicas.push_back(*host->Join({.group = 1, .state_machine = std::make_unique<Counter>()}));
    hosts.push_back(*std::move(host));
  }
  synod::Outcome outcome{.kind = synod::Outcome::Kind::kNotCommitted};
  for (size_t i = 0; outcome.kind == synod::Outcome::Kind::kNotCommitted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // Until there is a leader to ask.
    outcome = replicas[i % 3].Propose("increment").get();
  }
  if (!outcome.ok()) return std::cerr << "nobody knows whether that was replicated\n", 1;
  std::cout << "replicated at index " << outcome.index << ": " << outcome.result << "\n";
  for (synod::Replica& replica : replicas) {
    std::cout << *replica.Read("", synod::Consistency::kLinearizable).get() << "\n";
  }
}
