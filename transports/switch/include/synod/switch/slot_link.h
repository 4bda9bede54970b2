// The proposer's side of one slot acceptor: a leader's messages become requests for single slots,
// and the answers to them the messages that a replica would have sent.
#ifndef SYNOD_SWITCH_SLOT_LINK_H_
#define SYNOD_SWITCH_SLOT_LINK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "synod/base/ids.h"
#include "synod/base/time.h"
#include "synod/core/ballot.h"
#include "synod/core/message.h"
#include "synod/switch/slot_packet.h"

namespace synod::slots {

struct LinkOptions {
  // A request is repeated for as long as it is not answered: after this, then twice this, … up to
  // the most. The same pauses are made after answers that lead nowhere, such as another
  // incarnation's.
  Duration retransmit_min = std::chrono::milliseconds(2);
  Duration retransmit_max = std::chrono::milliseconds(500);
  size_t max_in_flight = 256;     // Requests for slots that are not answered.
  size_t max_queued = 32 * 1024;  // Slots that wait; more are dropped, and come again.
  uint64_t page_slots = 1024;     // Of one report.
  uint32_t trim_step = 4;         // The trim is raised by so many chunks at once, or more.
  // A control plane that has not raised it is asked again after this, then twice this, … up to the
  // most.
  Duration trim_pause_min = std::chrono::seconds(1);
  Duration trim_pause_max = std::chrono::seconds(30);
  // Other numbers are for simulations.
  uint32_t chunk_slots = kChunkSlots;
  uint32_t max_round = UINT32_MAX;  // In a ballot.
};

struct LinkCounters {
  uint64_t requests = 0;
  uint64_t answers = 0;
  uint64_t retransmissions = 0;
  uint64_t stale_answers = 0;    // To what nobody asks any more.
  uint64_t useless_answers = 0;  // Neither done nor refused for a promise.
  uint64_t digests = 0;          // Values that did not fit.
  uint64_t dropped_slots = 0;
};

// Has no thread, clock or I/O. Requests mean the same when they are repeated, and answers are
// matched by their cookies, so that the network may lose, repeat and reorder either. Nothing is
// answered that the acceptor itself has not said since, in this very ballot, under the incarnation
// that counts (I9).
class SlotLink {
 public:
  struct Identity {
    GroupId group;
    NodeId self;              // Who proposes.
    NodeId acceptor;          // Under which name it is a member, ...
    Incarnation incarnation;  // ... and which one of those that ever had it.
  };
  struct Output {
    std::vector<SlotPacket> packets;       // To the acceptor.
    std::vector<synod::Message> messages;  // From it, to the proposer.
    std::vector<std::string> warnings;     // For the operator.
    // To which chunk its control plane is to raise the trim: all before it is agreed to be of no
    // use (I8).
    std::optional<uint32_t> trim;
  };

  // Cookies begin at a random number, lest they be a former process's.
  SlotLink(const Identity& identity, const LinkOptions& options, uint64_t first_cookie)
      : identity_(identity), options_(options), next_cookie_(first_cookie) {}

  [[nodiscard]] const Identity& identity() const { return identity_; }

  // --- Inputs. Time does not go back. ---

  // The proposer's. What an acceptor has no part in is dropped.
  void OnMessage(const synod::Message& message, Instant now);
  // An answer from the acceptor's address.
  void OnAnswer(const SlotPacket& answer, Instant now);
  // Repeats what has not been answered.
  void OnTimer(Instant now);

  // Adds to `out` what has become due. After each batch of inputs.
  void TakeOutput(Output& out);

  // When to call OnTimer at the latest. kNever: nothing is under way.
  [[nodiscard]] Instant NextDeadline() const { return requests_.empty() ? kNever : next_due_; }
  [[nodiscard]] const LinkCounters& counters() const { return counters_; }

 private:
  enum class Purpose : uint8_t { kAsk, kProbe, kRead, kAccept };
  // What has been asked and is not answered.
  struct Request {
    Purpose purpose;
    SlotPacket packet;
    uint32_t trim;  // The acceptor's when it was asked first, as far as known.
    Instant due;    // When it leaves next.
    Duration pause;
    bool was_sent = false;
  };
  // What a probe in the leader's own ballot is for: it shows that nobody higher was promised.
  struct Probe {
    uint64_t round = 0;  // The heartbeat to be answered; 0: none.
    bool acks = false;   // How far the slots have come is to be said.

