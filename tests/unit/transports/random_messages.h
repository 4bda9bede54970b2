// Well-formed messages of every type, drawn from a seed.
#ifndef SYNOD_TESTS_UNIT_TRANSPORTS_RANDOM_MESSAGES_H_
#define SYNOD_TESTS_UNIT_TRANSPORTS_RANDOM_MESSAGES_H_

#include <cstddef>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "synod/base/rng.h"
#include "synod/core/message.h"

namespace synod::testing {

class RandomMessages {
 public:
  explicit RandomMessages(uint64_t seed) : rng_(seed) {}

  static constexpr size_t kTypes = std::variant_size_v<MessageBody>;

  // One of the alternative number `type`.
  Message OfType(size_t type, NodeId from, NodeId to) {
    Message message{.group = 1 + rng_.Below(3),
                    .from = from,
                    .to = to,
                    .incarnation = Incarnation(rng_.Chance(1, 2) ? 7 : rng_.Next()),
                    .term = Term(rng_.Below(3)),
                    .body = {}};
    Fill(type, message.body, std::make_index_sequence<kTypes>());
    return message;
  }

  Message Any(NodeId from, NodeId to) { return OfType(rng_.Below(kTypes), from, to); }

  std::vector<Message> Batch(size_t count, NodeId from, NodeId to) {
    std::vector<Message> batch;
    while (batch.size() < count) batch.push_back(Any(from, to));
    return batch;
  }

  std::string Bytes(size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng_.Next());
    return bytes;
  }

 private:
  template <size_t... kIndexes>
  void Fill(size_t type, MessageBody& body, std::index_sequence<kIndexes...>) {
    (void)((type == kIndexes && (Fill(body.emplace<kIndexes>()), true)) || ...);
  }

  // Of every length that a varint can have.
  uint64_t Number() { return rng_.Next() >> rng_.Below(64); }
  bool Bool() { return rng_.Chance(1, 2); }

  void Fill(Introduce& m) {
    m = {rng_.Next(), Incarnation(rng_.Next()), Bool(), Bool(), rng_.Next()};
  }
  void Fill(PreVoteRequest& m) { m = {Term(Number()), Index(Number()), Term(Number())}; }
  void Fill(PreVoteReply& m) { m = {Term(Number()), Bool()}; }
  void Fill(VoteRequest& m) { m = {Index(Number()), Term(Number()), Bool()}; }
  void Fill(VoteReply& m) { m = {Bool()}; }
  void Fill(AppendRequest& m) {
    m.prev_index = Index(Number() / 2);
    m.prev_term = Term(Number() / 2);
    m.commit = Index(Number());
    m.epoch = Index(Number());
    FillEntries(m.prev_index, m.prev_term, m.entries);
  }
  void Fill(AppendReply& m) {
    m = {Bool() ? AppendReply::Status::kAccepted : AppendReply::Status::kMismatch, Index(Number()),
         Index(Number()), Index(Number()), Term(Number())};
  }
  void Fill(Heartbeat& m) { m = {Number(), Index(Number()), Index(Number())}; }
  void Fill(HeartbeatReply& m) { m = {Number(), Index(Number()), Index(Number()), Bool()}; }
  void Fill(TimeoutNow&) {}
  void Fill(ReadRequest& m) { m = {RequestId(Number())}; }
  void Fill(ReadReply& m) {
    m = {RequestId(Number()), Index(Number()), static_cast<Reason>(rng_.Below(15))};
  }
  void Fill(SnapshotChunk& m) {
    m.transfer = Number();
    m.meta.index = Index(Number());
    m.meta.term = Term(Number());
    m.meta.configuration = Configuration::Of({1, 2 + rng_.Below(5), 10 + Number()});
    if (Bool()) m.meta.configuration.outgoing = {NodeId(2), NodeId(3)};
    if (Bool()) m.meta.configuration.learners = {NodeId(5 + Number())};
    if (Bool()) {
      for (NodeId node : m.meta.configuration.Members()) {
        m.meta.configuration.records.push_back({.node = node,
                                                .incarnation = Incarnation(rng_.Next()),
                                                .epoch = Index(Number()),
                                                .address = Bytes(rng_.Below(30))});
      }
    }
    m.meta.checksum = static_cast<uint32_t>(rng_.Next());
    m.checksum = static_cast<uint32_t>(rng_.Next());
    m.data = Payload::Copy(Bytes(PayloadSize()));
    m.offset = Number() / 2;
    m.meta.size = m.offset + m.data.size() + rng_.Below(100);
  }
  void Fill(SnapshotChunkReply& m) { m = {Number(), Number(), Bool()}; }
  void Fill(NotMember& m) { m = {Index(Number()), Incarnation(rng_.Next())}; }
  void Fill(PrepareRequest& m) { m = {Index(Number()), Bool()}; }
  void Fill(PrepareReply& m) {
    m = {.ballot = AnyBallot(),
         .promised = AnyBallot(),
         .from = Index(Number() / 2),
         .first = Index(Number()),
         .chosen = Index(Number()),
         .next = Index(Number()),
         .accepted = {}};
    FillEntries(m.from, Term(), entries_);
    Ballot ballot = AnyBallot();
    uint64_t skipped = 0;
    for (Entry& entry : entries_) {
      if (Bool()) ballot = AnyBallot();
      if (Bool()) skipped += rng_.Below(1000);
      entry.index = entry.index + skipped;
      entry.term = ballot.round;
      m.accepted.push_back({.entry = std::move(entry), .ballot = ballot});
    }
    entries_.clear();
  }
  void Fill(AcceptRequest& m) {
    m = {.first = Index(Number() / 2 + 1),
         .commit = Index(Number()),
         .epoch = Index(Number()),
         .round = Number(),
         .entries = {}};
    FillEntries(m.first - 1, Term(), m.entries);
  }
  void Fill(AcceptReply& m) {
    m = {AnyBallot(),     AnyBallot(),     Index(Number()), Index(Number()),
         Index(Number()), Index(Number()), Number(),        Bool()};
  }

  Ballot AnyBallot() {
    return {.round = Term(Number()), .node = Number(), .incarnation = Incarnation(rng_.Next())};
  }

  // Some that follow `index`, where the term is `term`.
  void FillEntries(Index index, Term term, std::vector<Entry>& entries) {
    const size_t count = rng_.Below(6);
    for (size_t i = 0; i < count; ++i) {
      if (rng_.Chance(1, 3)) term = term + rng_.Below(1000);
      const auto kind = static_cast<EntryKind>(1 + rng_.Below(3));
      const bool is_empty = kind == EntryKind::kNoOp;
      entries.push_back({.index = ++index,
                         .term = term,
                         .kind = kind,
                         .payload = is_empty ? Payload() : Payload::Copy(Bytes(PayloadSize()))});
    }
  }

  // Mostly small; now and then above what is sent by reference.
  size_t PayloadSize() { return rng_.Chance(1, 10) ? 8000 + rng_.Below(20'000) : rng_.Below(300); }

  Rng rng_;
  std::vector<Entry> entries_;
};

}  // namespace synod::testing

#endif  // SYNOD_TESTS_UNIT_TRANSPORTS_RANDOM_MESSAGES_H_
