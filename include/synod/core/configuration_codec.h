// A configuration as bytes: the same in an entry of the log, in a store and on the wire.
//
// Three lists of nodes (voters, outgoing, learners), each a count and so many ids; then the
// records, a count and for each node, incarnation, epoch, and the address after its size. At last
// the rule of quorums: its kind (1 byte), how many or how much elects and commits, the columns (4
// bytes each), and the weights, a count and for each its node and 4 bytes; and unless the protocol
// is Raft, which it is (1 byte), alpha (4 bytes) and the list of the acceptors. Counts and sizes
// take 2 bytes, everything else 8; all is little-endian.
#ifndef SYNOD_CORE_CONFIGURATION_CODEC_H_
#define SYNOD_CORE_CONFIGURATION_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "synod/base/ids.h"
#include "synod/core/configuration.h"

namespace synod {

// The bytes of the largest configuration that is well formed: a joint one, so of Raft.
inline constexpr size_t kMaxConfigurationBytes =
    4 * 2 + (2 * kMaxVoters + kMaxLearners) * (8 + 3 * 8 + 2 + MemberRecord::kMaxAddressBytes) + 1 +
    3 * 4 + 2 + QuorumRule::kMaxWeights * (8 + 4);

namespace internal {

class ConfigurationWriter {
 public:
  void Number(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i, value >>= 8) out_.push_back(static_cast<char>(value & 0xff));
  }
  void Nodes(const std::vector<NodeId>& nodes) {
    Number(nodes.size(), 2);
    for (NodeId node : nodes) Number(node.value(), 8);
  }
  void Text(std::string_view text) {
    Number(text.size(), 2);
    out_.append(text);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// After anything that does not fit, everything read is 0 or empty, and FitsAll is false.
class ConfigurationReader {
 public:
  explicit ConfigurationReader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Number(size_t bytes) {
    uint64_t value = 0;
    const std::string_view digits = Take(bytes);
    for (size_t i = digits.size(); i-- > 0;) {
      value = (value << 8) | static_cast<unsigned char>(digits[i]);
    }
    return value;
  }
  std::vector<NodeId> Nodes() {
    std::vector<NodeId> nodes(Count(8));
    for (NodeId& node : nodes) node = NodeId(Number(8));
    return nodes;
  }
  // A number of items of at least `item_bytes` each; 0 if so many cannot follow.
  size_t Count(size_t item_bytes) {
    const size_t count = Number(2);
    if (count > rest_.size() / item_bytes) fits_ = false;
    return fits_ ? count : 0;
  }
  std::string_view Text() { return Take(Number(2)); }
  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }
  [[nodiscard]] bool FitsAll() const { return fits_ && rest_.empty(); }

 private:
  std::string_view Take(size_t bytes) {
    if (!fits_ || bytes > rest_.size()) {
      fits_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool fits_ = true;
};

}  // namespace internal

inline std::string EncodeConfiguration(const Configuration& configuration) {
  internal::ConfigurationWriter out;
  out.Nodes(configuration.voters);
  out.Nodes(configuration.outgoing);
  out.Nodes(configuration.learners);
  out.Number(configuration.records.size(), 2);
  for (const MemberRecord& record : configuration.records) {
    out.Number(record.node.value(), 8);
    out.Number(record.incarnation.value(), 8);
    out.Number(record.epoch.value(), 8);
    out.Text(record.address);
  }
  const QuorumRule& rule = configuration.quorums;
  out.Number(static_cast<uint64_t>(rule.kind), 1);
  out.Number(rule.election, 4);
  out.Number(rule.commit, 4);
  out.Number(rule.columns, 4);
  out.Number(rule.weights.size(), 2);
  for (const QuorumRule::Weight& weight : rule.weights) {
    out.Number(weight.node.value(), 8);
    out.Number(weight.weight, 4);
  }
  if (configuration.protocol != Protocol::kRaft) {
    out.Number(static_cast<uint64_t>(configuration.protocol), 1);
    out.Number(configuration.alpha, 4);
    out.Nodes(configuration.acceptors);
  }
  return out.Take();
}

// Nothing if the bytes are none that EncodeConfiguration writes. What they say is not checked: see
// IsWellFormed.
inline std::optional<Configuration> DecodeConfiguration(std::string_view bytes) {
  internal::ConfigurationReader in(bytes);
  Configuration configuration;
  configuration.voters = in.Nodes();
  configuration.outgoing = in.Nodes();
  configuration.learners = in.Nodes();
  configuration.records.resize(in.Count(3 * 8 + 2));
  for (MemberRecord& record : configuration.records) {
    record.node = NodeId(in.Number(8));
    record.incarnation = Incarnation(in.Number(8));
    record.epoch = Index(in.Number(8));
    record.address = in.Text();
  }
  QuorumRule& rule = configuration.quorums;
  const uint64_t kind = in.Number(1);
  if (kind > static_cast<uint64_t>(QuorumRule::Kind::kWeighted)) return std::nullopt;
  rule.kind = static_cast<QuorumRule::Kind>(kind);
  rule.election = static_cast<uint32_t>(in.Number(4));
  rule.commit = static_cast<uint32_t>(in.Number(4));
  rule.columns = static_cast<uint32_t>(in.Number(4));
  rule.weights.resize(in.Count(8 + 4));
  for (QuorumRule::Weight& weight : rule.weights) {
    weight.node = NodeId(in.Number(8));
    weight.weight = static_cast<uint32_t>(in.Number(4));
  }
  if (!in.AtEnd()) {
    if (in.Number(1) != static_cast<uint64_t>(Protocol::kMultiPaxos)) return std::nullopt;
    configuration.protocol = Protocol::kMultiPaxos;
    configuration.alpha = static_cast<uint32_t>(in.Number(4));
    configuration.acceptors = in.Nodes();
  }
  if (!in.FitsAll()) return std::nullopt;
  return configuration;
}

}  // namespace synod

#endif  // SYNOD_CORE_CONFIGURATION_CODEC_H_
