// Clients, each with one request under way at a time, and what they were told.
#ifndef SYNOD_SRC_SIM_CLIENT_H_
#define SYNOD_SRC_SIM_CLIENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "synod/core/outcome.h"
#include "synod/sim/history.h"
#include "synod/sim/options.h"
#include "synod/sim/report.h"
#include "synod/sim/workload.h"

#include "src/sim/node.h"
#include "src/sim/world.h"

namespace synod::sim {

class Clients final : public Actor {
 public:
  Clients(World& world, const Options& options, Workload& workload,
          std::vector<std::unique_ptr<Node>>& nodes, Judge& judge, Counts& counts);
  ~Clients() override { world_.Remove(actor_); }

  // Each client asks its first question soon.
  void Begin();
  // From now on they wait so long for an answer.
  void SetDeadline(Duration deadline) { deadline_ = deadline; }
  // A leader stands: from now on what they ask these members is answered, for as long as there is
  // not too much of it. Only who writes to another than the leader is sent on. They ask nobody
  // else.
  void ExpectAnswers(NodeId leader, const std::vector<NodeId>& members);
  // Since then each of them has had some answers, and one at least to each kind of request that it
  // has made.
  [[nodiscard]] bool AreServed() const;
  // Who has not, for people.
  [[nodiscard]] std::string Unserved() const;
  // Nobody asks anything new.
  void Finish() { finishing_ = true; }
  [[nodiscard]] bool AllIdle() const { return busy_ == 0; }

  // Answers are for nobody any more.
  void Close() { clients_.clear(); }

  // All calls that were answered or may have had an effect. At the end.
  [[nodiscard]] History<Request> TakeHistory();
  // Reads of what a node had, each answered at the index of a prefix. At the end.
  [[nodiscard]] const History<Request>& stale_reads() const { return stale_reads_; }
  // Commands that certainly were never replicated.
  [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }

  // A turn of the client `what`.
  void OnEvent(uint64_t what) override;

  // What a node says of a write, or a read, that it was asked for, by the client and the number of
  // its request.
  void OnOutcome(uint64_t client, uint64_t number, const Outcome& outcome);
  void OnAnswer(uint64_t client, uint64_t number, absl::StatusOr<std::string> answer);
  // A node answers a stale read from its state at `index`: that must be of what is committed, and
  // not older than what it has shown in this life.
  void OnStaleState(NodeId node, uint64_t life, Index index);

 private:
  static constexpr uint64_t kNobody = ~uint64_t{0};
  static constexpr uint64_t kEnough = 4;

  // Requests of a kind, of those that were to be answered.
  struct Served {
    uint64_t ended = 0;
    uint64_t answered = 0;
  };

  struct Client {
    explicit Client(Rng its) : dice(its) {}
    Rng dice;
    uint64_t number = 0;  // Of its last request.
    size_t call = 0;      // In the history.
    NodeId target;        // Whom it asks next; 0: anybody.
    NodeId asked;         // Whom it has asked last.
    bool is_busy = false;
    bool is_expectant = false;  // Its last request is to be answered, ...
    bool is_stale = false;      // ... or it is a read that takes what its node has.
    Served reads;
    Served writes;

    [[nodiscard]] bool IsServed() const {
      return reads.answered + writes.answered >= kEnough &&
             (reads.ended == 0 || reads.answered > 0) && (writes.ended == 0 || writes.answered > 0);
    }
  };

  void Ask(uint64_t client);
  // Whether its request is under way: each ends once.
  [[nodiscard]] bool Awaits(uint64_t client, uint64_t number);
  // Its request has ended without an answer, ...
  void CheckRefusal(uint64_t client, Outcome::Kind kind, Reason reason);
  // ... or with one.
  void NoteAnswer(Client& client);
  [[nodiscard]] Served& ServedOf(Client& client);
  // It had no effect.
  void Refused(uint64_t client);
  void Unknown(uint64_t client);
  void Answered(uint64_t client, Index index, std::string answer);
  void Next(uint64_t client);
  [[nodiscard]] Node* Target(Client& client);

  World& world_;
  const Options& options_;
  Workload& workload_;
  std::vector<std::unique_ptr<Node>>& nodes_;
  Judge& judge_;
  Counts& counts_;
  const World::ActorId actor_;
  Duration deadline_;
  std::vector<Client> clients_;
  size_t busy_ = 0;
  bool finishing_ = false;
  NodeId leader_;                  // Who stands; 0: nobody has to be answered.
  std::vector<NodeId> addresses_;  // Whom they ask.
  History<Request> history_;
  History<Request> stale_reads_;
  std::map<std::pair<NodeId, uint64_t>, Index> shown_;  // By each life of a node, at most.
  std::vector<std::string> refused_;
};

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_CLIENT_H_
