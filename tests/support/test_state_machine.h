// The smallest state machine that shows whether replicas agree: a hash over all that was applied.
#ifndef SYNOD_TESTS_SUPPORT_TEST_STATE_MACHINE_H_
#define SYNOD_TESTS_SUPPORT_TEST_STATE_MACHINE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "synod/base/ids.h"
#include "synod/core/entry.h"

namespace synod::test {

class TestStateMachine {
 public:
  // Precondition: the entry is the next one.
  void Apply(const Entry& entry);

  // The state as bytes, and back.
  [[nodiscard]] std::string Image() const;
  void Restore(std::string_view image);

  // The last applied entry's position and term.
  [[nodiscard]] Index applied() const { return applied_; }
  [[nodiscard]] Term applied_term() const { return applied_term_; }
  // Equal on two replicas that applied the same.
  [[nodiscard]] uint64_t hash() const { return hash_; }

 private:
  Index applied_;
  Term applied_term_;
  uint64_t hash_ = 0;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_TEST_STATE_MACHINE_H_
