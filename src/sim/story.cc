#include "src/sim/story.h"

#include <algorithm>
#include <cstdio>

#include "synod/sim/scenario.h"

#include "src/concat.h"

namespace synod::sim {
namespace {

using synod::internal::Concat;

thread_local const Story* running = nullptr;

std::string Seconds(Instant when) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6f",
                std::chrono::duration<double>(when.time_since_epoch()).count());
  return text;
}

}  // namespace

const Story* Story::Running() { return running; }

void Story::SetRunning(const Story* story) { running = story; }

// What happens all the time: one note for as long as nothing else happens.
bool Story::GoesOn(What what) {
  return what == What::kCommits || what == What::kAnswered || what == What::kUnknown;
}

void Story::Note(Instant when, What what, NodeId node, uint64_t a, uint64_t b) {
  const Event event{.when = when, .what = what, .node = node, .a = a, .b = b};
  for (size_t back = 1; back <= std::min(count_, kCapacity); ++back) {
    Event& before = events_[(count_ - back) % kCapacity];
    const bool is_same = before.what == what && before.node == node;
    if (is_same && (GoesOn(what) || (before.a == a && before.b == b))) {
      before.when = when;
      before.b = b;
      ++before.times;
      return;
    }
    if (!GoesOn(before.what)) break;
  }
  Add(event);
}

void Story::Note(Instant when, const Fault& fault) {
  Add({.when = when, .what = What::kFault, .node = {}, .fault = &fault});
}

std::string Story::Sentence(const Event& event) {
  const std::string node = Concat("node ", event.node.value());
  switch (event.what) {
    case What::kFault: {
      const std::string line = Print(*event.fault);  // Its time is known.
      return Concat("-- ", line.substr(line.find(' ') + 1));
    }
    case What::kStarts:
      return Concat(node, " starts with a log to ", event.a, ", in term ", event.b);
    case What::kRefused:
      return Concat(node, " finds that its disk is damaged, and does not start");
    case What::kDies:
      return Concat(node, " dies");
    case What::kStops:
      return Concat(node, " is stopped");
    case What::kEnters:
      return Concat(node, " enters term ", event.a);
    case What::kCampaigns:
      return Concat(node, " asks for votes in term ", event.a);
    case What::kVotes:
      return Concat(node, " votes in term ", event.a, " for node ", event.b);
    case What::kLeads:
      return Concat(node, " leads term ", event.a, ", with a log to ", event.b);
    case What::kTruncates:
      return Concat(node, " cuts its log from ", event.a, " on");
    case What::kInstalls:
      return Concat(node, " takes a snapshot of ", event.a, " in place of its log");
    case What::kCommits:
      return Concat(node, ", the leader of term ", event.a, ", commits to ", event.b);
    case What::kMembers:
      return Concat("a configuration of ", event.b, " voters is committed at ", event.a);
    case What::kAnswered:
      return Concat("clients are answered ", event.times, " times, the last write at ", event.b);
    case What::kUnknown:
      return Concat("clients are told ", event.times, " times that nobody knows the outcome");
  }
  return {};
}

std::vector<std::string> Story::Tell(size_t most) const {
  most = std::min({most, count_, kCapacity});
  std::vector<std::string> sentences;
  for (size_t i = count_ - most; i < count_; ++i) {
    const Event& event = events_[i % kCapacity];
    const std::string since = event.since == event.when ? "" : Concat(Seconds(event.since), " to ");
    sentences.push_back(Concat(since, Seconds(event.when), " s: ", Sentence(event)));
  }
  return sentences;
}

}  // namespace synod::sim
