// What clients asked for and what they were told: the promises about requests.
#ifndef SYNOD_TESTS_SUPPORT_LEDGER_H_
#define SYNOD_TESTS_SUPPORT_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "synod/base/ids.h"
#include "synod/core/entry.h"
#include "synod/core/output.h"

#include "tests/support/coverage.h"
#include "tests/support/verdict.h"

namespace synod::test {

// Holds that
//  - every request ends at most once, and (AllAnswered) in the end exactly once,
//  - a proposal that ended as committed is chosen, at the index where its outcome said,
//  - one that ended as not committed is never chosen,
//  - no command is chosen twice (every command is unique, and nobody retries),
//  - a read's index is at least every index that was chosen when the read was asked for.
class Ledger {
 public:
  // Both outlive it.
  Ledger(Verdict& verdict, Coverage& coverage) : verdict_(verdict), coverage_(coverage) {}

  // A unique command of about `size` bytes, to be proposed at `node` under the id that is returned.
  RequestId NewProposal(NodeId node, size_t size, std::string& command);
  RequestId NewRead(NodeId node);
  RequestId NewTransfer(NodeId node);

  // The log gained an entry for ever. In index order, each once.
  void OnChosen(const Entry& entry);

  // What the replica at `node` reported.
  void OnCommitted(NodeId node, const Committed& committed);
  void OnReadReady(NodeId node, const ReadReady& ready, bool by_leader);
  void OnResolved(NodeId node, const Resolved& resolved);

  // Whoever waits at `node` waits for ever: what its requests came to is not known.
  void OnCrash(NodeId node);

  [[nodiscard]] bool IsPending(RequestId id) const { return EndOf(id) == End::kPending; }
  [[nodiscard]] bool IsCommitted(RequestId id) const { return EndOf(id) == End::kCommitted; }
  [[nodiscard]] bool AnyPending() const;

  // Fails the verdict if a request has not ended.
  void AllAnswered();

 private:
  enum class Kind : uint8_t { kProposal, kRead, kTransfer };
  enum class End : uint8_t { kPending, kCommitted, kNotCommitted, kUnknown, kServed, kLost };
  struct Request {
    Kind kind;
    NodeId node;
    End end = End::kPending;
    Index floor;   // Of a read: chosen when it was asked for.
    Index chosen;  // Of a proposal: where its command was chosen; 0: nowhere yet.
  };

  RequestId New(Kind kind, NodeId node);
  [[nodiscard]] End EndOf(RequestId id) const { return requests_[id.value() - 1].end; }
  // The request, if this is its first end and it is of that kind.
  Request* Ending(NodeId node, RequestId id, Kind kind);
  Request* Find(RequestId id);

  Verdict& verdict_;
  Coverage& coverage_;
  std::vector<Request> requests_;  // The request with id n is at n - 1.
  Index chosen_;                   // The last index that is chosen.
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_LEDGER_H_
