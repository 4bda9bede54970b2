// A group of one, driven by hand: it elects itself and commits, and all of it in a single thread.
#include <cstdio>

#include "other.h"

int main() {
  synod::Raft raft = NewCore();
  synod::Output out;
  int committed = 0;
  bool proposed = false;
  for (int turn = 0; turn < 100 && committed == 0; ++turn) {
    raft.TakeOutput(out);
    for (const synod::Committed& entry : out.committed) {
      if (entry.request == synod::RequestId(1)) ++committed;
    }
    if (!out.persist.token.IsZero()) raft.Persisted(out.persist.token);
    if (raft.IsLeader() && !proposed) {
      synod::Proposal proposal = {.request = synod::RequestId(1),
                                  .command = synod::Payload::Copy("x")};
      raft.Propose({&proposal, 1});
      proposed = true;
    }
    if (!raft.HasOutput() && out.next_deadline != synod::kNever) raft.Tick(out.next_deadline);
  }
  std::printf("committed: %d\n", committed);
  return committed == 1 ? 0 : 1;
}
