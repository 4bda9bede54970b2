// One line for people about what replicas say, write and conclude.
#ifndef SYNOD_TESTS_INTERACTION_DESCRIBE_H_
#define SYNOD_TESTS_INTERACTION_DESCRIBE_H_

#include <string>

#include "synod/core/ballot.h"
#include "synod/core/durable_state.h"
#include "synod/core/message.h"
#include "synod/core/output.h"
#include "synod/engine/engine.h"

namespace synod::test {

// "3@2": the entry at index 3 of term 2.
std::string Describe(Index index, Term term);
// "3@2 foo"
std::string Describe(const Entry& entry);
// "5.2": round 5 of node 2.
std::string Describe(const Ballot& ballot);
// "1->2 t3 vote granted"
std::string Describe(const Message& message);
// "term 3, vote 1; 3@2 foo"
std::string Describe(const Persist& persist);
std::string Describe(const Alert& alert);
std::string Describe(const Resolved& resolved);
// "follower of 1 in t3"
std::string DescribeRole(const Engine& core);
// "follower of 1 in t3, commit 4, log 2…5, durable 4"
std::string DescribeState(const Engine& core);

}  // namespace synod::test

#endif  // SYNOD_TESTS_INTERACTION_DESCRIBE_H_
