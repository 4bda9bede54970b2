// Rules that a test-only build can take out, one at a time, to prove that the simulator misses each
// of them (tests/mutations.py).
#ifndef SYNOD_BASE_MUTATION_H_
#define SYNOD_BASE_MUTATION_H_

#if defined(SYNOD_MUTATIONS)
#include <cstdlib>
#endif

namespace synod {

// The number is what SYNOD_MUTATION=n in the environment selects.
enum class Mutation {
  kNone = 0,
  // Elections.
  kVoteTwice = 1,             // Raft §5.2
  kVoteBeforePersist = 2,     // Raft §5.1, I3
  kVoteClearedInTerm = 3,     // Raft §5.2, E3
  kVoteKeptInNewTerm = 4,     // Raft §5.2
  kUpToDateByLength = 5,      // Raft §5.4.1
  kUpToDateByTerm = 6,        // Raft §5.4.1
  kCountStaleVotes = 7,       // Raft §5.1, E2
  kPreVotesAreVotes = 8,      // Ongaro §9.6, E2
  kQuorumOfHalf = 9,          // Raft §5.2
  kNoPreVote = 10,            // Ongaro §9.6
  kPreVoteBesideLeader = 11,  // Ongaro §9.6
  kVoteBesideLeader = 12,     // Ongaro §6.2
  kNoCheckQuorum = 13,        // Ongaro §6.2
  kTimeoutNowOfAnyTerm = 14,  // Ongaro §3.10, E9
  kNoIncarnationCheck = 15,   // I9, M3
  kIgnoreSelfWiped = 16,      // I3, M3
  // Replication and commitment.
  kCommitOldTermByCount = 17,       // Raft §5.4.2
  kCountSelfTwice = 18,             // Raft §5.3
  kCountOwnUnsynced = 19,           // R12
  kAckBeforePersist = 20,           // Raft §5.3, I5
  kAckLastIndex = 21,               // I6
  kCountStaleAcks = 22,             // I9, R8
  kRejectionIsAck = 23,             // R4
  kMatchAtSend = 24,                // I5
  kNextBelowMatch = 25,             // R4
  kNoPreviousEntryCheck = 26,       // Raft §5.3, I6
  kTruncateAlways = 27,             // Raft §5.3, R3
  kTruncateCommitted = 28,          // R10
  kTruncationNotWritten = 29,       // R6
  kAcceptStaleAppend = 30,          // Raft §5.1
  kCommitToLastIndex = 31,          // I7, R2
  kCommitOnAppend = 32,             // Raft §5.3
  kHeartbeatCommitUnverified = 33,  // I7
  kAbaCompletion = 34,              // R5
  kNewestTokenDone = 35,            // R5
  kNoInflightBound = 36,            // X3
  kNoUncommittedBound = 37,         // X3
  // Requests.
  kReadWithoutQuorum = 38,       // I11
  kReadBeforeTermCommit = 39,    // D1
  kReadJoinsOldRound = 40,       // D3
  kReadBeforeApplied = 41,       // D6
  kCommittedAtAppend = 42,       // R11
  kNotCommittedAtStepDown = 43,  // R11
  kRefusedIsAppended = 44,       // X7
  // Snapshots.
  kInstallOlderSnapshot = 45,     // S2
  kSnapshotKeepsLog = 46,         // Raft §7
  kSnapshotIndexOffByOne = 47,    // Raft §7
  kCompactToCommit = 48,          // Raft §7
  kSnapshotNotSynced = 49,        // F5
  kNoSnapshotDirectorySync = 50,  // F6
  // The log on disk.
  kNoFileSync = 51,              // I5
  kNoSegmentDirectorySync = 52,  // F6
  kNoTailSync = 53,              // F4, F8
  kRetryFsync = 54,              // F4
  kCorruptIsAbsent = 55,         // F2
  kNoChainCheck = 56,            // F3
  kTornTailKept = 57,            // F1
  kPruneNeededSegment = 58,      // I5
  // Bounds of requests, and their ends.
  kNoReadBound = 59,         // X3
  kNoRequestBound = 60,      // X3
  kAnsweredReadIsKept = 61,  // X6
  kRequestIsNotEnded = 62,   // X6
  kNoUndurableBound = 63,    // X3
  // Members.
  kChangeBeforeTermCommit = 64,         // M1
  kReplaceDiskInPlace = 66,             // M3
  kSnapshotOfNewestConfiguration = 67,  // M4
  kSnapshotWithoutConfiguration = 68,   // M4
  kConfigurationOutlivesItsEntry = 69,  // M5
  kConfigurationOnCommit = 70,          // M5
  kRemovedLeaderStays = 71,             // M6
  kRemovedIsNotTold = 72,               // M7
  kOnlyVotersCampaign = 76,             // Ongaro §4.2.2
  kNoEpochCheck = 77,                   // I9, M8
  kElectByCommitQuorum = 78,            // Flexible Paxos
  kOwnReadWithoutRound = 99,            // I11
  // Changes by joint configurations, which Raft alone has.
  kTwoChangesAtOnce = 65,      // M2
  kNoJointConfiguration = 73,  // Raft §6
  kJointLeftEarly = 74,        // Raft §6
  kJointCountsNewHalf = 75,    // Raft §6
  // Multi-Paxos.
  kPhase1PicksAny = 79,         // "Paxos Made Simple" §2.2, P2c
  kAcceptIgnoresPromise = 80,   // "Paxos Made Simple" §2.2, P1a
  kChosenInMixedBallots = 81,   // I7
  kPhase1OfOnePage = 82,        // "Paxos Made Simple" §2.2, P2c
  kPromiseForgotten = 83,       // I3
  kPromiseReportsNothing = 84,  // "Paxos Made Simple" §2.2, P1b
  kCountAcksOfAnyBallot = 85,   // I9
  kAckAheadOfGap = 86,          // I6
  kChosenNotNoted = 87,         // I5
  kAcceptedIsCompacted = 88,    // I3
  kNoAlphaBound = 89,           // "Paxos Made Simple" §3
  kGovernsAtOnce = 90,          // "Paxos Made Simple" §3
  kUnpreparedQuorum = 91,       // "Paxos Made Simple" §2.2, P2c
  kChangeDoneEarly = 92,        // M9
  kNewMembersUninformed = 93,   // M9
  // Acceptors in the network.
  kDigestOnTooFew = 94,        // I10
  kTrimBeforeAgreed = 95,      // I8
  kWrappedSlotIsFresh = 96,    // I8
  kRebootedSwitchVotes = 97,   // I3
  kAcksOfAnyIncarnation = 98,  // I9
  kTrimmedCountsAnyway = 100,  // I8
  kBallotIsCutOff = 101,       // I3
  kForgottenIsNothing = 102,   // I8
};

#if defined(SYNOD_MUTATIONS)
inline const int kActiveMutation = [] {
  const char* number = std::getenv("SYNOD_MUTATION");
  return number == nullptr ? 0 : std::atoi(number);
}();
inline bool Mutated(Mutation mutation) { return kActiveMutation == static_cast<int>(mutation); }
#else
constexpr bool Mutated(Mutation) { return false; }
#endif

}  // namespace synod

#endif  // SYNOD_BASE_MUTATION_H_
