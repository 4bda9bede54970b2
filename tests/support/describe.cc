#include "tests/support/describe.h"

#include <ostream>
#include <sstream>

namespace synod::test {

namespace {

const char* YesNo(bool granted) { return granted ? "granted" : "refused"; }

struct Printer {
  std::ostream& out;

  void operator()(const Introduce& m) const {
    out << "Introduce recorded=" << m.recorded << (m.wants_reply ? " wants reply" : "");
  }
  void operator()(const PreVoteRequest& m) const {
    out << "PreVoteRequest for=" << m.next_term << " last=" << m.last_index << "/" << m.last_term;
  }
  void operator()(const PreVoteReply& m) const {
    out << "PreVoteReply for=" << m.next_term << " " << YesNo(m.granted);
  }
  void operator()(const VoteRequest& m) const {
    out << "VoteRequest last=" << m.last_index << "/" << m.last_term
        << (m.by_transfer ? " by transfer" : "");
  }
  void operator()(const VoteReply& m) const { out << "VoteReply " << YesNo(m.granted); }
  void operator()(const AppendRequest& m) const {
    out << "Append prev=" << m.prev_index << "/" << m.prev_term << " commit=" << m.commit << " [";
    for (const Entry& entry : m.entries) out << " " << entry.index << "/" << entry.term;
    out << " ]";
  }
  void operator()(const AppendReply& m) const {
    if (m.status == AppendReply::Status::kAccepted) {
      out << "AppendReply accepted=" << m.index;
    } else {
      out << "AppendReply mismatch=" << m.index << " hint=" << m.hint_index << "/" << m.hint_term;
    }
  }
  void operator()(const Heartbeat& m) const {
    out << "Heartbeat round=" << m.round << " commit=" << m.commit;
  }
  void operator()(const HeartbeatReply& m) const {
    out << "HeartbeatReply round=" << m.round << " received=" << m.received;
  }
  void operator()(const TimeoutNow&) const { out << "TimeoutNow"; }
  void operator()(const ReadRequest& m) const { out << "ReadRequest context=" << m.context; }
  void operator()(const ReadReply& m) const {
    out << "ReadReply context=" << m.context << " index=" << m.index;
    if (m.reason != Reason::kNone) out << " refused: " << synod::Describe(m.reason);
  }
  void operator()(const SnapshotChunk& m) const { out << "SnapshotChunk of=" << m.meta.index; }
  void operator()(const SnapshotChunkReply&) const { out << "SnapshotChunkReply"; }
};

}  // namespace

std::string Describe(const Message& message) {
  std::ostringstream out;
  out << message.from << "->" << message.to << " term=" << message.term << " ";
  std::visit(Printer{out}, message.body);
  return out.str();
}

}  // namespace synod::test
