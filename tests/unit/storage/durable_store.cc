#include "tests/unit/storage/durable_store.h"

namespace synod::test {

std::string NameOfStore(const ::testing::TestParamInfo<DurableStoreParam>& info) {
  return info.param.name;
}

std::string NameOfLoss(const ::testing::TestParamInfo<std::tuple<DurableStoreParam, Lost>>& info) {
  const auto& [store, lost] = info.param;
  return store.name + (lost == Lost::kAll       ? "_all"
                       : lost == Lost::kSectors ? "_sectors"
                                                : "_nothing");
}

}  // namespace synod::test
