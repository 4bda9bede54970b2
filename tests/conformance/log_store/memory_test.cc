// The memory log store against the log stores' conformance suite.
#include "synod/memory.h"

#include "tests/conformance/log_store/suite.h"

namespace synod::test {
namespace {

class MemoryFixture final : public LogStoreFixture {
 public:
  std::unique_ptr<LogStore> Open() override { return memory::Create(); }
  bool IsDurable() const override { return false; }
};

INSTANTIATE_TEST_SUITE_P(Memory, LogStoreConformance,
                         ::testing::Values(LogStoreParam{
                             "memory", [] { return std::make_unique<MemoryFixture>(); }}),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace synod::test