    [[nodiscard]] bool IsEmpty() const { return round == 0 && !acks; }
  };
  // A part of the report that phase 1 asks for.
  struct Page {
    uint64_t from;      // As asked.
    uint64_t next;      // The slot to be read next.
    uint64_t end = 0;   // Behind the last slot of the page; 0: not known yet.
    uint64_t last = 0;  // Behind the last slot that was ever accepted in.
    std::set<uint64_t> reading = {};
    std::vector<AcceptedEntry> found = {};
  };
  struct Accept {
    SlotValue value = {};
    std::optional<uint64_t> cookie = {};  // Of the request that is under way.
    bool is_done = false;
  };

  // --- slot_link.cc ---
  void On(const synod::Message& message, const PreVoteRequest& request);
  void On(const synod::Message& message, const PrepareRequest& request);
  void On(const synod::Message& message, const AcceptRequest& request);
  [[nodiscard]] bool BeginBallot(const synod::Message& message);
  void EndBallot();
  void Refuse();
  void OnAsked(const SlotPacket& answer);
  void OnOwnAnswer(const SlotPacket& answer);
  void OnDone(const Request& request, const SlotPacket& answer);
  void OnRefused(const SlotPacket& answer);
  void OnOutsideWindow(Request& request, uint32_t trim);
  void OnUseless(Request& request, Outcome outcome);
  void NoteWindow(const SlotPacket& answer);
  uint64_t Ask(Purpose purpose, SlotPacket packet);  // Its cookie.
  void Transmit(Request& request);
  void Schedule(Request& request, Instant due);
  void Forget(Purpose purpose);
  void Deliver(Term term, MessageBody body);
  void Warn(std::string_view what);
  void AskForTrim();
  [[nodiscard]] SlotPacket OneA(uint64_t slot) const;
  // The window, as the acceptor has last told it: within it slots are answered for.
  [[nodiscard]] uint64_t WindowBegin() const { return uint64_t{trim_} * options_.chunk_slots; }
  [[nodiscard]] uint64_t WindowEnd() const {
    return WindowBegin() + uint64_t{kWindowChunks} * options_.chunk_slots;
  }
  [[nodiscard]] uint64_t InWindow(uint64_t slot) const;

  // --- slot_link_report.cc: phase 1 ---
  void OnRead(const SlotPacket& answer);
  void ReadMore();
  void FinishPage();

  // --- slot_link_accept.cc: phase 2 ---
  void TakeEntries(const AcceptRequest& request);
  void SendProbe(Probe more);
  void OnProbed(const SlotPacket& answer);
  void OnAccepted(uint64_t slot);
  void CountTrimmed(uint32_t trim);
  void CountAsAccepted(uint64_t slot);
  void Withdraw(Accept& accept);
  void SendMore();
  void Acknowledge(uint64_t round);

  const Identity identity_;
  const LinkOptions options_;
  uint64_t next_cookie_;
  Instant now_;
  LinkCounters counters_;

  Ballot ballot_;  // In which everything but asking is done.
  SlotBallot slot_ballot_;
  bool takes_part_ = false;               // The acceptor has answered in ballot_.
  std::optional<Ballot> higher_;          // The acceptor has promised it: ballot_ is over.
  std::map<uint64_t, Request> requests_;  // By their cookies.
  Instant next_due_ = kNever;             // None leaves before it.
  Instant paused_until_;                  // After an answer that led nowhere, ...
  Duration pause_{};                      // ... as long as the last such pause was.
  std::set<std::string_view> warned_;     // Since something was done. Literals.

  bool knows_window_ = false;
  uint32_t trim_ = 0;
  Index forget_;             // All slots up to it may be forgotten (I8).
  uint32_t asked_trim_ = 0;  // The control plane was asked for it last, ...
  Instant trim_due_;         // ... is asked again at this time if it has not done it, ...
  Duration trim_pause_{};    // ... and that is so long after.

  std::optional<Term> asked_by_;  // A candidate-to-be of this term asks whether it is there, ...
  Term asked_for_;                // ... for its candidacy in that one.
  std::optional<Page> page_;

  Index epoch_;                         // As the proposer last said.
  uint64_t accepted_ = 0;               // All slots up to it are chosen, or accepted in ballot_.
  std::map<uint64_t, Accept> accepts_;  // Above it.
  size_t in_flight_ = 0;                // Of them.
  uint64_t unsent_ = 0;                 // All of them before it have been sent.
  bool has_news_ = false;               // accepted_ has risen.
  Probe probing_;                       // Under way, ...
  Probe wanted_;                        // ... and after it.

  Output output_;
};

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_SLOT_LINK_H_
