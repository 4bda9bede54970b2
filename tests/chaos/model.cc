#include "tests/chaos/model.h"

#include <set>

namespace synod::chaos {

History WithoutUnseenWrites(History history) {
  std::set<std::string> seen;
  for (const Call& call : history) {
    const Operation& operation = call.operation;
    if (operation.answered && !operation.HasWritten()) seen.insert(operation.seen);
    // A swap that failed has not replaced what it expected.
    if (!operation.answered || operation.swapped) seen.insert(operation.expected);
  }
  std::erase_if(history, [&](const Call& call) {
    return !call.HasReturned() && !seen.contains(call.operation.value);
  });
  return history;
}

}  // namespace synod::chaos
