#include "tests/support/test_state_machine.h"

#include <array>
#include <cstring>

#include "synod/base/assert.h"
#include "synod/base/crc32c.h"
#include "synod/base/rng.h"

namespace synod::test {

void TestStateMachine::Apply(const Entry& entry) {
  SYNOD_ASSERT(entry.index == applied_ + 1, "entries are applied in order, each once");
  applied_ = entry.index;
  applied_term_ = entry.term;
  const uint64_t kind = static_cast<uint64_t>(entry.kind);
  for (const uint64_t part :
       {entry.index.value(), entry.term.value(), kind, uint64_t{Crc32c(0, entry.payload.view())}}) {
    hash_ = Rng(hash_ ^ part).Next();
  }
}

std::string TestStateMachine::Image() const {
  const std::array<uint64_t, 3> fields = {applied_.value(), applied_term_.value(), hash_};
  return std::string(reinterpret_cast<const char*>(fields.data()), sizeof(fields));
}

void TestStateMachine::Restore(std::string_view image) {
  std::array<uint64_t, 3> fields{};
  SYNOD_ASSERT(image.size() == sizeof(fields), "an image is whole");
  std::memcpy(fields.data(), image.data(), sizeof(fields));
  applied_ = Index(fields[0]);
  applied_term_ = Term(fields[1]);
  hash_ = fields[2];
}

}  // namespace synod::test
