// Options as one line of text, and back.
#include <algorithm>
#include <string>
#include <string_view>

#include "synod/sim/options.h"

#include "src/concat.h"
#include "src/sim/option_fields.h"
#include "src/sim/values.h"

namespace synod::sim {

using synod::internal::Concat;

std::string Options::Describe() const {
  const Options defaults;
  std::string text = "seed=" + PrintValue(seed);
  ForEachField([&](std::string_view name, auto field) {
    if (name == "seed" || field(*this) == field(defaults)) return;
    text += Concat(' ', name, '=', PrintValue(field(*this)));
  });
  return text;
}

absl::StatusOr<Options> Options::Parse(std::string_view described) {
  Options options;
  for (std::string_view item : Split(described, ' ')) {
    const auto [name, value] = SplitField(item);
    bool is_known = false;
    bool is_good = false;
    std::string kind;
    std::string all;
    ForEachField([&, name = name, value = value](std::string_view known, auto field) {
      all += Concat(' ', known);
      if (known != name) return;
      is_known = true;
      is_good = ParseValue(value, field(options));
      kind = KindOf(field(options));
    });
    if (!is_known) {
      return absl::InvalidArgumentError(Concat("there is no option '", name, "'; there are:", all));
    }
    if (!is_good) {
      return absl::InvalidArgumentError(Concat(name, " cannot be '", value, "': it is ", kind));
    }
  }
  if (absl::Status status = options.Validate(); !status.ok()) return status;
  return options;
}

absl::Status Options::Validate() const {
  constexpr size_t kMaxSpares = 64;
  constexpr size_t kMaxClients = 10'000;
  constexpr uint32_t kAlways = 10'000;
  constexpr uint32_t kMaxSpread = 10;
  const auto outside = [](std::string_view name, std::string_view range) {
    return absl::InvalidArgumentError(Concat(name, " must be ", range));
  };
  if (nodes < 1 || nodes > kMaxVoters) return outside("nodes", Concat("1 to ", kMaxVoters));
  if (absl::Status status = CheckQuorums(quorums, Founders().voters, ElectionsMustMeet(protocol));
      !status.ok()) {
    return absl::InvalidArgumentError(Concat("quorums: ", status.message()));
  }
  if (alpha < 1 || alpha > Configuration::kMaxAlpha) {
    return outside("alpha", Concat("1 to ", Configuration::kMaxAlpha));
  }
  if (acceptors > 0 && !IsWellFormed(Founders())) {
    return outside("acceptors",
                   "of multipaxos, with nodes no more than 15, and alpha at most 16384");
  }
  if (spares > kMaxSpares) return outside("spares", "at most 64");
  if (clients < 1 || clients > kMaxClients) return outside("clients", "1 to 10000");
  if (network.capacity == 0) return outside("network.capacity", "positive");
  if (network.spread > kMaxSpread) return outside("network.spread", "at most 10");
  if (snapshot_after_entries == 0) return outside("snapshot_after_entries", "positive");
  if (max_pending_requests == 0) return outside("max_pending_requests", "positive");
  if (segment_bytes == 0) return outside("segment_bytes", "positive");
  const uint32_t most_turned = *std::max_element(knobs.begin(), knobs.end());
  const uint32_t worst =
      std::max({most_turned, stale_reads, network.lose, network.repeat, network.replay,
                network.late, network.garble, network.check_wire});
  if (worst > kAlways) return outside("every chance", "at most 10000, which is always");
  if (faults.drift < 0 || faults.drift >= 1'000'000) {
    return outside("faults.drift", "0 to 999999 millionths");
  }
  return engine.Validate();
}

}  // namespace synod::sim
