// What replicas say to each other. Transports carry these and understand none of them.
#ifndef SYNOD_CORE_MESSAGE_H_
#define SYNOD_CORE_MESSAGE_H_

#include <cstdint>
#include <variant>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/payload.h"
#include "synod/core/ballot.h"
#include "synod/core/durable_state.h"
#include "synod/core/entry.h"
#include "synod/core/outcome.h"

namespace synod {

// "This is who I am": exchanged until each member has recorded every other's incarnation, and the
// same initial configuration, and knows that the others have recorded its own. Nobody votes before
// that.
struct Introduce {
  // Of the sender's initial configuration; 0: it has none, and waits to be made a member.
  uint64_t configuration_hash = 0;
  Incarnation recorded;  // What the sender has durably recorded for the receiver; 0: nothing yet.
  bool wants_reply = false;
  // A change of the members has written down what `recorded` says: the receiver needs nobody else's
  // word.
  bool is_settled = false;
  // Of a leader that asks a newcomer which disk it is: a number that no other change has. Of the
  // answer: as asked, since one that comes late may be of a disk that is gone (M3). 0: neither.
  uint64_t question = 0;

  friend bool operator==(const Introduce&, const Introduce&) = default;
};

// "Would you vote for me in `next_term`?" Changes nothing at the receiver (Ongaro §9.6).
struct PreVoteRequest {
  Term next_term;
  Index last_index;
  Term last_term;

  friend bool operator==(const PreVoteRequest&, const PreVoteRequest&) = default;
};

struct PreVoteReply {
  Term next_term;  // As asked.
  bool granted = false;

  friend bool operator==(const PreVoteReply&, const PreVoteReply&) = default;
};

// RequestVote (Raft §5.2). The candidate's term is the message's.
struct VoteRequest {
  Index last_index;
  Term last_term;
  bool by_transfer =
      false;  // The leader itself asked for this election: do not protect it (Ongaro §4.2.3).

  friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};

struct VoteReply {
  bool granted = false;

  friend bool operator==(const VoteReply&, const VoteReply&) = default;
};

// AppendEntries (Raft §5.3).
struct AppendRequest {
  Index prev_index;
  Term prev_term;
  Index commit;      // ≤ prev_index + entries.size() (I7).
  Index epoch = {};  // Of the receiver's membership, to be echoed (I9).
  std::vector<Entry> entries;

  friend bool operator==(const AppendRequest&, const AppendRequest&) = default;
};

// Answers an AppendRequest or an installed snapshot. It counts only if its term is the leader's
// current one and incarnation and epoch are the member's (I9); only then is an index looked at.
struct AppendReply {
  enum class Status : uint8_t {
    kAccepted = 1,  // The log is durable here and equal to the leader's up to `index` (I5, I6).
    kMismatch = 2,  // The entry at `index` (the request's prev_index) is not ours.
  };
  Status status = Status::kAccepted;
  Index epoch;  // As asked.
  Index index;
  // With kMismatch: the logs can agree at most at `hint_index`, where this log has `hint_term`.
  Index hint_index;
  Term hint_term;

  friend bool operator==(const AppendReply&, const AppendReply&) = default;
};

// Says that the leader of this group in this term is alive, carries its commit index, and asks
// whether it still leads.
struct Heartbeat {
  uint64_t round = 0;  // Rises with every broadcast that a read waits for (Raft §8).
  Index commit;        // ≤ the receiver's match (I7).
  Index epoch = {};    // Of the receiver's membership, to be echoed (I9).

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct HeartbeatReply {
  uint64_t round = 0;  // As asked.
  Index epoch;         // As asked.
  Index received;  // The log agrees with the leader's up to here, though it may not be durable yet.
  bool has_space = true;  // The sender's store takes more commands.

  friend bool operator==(const HeartbeatReply&, const HeartbeatReply&) = default;
};

// "Campaign now, do not wait": the last step of a leadership transfer (Ongaro §3.10).
struct TimeoutNow {
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

// A follower asks the leader for a read index (Ongaro §6.4).
struct ReadRequest {
  RequestId context;

  friend bool operator==(const ReadRequest&, const ReadRequest&) = default;
};

struct ReadReply {
  RequestId context;
  Index index;  // Serve the read when this is applied. Meaningful if reason is kNone.
  Reason reason = Reason::kNone;  // Why it was refused.

  friend bool operator==(const ReadReply&, const ReadReply&) = default;
};

// A piece of a snapshot; on the bulk lane. The runtime puts the pieces together, and the core hears
// of the whole.
struct SnapshotChunk {
  uint64_t transfer = 0;  // Names this attempt; unique at the sender.
  SnapshotMeta meta;
  uint64_t offset = 0;
  uint32_t checksum = 0;  // CRC-32C of `data`.
  Payload data;           // The last piece ends at meta.size.

