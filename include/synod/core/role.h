// What a replica is at the moment.
#ifndef SYNOD_CORE_ROLE_H_
#define SYNOD_CORE_ROLE_H_

#include <cstdint>
#include <string_view>

namespace synod {

enum class Role : uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

constexpr std::string_view Describe(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kPreCandidate:
      return "pre-candidate";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
  }
  return "unknown role";
}

}  // namespace synod

#endif  // SYNOD_CORE_ROLE_H_
