#include "tests/support/ledger.h"

#include <algorithm>
#include <charconv>

namespace synod::test {

namespace {

constexpr size_t kNumberDigits = 12;

// A command begins with its request's number.
RequestId RequestOf(const Payload& command) {
  const std::string_view text = command.view();
  uint64_t number = 0;
  if (text.size() >= kNumberDigits) {
    std::from_chars(text.data(), text.data() + kNumberDigits, number);
  }
  return RequestId(number);
}

}  // namespace

RequestId Ledger::New(Kind kind, NodeId node) {
  coverage_.Reached(Place::kRequest);
  requests_.push_back(
      {.kind = kind, .node = node, .end = End::kPending, .floor = chosen_, .chosen = {}});
  return RequestId(requests_.size());
}

RequestId Ledger::NewProposal(NodeId node, size_t size, std::string& command) {
  const RequestId id = New(Kind::kProposal, node);
  const std::string number = std::to_string(id.value());
  command = std::string(kNumberDigits - number.size(), '0') + number;
  if (command.size() < size) command.append(size - command.size(), '.');
  return id;
}

RequestId Ledger::NewRead(NodeId node) { return New(Kind::kRead, node); }

RequestId Ledger::NewTransfer(NodeId node) { return New(Kind::kTransfer, node); }

Ledger::Request* Ledger::Find(RequestId id) {
  if (id.IsZero() || id > RequestId(requests_.size())) {
    verdict_.Fail("request ", id, " was never made");
    return nullptr;
  }
  return &requests_[id.value() - 1];
}

Ledger::Request* Ledger::Ending(NodeId node, RequestId id, Kind kind) {
  Request* request = Find(id);
  if (request == nullptr) return nullptr;
  if (request->end != End::kPending) {
    verdict_.Fail("request ", id, " ended twice, the second time at node ", node);
  } else if (request->node != node) {
    verdict_.Fail("request ", id, " was made at node ", request->node, " and ended at ", node);
  } else if (request->kind != kind) {
    verdict_.Fail("request ", id, " ended as what it is not");
  } else {
    return request;
  }
  return nullptr;
}

void Ledger::OnChosen(const Entry& entry) {
  chosen_ = entry.index;
  if (entry.kind != EntryKind::kCommand) return;
  const RequestId id = RequestOf(entry.payload);
  Request* request = Find(id);
  if (request == nullptr) return;
  if (!request->chosen.IsZero()) {
    verdict_.Fail("the command of request ", id, " is chosen twice, at ", request->chosen, " and ",
                  entry.index);
  }
  if (request->end == End::kNotCommitted) {
    verdict_.Fail("request ", id, " ended as not committed, but is chosen at ", entry.index);
  }
  request->chosen = entry.index;
}

void Ledger::OnCommitted(NodeId node, const Committed& committed) {
  if (committed.request.IsZero()) return;
  Request* request = Ending(node, committed.request, Kind::kProposal);
  if (request == nullptr) return;
  request->end = End::kCommitted;
  coverage_.Reached(Place::kCommitted);
  if (request->chosen != committed.entry.index ||
      RequestOf(committed.entry.payload) != committed.request) {
    verdict_.Fail("request ", committed.request, " ended as committed at ", committed.entry.index,
                  ", where another command is chosen");
  }
}

void Ledger::OnReadReady(NodeId node, const ReadReady& ready, bool by_leader) {
  Request* request = Ending(node, ready.request, Kind::kRead);
  if (request == nullptr) return;
  request->end = End::kServed;
  coverage_.Reached(by_leader ? Place::kReadServed : Place::kReadServedFar);
  if (ready.index < request->floor) {
    verdict_.Fail("a stale read: request ", ready.request, " at node ", node, " is served at ",
                  ready.index, ", and ", request->floor, " was chosen before it was made (I11)");
  }
}

void Ledger::OnResolved(NodeId node, const Resolved& resolved) {
  Request* request = Find(resolved.request);
  if (request == nullptr) return;
  request = Ending(node, resolved.request, request->kind);
  if (request == nullptr) return;
  switch (resolved.kind) {
    case Outcome::Kind::kCommitted:
      request->end = End::kCommitted;
      coverage_.Reached(Place::kTransferred);
      if (request->kind != Kind::kTransfer) {
        verdict_.Fail("request ", resolved.request, " is resolved as committed without an entry");
      }
      break;
    case Outcome::Kind::kNotCommitted:
      request->end = End::kNotCommitted;
      if (!request->chosen.IsZero()) {
        verdict_.Fail("request ", resolved.request, " is chosen at ", request->chosen,
                      ", but ended as not committed");
      }
      break;
    case Outcome::Kind::kUnknown:
      request->end = End::kUnknown;
      coverage_.Reached(Place::kUnknown);
      if (request->kind == Kind::kRead) {
        verdict_.Fail("read ", resolved.request, " ended as unknown, though it can be retried");
      }
      break;
  }
  if (resolved.reason == Reason::kNoSpace) coverage_.Reached(Place::kNoSpace);
  if (resolved.reason == Reason::kOverloaded) coverage_.Reached(Place::kOverloaded);
  if (resolved.kind != Outcome::Kind::kCommitted && resolved.reason == Reason::kNone) {
    verdict_.Fail("request ", resolved.request, " failed without a reason");
  }
}

void Ledger::OnCrash(NodeId node) {
  for (Request& request : requests_) {
    if (request.node == node && request.end == End::kPending) request.end = End::kLost;
  }
}

bool Ledger::AnyPending() const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](const Request& request) { return request.end == End::kPending; });
}

void Ledger::AllAnswered() {
  for (size_t i = 0; i < requests_.size(); ++i) {
    if (requests_[i].end == End::kPending) {
      verdict_.Fail("request ", i + 1, " at node ", requests_[i].node, " was never answered");
      return;
    }
  }
}

}  // namespace synod::test
