// The acceptors in the network of a cluster that begins.
#ifndef SYNOD_KV_ACCEPTORS_H_
#define SYNOD_KV_ACCEPTORS_H_

#include <vector>

#include <synod/synod.h>

#include "absl/status/statusor.h"

#include "kv/flags.h"

namespace synod_kv {

// Asks each of flags.acceptors which it is. One that is no voter yet, and has a control port, is
// made one, under an incarnation that nobody has had before: by the member of the lowest id, for
// whom the others wait. Blocks. kDeadlineExceeded if one does not answer, kFailedPrecondition if it
// is another group's, or has to be enabled by hand or by that member first.
[[nodiscard]] absl::StatusOr<std::vector<synod::MemberRecord>> FindAcceptors(const Flags& flags,
                                                                             synod::GroupId group);

}  // namespace synod_kv

#endif  // SYNOD_KV_ACCEPTORS_H_
