#include "kv/acceptors.h"

#include <chrono>
#include <random>
#include <string>

#include <synod/switch/acceptor_address.h>
#include <synod/switch/switch_control.h>

namespace synod_kv {

namespace {

constexpr std::chrono::seconds kAcceptorPatience(5);

absl::Status Enable(const synod::slots::AcceptorAddress& address, uint32_t group) {
  auto control = synod::slots::SwitchControl::Connect(address.Control(), kAcceptorPatience);
  if (!control.ok()) return control.status();
  std::random_device source;
  uint64_t drawn = 0;
  while (drawn == 0) drawn = uint64_t{source()} << 32 | source();
  return (*control)->Enable(group, drawn, /*trim=*/0);
}

absl::StatusOr<uint64_t> FindOne(const std::string& text, uint32_t group) {
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
  // Another member's bootstrap may be about it at the same time.
  const absl::Status enabled = Enable(*address, group);
  absl::StatusOr<uint64_t> there = synod::slots::AskIncarnation(*address, group, kAcceptorPatience);
  return !enabled.ok() && there.value_or(0) == 0 ? enabled : there;
}

}  // namespace

absl::StatusOr<std::vector<synod::MemberRecord>> FindAcceptors(const Flags& flags,
                                                               synod::GroupId group) {
  std::vector<synod::MemberRecord> found;
  const std::vector<synod::NodeId> ids = flags.AcceptorIds();
  for (size_t i = 0; i < ids.size(); ++i) {
    const absl::StatusOr<uint64_t> incarnation =
        FindOne(flags.acceptors[i], static_cast<uint32_t>(group.value()));
    if (!incarnation.ok()) return incarnation.status();
    found.push_back({.node = ids[i],
                     .incarnation = synod::Incarnation(*incarnation),
                     .epoch = {},
                     .address = flags.acceptors[i]});
  }
  return found;
}

}  // namespace synod_kv
