// Protocol rules that a test-only build can take out, one at a time, to prove that a test misses
// each of them.
#ifndef SYNOD_BASE_MUTATION_H_
#define SYNOD_BASE_MUTATION_H_

#if defined(SYNOD_MUTATIONS)
#include <cstdlib>
#endif

namespace synod {

// The number is what SYNOD_MUTATION=n in the environment selects.
enum class Mutation {
  kNone = 0,
  kCommitOldTermByCount = 1,  // Raft §5.4.2
  kVoteBeforePersist = 2,     // Raft §5.1, I3
  kAckBeforePersist = 3,      // Raft §5.3, I5
  kNoPreviousEntryCheck = 4,  // Raft §5.3, I6
  kTruncateAlways = 5,        // Raft §5.3
  kVoteTwice = 6,             // Raft §5.2
  kNoPreVote = 7,             // Ongaro §9.6
  kNoCheckQuorum = 8,         // Ongaro §6.2
};

#if defined(SYNOD_MUTATIONS)
inline const int kActiveMutation = [] {
  const char* number = std::getenv("SYNOD_MUTATION");
  return number == nullptr ? 0 : std::atoi(number);
}();
inline bool Mutated(Mutation mutation) { return kActiveMutation == static_cast<int>(mutation); }
#else
constexpr bool Mutated(Mutation) { return false; }
#endif

}  // namespace synod

#endif  // SYNOD_BASE_MUTATION_H_