  friend bool operator==(const SnapshotChunk&, const SnapshotChunk&) = default;
};

struct SnapshotChunkReply {
  uint64_t transfer = 0;
  uint64_t next_offset = 0;  // All before it is written at the receiver.
  bool rejected = false;     // The receiver gave up on this transfer.

  friend bool operator==(const SnapshotChunkReply&, const SnapshotChunkReply&) = default;
};

// "You campaign, but you are not a member": the answer, beside the usual one, to a candidate that
// the sender's committed configuration does not name (M7).
struct NotMember {
  Index as_of;  // The sender's commit index: what a log says below it that is not so is void.
  Incarnation incarnation;  // The candidate's disk: its name may be a new one's by now.

  friend bool operator==(const NotMember&, const NotMember&) = default;
};

// --- Multi-Paxos (Lamport, "Paxos Made Simple"). The ballot of a request is the message's term,
// its sender, and the sender's incarnation. ---

// Phase 1a, for all slots from `from` on at once: promise to take part in no lower ballot, and say
// what has been accepted there.
struct PrepareRequest {
  Index from;
  bool by_transfer = false;  // The leader itself asked for this election.

  friend bool operator==(const PrepareRequest&, const PrepareRequest&) = default;
};

// A value, and the ballot under which the sender accepted it.
struct AcceptedEntry {
  Entry entry;  // Its term is the ballot's round.
  Ballot ballot;

  [[nodiscard]] size_t Bytes() const { return entry.Bytes() + kBallotBytes; }
  static constexpr size_t kBallotBytes = 32;

  friend bool operator==(const AcceptedEntry&, const AcceptedEntry&) = default;
};

// Phase 1b. Both the promise and what it reports are durable.
struct PrepareReply {
  Ballot ballot;    // As asked.
  Ballot promised;  // Higher than `ballot`: refused, and nothing below means anything.
  Index from;       // As asked.
  Index first;      // What is before it the sender has in a snapshot alone, or has forgotten (I8).
  Index chosen;     // What is reported up to here is chosen.
  Index next;       // The report goes on there when it is asked for; 0: this is its end.
  std::vector<AcceptedEntry> accepted;  // In order of their slots, at or above `from`.

  friend bool operator==(const PrepareReply&, const PrepareReply&) = default;
};

// Phase 2a, and the leader's heartbeat.
struct AcceptRequest {
  Index first;         // The slot of the first entry, or of the next that is to come.
  Index commit;        // Of what is accepted in this ballot, so much is chosen (I7).
  Index epoch;         // Of the receiver's membership, to be echoed (I9).
  uint64_t round = 0;  // Of the heartbeat, to be answered at once; 0: it is none.
  // To who is nothing but an acceptor: so many know, durably, that all up to here is chosen that
  // these members and those to come can go on without it, so it may be forgotten (I8).
  Index forget = {};
  std::vector<Entry> entries;  // Contiguous, all of the message's term.

  friend bool operator==(const AcceptRequest&, const AcceptRequest&) = default;
};

// Phase 2b. Counts only in the leader's own ballot, from the member's own incarnation and epoch
// (I9).
struct AcceptReply {
  Ballot ballot;    // As asked.
  Ballot promised;  // Higher than `ballot`: refused, and nothing below means anything.
  Index epoch;      // As asked.
  Index accepted;   // All slots up to here are chosen or accepted in this ballot, durably (I5, I6).
  Index received;   // The same, though it may not be durable yet.
  Index chosen;     // So much the sender knows to be chosen, durably.
  uint64_t round = 0;     // As asked; 0: no answer to a heartbeat.
  bool has_space = true;  // The sender's store takes more commands.

  friend bool operator==(const AcceptReply&, const AcceptReply&) = default;
};

// The position of an alternative here is its number on the wire: append only.
using MessageBody =
    std::variant<Introduce, PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, AppendRequest,
                 AppendReply, Heartbeat, HeartbeatReply, TimeoutNow, ReadRequest, ReadReply,
                 SnapshotChunk, SnapshotChunkReply, NotMember, PrepareRequest, PrepareReply,
                 AcceptRequest, AcceptReply>;

struct Message {
  GroupId group;
  NodeId from;
  NodeId to;
  Incarnation incarnation;  // The sender's.
  Term term;                // The sender's current one, or for an answer the one it was given in.
  MessageBody body;

  friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace synod

#endif  // SYNOD_CORE_MESSAGE_H_
