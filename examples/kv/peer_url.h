// The peer URLs with which clients name members.
#ifndef SYNOD_KV_PEER_URL_H_
#define SYNOD_KV_PEER_URL_H_

#include <string>
#include <string_view>

#include <synod/synod.h>

#include "absl/status/statusor.h"

namespace synod_kv {

// etcd makes the ids of new members. Here a node has its id before it is a member, so the URL names
// it, where clients let anything pass: as its user.
struct PeerUrl {
  synod::NodeId id;                // 0: not named.
  synod::Incarnation incarnation;  // Of the disk that is to count under the id; 0: not named.
  std::string peer_address;
  std::string client_address;  // Empty: not named.
  bool is_acceptor = false;    // Nothing but that; peer_address is as a record has it.
};

// Parses "http://HOST:PORT", before HOST perhaps "ID@" or "ID:INCARNATION@" (decimal and
// hexadecimal), and behind it perhaps "?client=HOST:PORT"; or, of an acceptor in the network,
// "?acceptor=CONTROL-PORT", 0 where its control plane is out of reach. The error is what the client
// gets.
[[nodiscard]] absl::StatusOr<PeerUrl> ParsePeerUrl(std::string_view text);

// The same the other way round.
[[nodiscard]] std::string FormatPeerUrl(const PeerUrl& url);

// Of a peer's address as a record has it, what tells two of them apart: an acceptor's control port
// does not.
[[nodiscard]] std::string EndpointOf(const std::string& peer_address);

}  // namespace synod_kv

#endif  // SYNOD_KV_PEER_URL_H_
