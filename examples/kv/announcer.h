// How the cluster learns where a new member serves clients, and a newcomer what it was not told.
#ifndef SYNOD_KV_ANNOUNCER_H_
#define SYNOD_KV_ANNOUNCER_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <grpcpp/channel.h>

#include "absl/status/status.h"

#include "kv/newcomer_check.h"
#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

// Whoever adds a member names its peer address alone, as etcd has it. So the member names the other
// one, as soon as it finds itself among the members, by an update of its own entry; otherwise the
// others could not send it writes when it leads. It tries until it is so. Before, it has a
// NewcomerCheck look.
class Announcer {
 public:
  // `channel` leads to a server of this member's own.
  Announcer(const Node& node, std::string client_address, NewcomerCheck check,
            const std::shared_ptr<grpc::Channel>& channel)
      : node_(node),
        check_(std::move(check)),
        client_address_(std::move(client_address)),
        stub_(etcdserverpb::Cluster::NewStub(channel)) {}
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;
  ~Announcer() { Stop(); }

  // kResourceExhausted if there are too many threads.
  [[nodiscard]] absl::Status Start();
  // Waits for a call that is under way: a second at most.
  void Stop();

 private:
  void Run();
  void Announce(const std::string& peer_address);

  const Node& node_;
  NewcomerCheck check_;  // The thread's.
  const std::string client_address_;
  const std::unique_ptr<etcdserverpb::Cluster::Stub> stub_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;  // Under mutex_.
  std::thread thread_;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_ANNOUNCER_H_
