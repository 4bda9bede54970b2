// Whether a newcomer was told of all who may have to reach it.
#ifndef SYNOD_KV_NEWCOMER_CHECK_H_
#define SYNOD_KV_NEWCOMER_CHECK_H_

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <synod/synod.h>

#include "kv/forwarding.h"
#include "kv/node.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace synod_kv {

// What a newcomer's --cluster lacks of `members`, in a form that can be put behind it:
// ",4=HOST:PORT/HOST:PORT". Empty if it lacks nothing.
[[nodiscard]] std::string MissingIn(const std::vector<ClusterMember>& flagged,
                                    const etcdserverpb::MemberListResponse& members);

// A member that is not in a newcomer's --cluster cannot make it a member when it leads: the two
// refuse each other, or do not even try, and neither knows why. The other members know who there
// is, so the newcomer asks them, and says what its command line lacks. Of one thread.
class NewcomerCheck {
 public:
  NewcomerCheck(const Node& node, Forwarder& forwarder, synod::Logger logger)
      : node_(node), forwarder_(forwarder), logger_(std::move(logger)) {}

  // To be called again and again. Asks one member, every few seconds and only while this is a
  // newcomer; blocks for a second at most.
  void Look();

 private:
  using Clock = std::chrono::steady_clock;

  const Node& node_;
  Forwarder& forwarder_;
  const synod::Logger logger_;
  size_t asked_ = 0;
  Clock::time_point next_ = Clock::time_point::min();
  std::string said_;  // What was missing when it was logged.
};

}  // namespace synod_kv

#endif  // SYNOD_KV_NEWCOMER_CHECK_H_
