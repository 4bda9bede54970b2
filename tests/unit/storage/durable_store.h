// What every durable log store must do when its disk is foreign, fails, is full or loses power, as
// parameterised suites. A store's test file instantiates them.
#ifndef SYNOD_TESTS_UNIT_STORAGE_DURABLE_STORE_H_
#define SYNOD_TESTS_UNIT_STORAGE_DURABLE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/unit/storage/store_harness.h"

namespace synod::test {

struct DurableStoreParam {
  std::string name;
  std::string format;    // What its FORMAT says before the version,
  uint32_t version = 1;  // and which that is.
  std::function<std::unique_ptr<StoreHarness>()> make;

  // How much of what is possible the tests that cut the power do.
  uint64_t seeds = 1;
  uint64_t cut_stride = 1;           // At most, between two cuts with more cuts after them.
  uint64_t creation_operations = 1;  // In which the store is made.
  uint64_t one_pair_in = 1;          // Of the pairs of cuts in them.
};

// durable_directory_cases.cc and durable_fault_cases.cc.
class DurableStore : public ::testing::TestWithParam<DurableStoreParam> {
 protected:
  DurableStore() : harness_(GetParam().make()) {}

  StoreHarness& harness() { return *harness_; }

 private:
  const std::unique_ptr<StoreHarness> harness_;
};

// durable_power_cut_cases.cc.
class PowerCut : public ::testing::TestWithParam<DurableStoreParam> {};
class PowerCutLosing : public ::testing::TestWithParam<std::tuple<DurableStoreParam, Lost>> {};

std::string NameOfStore(const ::testing::TestParamInfo<DurableStoreParam>& info);
std::string NameOfLoss(const ::testing::TestParamInfo<std::tuple<DurableStoreParam, Lost>>& info);

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_DURABLE_STORE_H_
