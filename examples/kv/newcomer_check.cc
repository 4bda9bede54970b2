#include "kv/newcomer_check.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <grpcpp/client_context.h>

namespace synod_kv {

namespace {

constexpr std::chrono::seconds kInterval(5);
constexpr std::chrono::seconds kTimeout(1);

// Without the scheme of a URL; "HOST:PORT" where there is none.
std::string AddressIn(const google::protobuf::RepeatedPtrField<std::string>& urls) {
  if (urls.empty()) return "HOST:PORT";
  const std::string& url = urls.Get(0);
  const size_t scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(scheme + 3);
}

}  // namespace

std::string MissingIn(const std::vector<ClusterMember>& flagged,
                      const etcdserverpb::MemberListResponse& members) {
  std::string missing;
  for (const etcdserverpb::Member& member : members.members()) {
    const auto is_it = [&member](const ClusterMember& one) { return one.id == member.id(); };
    if (std::any_of(flagged.begin(), flagged.end(), is_it)) continue;
    missing += "," + std::to_string(member.id()) + "=" + AddressIn(member.peerurls()) + "/" +
               AddressIn(member.clienturls());
  }
  return missing;
}

void NewcomerCheck::Look() {
  if (node_.members.standing() != Standing::kNewcomer || Clock::now() < next_) return;
  next_ = Clock::now() + kInterval;
  const std::vector<ClusterMember>& flagged = node_.members.flagged();
  const synod::NodeId witness = flagged[asked_++ % flagged.size()].id;
  if (witness == node_.self) {
    next_ = Clock::time_point::min();  // The next one at the next call.
    return;
  }
  const std::shared_ptr<grpc::Channel> channel = forwarder_.ChannelTo(witness);
  if (channel == nullptr) return;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  etcdserverpb::MemberListResponse response;
  const grpc::Status status =
      etcdserverpb::Cluster::NewStub(channel)->MemberList(&context, {}, &response);
  if (!status.ok() || response.header().cluster_id() != node_.cluster.value()) return;
  std::string missing = MissingIn(flagged, response);
  if (missing.empty() || missing == said_) return;
  logger_(synod::Severity::kWarning,
          "member " + std::to_string(node_.self.value()) +
              " waits, but its --cluster lacks members that there are, as member " +
              std::to_string(witness.value()) +
              " says. While one of them leads it cannot be made a member: stop it, and start it "
              "again with this at the end of its --cluster: " +
              missing);
  said_ = std::move(missing);
}

}  // namespace synod_kv
