// Messages in one short line, for traces.
#ifndef SYNOD_TESTS_SUPPORT_DESCRIBE_H_
#define SYNOD_TESTS_SUPPORT_DESCRIBE_H_

#include <string>

#include "synod/core/message.h"

namespace synod::test {

[[nodiscard]] std::string Describe(const Message& message);

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_DESCRIBE_H_
