#include "kv/peer_url.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <system_error>

#include <synod/switch/acceptor_address.h>

#include "kv/cluster.h"
#include "kv/errors.h"

namespace synod_kv {

namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kSwitchScheme = "switch://";
constexpr std::string_view kClient = "client=";
constexpr std::string_view kAcceptor = "acceptor=";
constexpr std::string_view kNoControl = "0";

// False if it is no positive number.
bool ParsePositive(std::string_view text, int base, uint64_t* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value, base);
  return error == std::errc() && stop == end && *value != 0;
}

bool ParseUser(std::string_view user, PeerUrl* url) {
  const size_t colon = user.find(':');
  uint64_t number = 0;
  if (!ParsePositive(user.substr(0, colon), 10, &number)) return false;
  url->id = number;
  if (colon == std::string_view::npos) return true;
  if (!ParsePositive(user.substr(colon + 1), 16, &number)) return false;
  url->incarnation = synod::Incarnation(number);
  return true;
}

// As a record has it.
std::string AcceptorAddressOf(std::string_view data, std::string_view control) {
  std::string address(kSwitchScheme);
  address += data;
  if (control != kNoControl) address.append("/").append(control);
  return address;
}

}  // namespace

absl::StatusOr<PeerUrl> ParsePeerUrl(std::string_view text) {
  if (text.starts_with("https://")) return NoTlsError();
  if (!text.starts_with(kScheme)) return BadUrlsError();
  text.remove_prefix(kScheme.size());
  PeerUrl url;
  std::string_view control;
  if (const size_t question = text.find('?'); question != std::string_view::npos) {
    const std::string_view query = text.substr(question + 1);
    url.is_acceptor = query.starts_with(kAcceptor);
    if (url.is_acceptor) {
      control = query.substr(kAcceptor.size());
    } else if (query.starts_with(kClient)) {
      url.client_address = query.substr(kClient.size());
    }
    if (!url.is_acceptor && !IsAddress(url.client_address)) return BadUrlsError();
    text = text.substr(0, question);
  }
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    if (!ParseUser(text.substr(0, at), &url)) return BadUserError();
    text.remove_prefix(at + 1);
  }
  if (url.is_acceptor) {
    url.peer_address = AcceptorAddressOf(text, control);
    if (!synod::slots::ParseAcceptorAddress(url.peer_address).ok()) return BadUrlsError();
    return url;
  }
  url.peer_address = text;
  // What is valid here has no slash, at which a recorded address is taken apart, but in its host.
  if (!IsAddress(text) || text.find('/') != std::string_view::npos ||
      url.client_address.find('/') != std::string::npos) {
    return BadUrlsError();
  }
  return url;
}

std::string FormatPeerUrl(const PeerUrl& url) {
  std::string text(kScheme);
  if (!url.id.IsZero()) {
    text += std::to_string(url.id.value());
    if (!url.incarnation.IsZero()) {
      char hex[20];
      std::snprintf(hex, sizeof hex, ":%llx",
                    static_cast<unsigned long long>(url.incarnation.value()));
      text += hex;
    }
    text += "@";
  }
  if (url.is_acceptor) {
    const std::string data = url.peer_address.substr(kSwitchScheme.size());
    const size_t slash = data.find('/');
    text += data.substr(0, slash);
    text.append("?").append(kAcceptor);
    return text += slash == data.npos ? kNoControl : std::string_view(data).substr(slash + 1);
  }
  text += url.peer_address;
  if (!url.client_address.empty()) text.append("?").append(kClient).append(url.client_address);
  return text;
}

std::string EndpointOf(const std::string& peer_address) {
  if (!peer_address.starts_with(kSwitchScheme)) return peer_address;
  return peer_address.substr(0, peer_address.find('/', kSwitchScheme.size()));
}

}  // namespace synod_kv
