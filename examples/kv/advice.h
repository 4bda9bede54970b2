// What to do about an error that keeps a member from starting, or has stopped it.
#ifndef SYNOD_KV_ADVICE_H_
#define SYNOD_KV_ADVICE_H_

#include "absl/status/status.h"

#include "kv/flags.h"

namespace synod_kv {

// The library says what is wrong, and knows neither flags nor commands: the same with what an
// operator is to do behind it, where there is something.
[[nodiscard]] absl::Status WithAdvice(const absl::Status& status, const Flags& flags);

}  // namespace synod_kv

#endif  // SYNOD_KV_ADVICE_H_
