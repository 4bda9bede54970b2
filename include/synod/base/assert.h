// SYNOD_ASSERT: a broken invariant is a bug, and a replica with a bug must not go on. On in release
// builds too.
#ifndef SYNOD_BASE_ASSERT_H_
#define SYNOD_BASE_ASSERT_H_

#include <cstdio>
#include <cstdlib>

namespace synod::internal {

[[noreturn]] [[gnu::cold]] inline void AssertionFailed(const char* condition, const char* rule,
                                                       const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s [%s]\n", file, line, rule, condition);
  std::abort();
}

}  // namespace synod::internal

// `rule` names what would be violated: an invariant (I1–I11), a section of the Raft paper, or a
// sentence. Never used for what a peer, a disk or a caller can bring about: that is validated and
// refused.
#define SYNOD_ASSERT(condition, rule)                                           \
  do {                                                                          \
    if (!(condition)) [[unlikely]] {                                            \
      ::synod::internal::AssertionFailed(#condition, rule, __FILE__, __LINE__); \
    }                                                                           \
  } while (false)

#endif  // SYNOD_BASE_ASSERT_H_
