// The names of things: who, which group, when in the protocol, where in the log.
#ifndef SYNOD_BASE_IDS_H_
#define SYNOD_BASE_IDS_H_

#include "synod/base/strong_id.h"

namespace synod {

namespace internal {
struct Ordinal {
  static constexpr bool kOrdinal = true;
  static constexpr bool kFromLiteral = false;
  static constexpr bool kHexadecimal = false;
};
struct Name {
  static constexpr bool kOrdinal = false;
  static constexpr bool kFromLiteral = true;
  static constexpr bool kHexadecimal = false;
};
struct Opaque {
  static constexpr bool kOrdinal = false;
  static constexpr bool kFromLiteral = false;
  static constexpr bool kHexadecimal = true;
};
struct TermTag : Ordinal {};
struct IndexTag : Ordinal {};
struct PersistTokenTag : Ordinal {};
struct NodeTag : Name {};
struct GroupTag : Name {};
struct ClusterTag : Name {};
struct IncarnationTag : Opaque {};
struct RequestTag : Ordinal {};
struct StagedSnapshotTag : Ordinal {};
}  // namespace internal

// A leader's period of office (Raft §5.1). 0 is "before the first election".
using Term = StrongId<internal::TermTag>;

// No replica comes here by elections. A higher one is damage, and adopting it would leave no room
// for the elections to come.
inline constexpr Term kMaxTerm = Term(uint64_t{1} << 62);

// A position in the log. The first entry is 1; 0 is "before the log".
using Index = StrongId<internal::IndexTag>;

// A host of the cluster; the same in all of its groups. 0 is "no node".
using NodeId = StrongId<internal::NodeTag>;

// One replicated log. 0 is not a group.
using GroupId = StrongId<internal::GroupTag>;

// The cluster that a store and its hosts belong to; chosen by the operator. 0 is not a cluster.
using ClusterId = StrongId<internal::ClusterTag>;

// One life of a disk under a node's name: drawn at random when the store is bootstrapped. A wiped
// disk comes back under another incarnation, so that what the old one promised is never mistaken
// for a promise of the new one (I3). 0 is "not known".
using Incarnation = StrongId<internal::IncarnationTag>;

// The position of one write in the order of a replica's writes. Tokens complete in order; 0 is "no
// write".
using PersistToken = StrongId<internal::PersistTokenTag>;

// A caller's name for one request to a core (proposal, read, transfer). 0 is "nobody asked".
using RequestId = StrongId<internal::RequestTag>;

// A snapshot that is complete and synced in the store but not installed yet. 0 is "none".
using StagedSnapshot = StrongId<internal::StagedSnapshotTag>;

}  // namespace synod

#endif  // SYNOD_BASE_IDS_H_
