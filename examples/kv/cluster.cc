#include "kv/cluster.h"

#include <charconv>
#include <set>
#include <system_error>

namespace synod_kv {

namespace {

absl::Status BadMember(std::string_view member, std::string_view why) {
  std::string message("'");
  message.append(member).append("' ").append(why);
  message.append("; a member looks like 1=host:peer-port/host:client-port");
  return absl::InvalidArgumentError(message);
}

template <class Integer>
bool ParseInteger(std::string_view text, Integer* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

absl::StatusOr<ClusterMember> ParseMember(std::string_view text) {
  const size_t equals = text.find('=');
  const size_t slash = text.find('/');
  if (equals == std::string_view::npos || slash == std::string_view::npos || slash < equals) {
    return BadMember(text, "is not a member");
  }
  uint64_t id = 0;
  if (!ParseInteger(text.substr(0, equals), &id) || id == 0) {
    return BadMember(text, "has no positive number as its id");
  }
  ClusterMember member{.id = id,
                       .peer_address = std::string(text.substr(equals + 1, slash - equals - 1)),
                       .client_address = std::string(text.substr(slash + 1))};
  if (!IsAddress(member.peer_address)) return BadMember(text, "has no valid peer address");
  if (!IsAddress(member.client_address)) return BadMember(text, "has no valid client address");
  return member;
}

}  // namespace

bool IsAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.front() == '[' && host.back() == ']';
  if (!is_bracketed && host.find(':') != std::string_view::npos) return false;
  uint16_t port = 0;
  return ParseInteger(text.substr(colon + 1), &port) && port != 0;
}

std::string RecordedAddress(std::string_view peer_address, std::string_view client_address) {
  std::string recorded(peer_address);
  if (!client_address.empty()) recorded.append("/").append(client_address);
  return recorded;
}

std::string PeerAddressOf(std::string_view recorded) {
  return std::string(recorded.substr(0, recorded.find('/')));
}

std::string ClientAddressOf(std::string_view recorded) {
  const size_t slash = recorded.find('/');
  return slash == std::string_view::npos ? "" : std::string(recorded.substr(slash + 1));
}

absl::StatusOr<std::vector<ClusterMember>> ParseCluster(std::string_view text) {
  std::vector<ClusterMember> members;
  std::set<synod::NodeId> ids;
  std::set<std::string> addresses;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    absl::StatusOr<ClusterMember> member = ParseMember(part);
    if (!member.ok()) return member.status();
    if (!ids.insert(member->id).second) return BadMember(part, "repeats an id");
    if (!addresses.insert(member->peer_address).second ||
        !addresses.insert(member->client_address).second) {
      return BadMember(part, "repeats an address");
    }
    members.push_back(*std::move(member));
    if (comma == std::string_view::npos) return members;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace synod_kv
