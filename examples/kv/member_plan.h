// What a client's request to change the members comes to.
#ifndef SYNOD_KV_MEMBER_PLAN_H_
#define SYNOD_KV_MEMBER_PLAN_H_

#include <synod/synod.h>

#include "absl/status/statusor.h"

#include "kv/directory.h"
#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// Each is the change that the leader has to make, whose status is given, or the error that the
// client gets: etcd refuses the same, so that nobody makes a cluster unable to decide by mistake.
[[nodiscard]] absl::StatusOr<synod::MemberChange> PlanOf(
    const etcdserverpb::MemberAddRequest& request, const synod::ReplicaStatus& leader,
    const Directory& directory);
[[nodiscard]] absl::StatusOr<synod::MemberChange> PlanOf(
    const etcdserverpb::MemberRemoveRequest& request, const synod::ReplicaStatus& leader,
    const Directory& directory);
[[nodiscard]] absl::StatusOr<synod::MemberChange> PlanOf(
    const etcdserverpb::MemberUpdateRequest& request, const synod::ReplicaStatus& leader,
    const Directory& directory);
[[nodiscard]] absl::StatusOr<synod::MemberChange> PlanOf(
    const etcdserverpb::MemberPromoteRequest& request, const synod::ReplicaStatus& leader,
    const Directory& directory);

}  // namespace synod_kv

#endif  // SYNOD_KV_MEMBER_PLAN_H_
