#include "kv/acceptors.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>

#include <synod/switch/acceptor_address.h>
#include <synod/switch/switch_control.h>

namespace synod_kv {

namespace {

constexpr std::chrono::seconds kAcceptorPatience(5);
// With whoever is to enable them.
constexpr std::chrono::seconds kEnablerPatience(30);

absl::Status Enable(const synod::slots::AcceptorAddress& address, uint32_t group) {
  auto control = synod::slots::SwitchControl::Connect(address.Control(), kAcceptorPatience);
  if (!control.ok()) return control.status();
  std::random_device source;
  uint64_t drawn = 0;
  while (drawn == 0) drawn = uint64_t{source()} << 32 | source();
  return (*control)->Enable(group, drawn, /*trim=*/0);
}

// If only one member may do it, nobody overwrites what another is about to write.
synod::NodeId EnablerOf(const Flags& flags) {
  return std::ranges::min_element(flags.cluster, {}, &ClusterMember::id)->id;
}

absl::StatusOr<uint64_t> AwaitVoter(const synod::slots::AcceptorAddress& address, uint32_t group) {
  const auto end = std::chrono::steady_clock::now() + kEnablerPatience;
  while (true) {
    absl::StatusOr<uint64_t> there =
        synod::slots::AskIncarnation(address, group, kAcceptorPatience);
    const bool is_over = std::chrono::steady_clock::now() >= end;
    if (!there.ok() || *there != 0 || is_over) return there;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

absl::StatusOr<uint64_t> FindOne(const std::string& text, uint32_t group, const Flags& flags) {
  const auto address = synod::slots::ParseAcceptorAddress(text);
  if (!address.ok()) return address.status();
  absl::StatusOr<uint64_t> incarnation =
      synod::slots::AskIncarnation(*address, group, kAcceptorPatience);
  if (!incarnation.ok() || *incarnation != 0) return incarnation;
  if (address->control_port == 0) {
    return absl::FailedPreconditionError(
        "the acceptor " + text + " is no voter: enable it, for group " + std::to_string(group) +
        ", or give its control port behind a slash");
  }
  const synod::NodeId enabler = EnablerOf(flags);
  if (flags.id == enabler) {
    if (absl::Status status = Enable(*address, group); !status.ok()) return status;
    return synod::slots::AskIncarnation(*address, group, kAcceptorPatience);
  }
  incarnation = AwaitVoter(*address, group);
  if (incarnation.value_or(1) != 0) return incarnation;
  return absl::FailedPreconditionError("the acceptor " + text + " is no voter: bootstrap member " +
                                       std::to_string(enabler.value()) +
                                       " first, which makes it one");
}

}  // namespace

absl::StatusOr<std::vector<synod::MemberRecord>> FindAcceptors(const Flags& flags,
                                                               synod::GroupId group) {
  std::vector<synod::MemberRecord> found;
  const std::vector<synod::NodeId> ids = flags.AcceptorIds();
  for (size_t i = 0; i < ids.size(); ++i) {
    const absl::StatusOr<uint64_t> incarnation =
        FindOne(flags.acceptors[i], static_cast<uint32_t>(group.value()), flags);
    if (!incarnation.ok()) return incarnation.status();
    found.push_back({.node = ids[i],
                     .incarnation = synod::Incarnation(*incarnation),
                     .epoch = {},
                     .address = flags.acceptors[i]});
  }
  return found;
}

}  // namespace synod_kv
