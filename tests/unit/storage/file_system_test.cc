// The machine's file system, and the one that can fail, against the port's suite.
#include "synod/port/file_system.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/faulty_disk.h"
#include "tests/unit/storage/file_system_suite.h"
#include "tests/unit/storage/real_directory.h"

namespace synod::test {
namespace {

class OnTheMachine final : public FileSystemFixture {
 public:
  FileSystem& files() override { return MachineFileSystem(); }
  [[nodiscard]] std::string path() const override { return directory_.path(); }

 private:
  const RealDirectory directory_;
};

class OnAFaultyDisk final : public FileSystemFixture {
 public:
  OnAFaultyDisk() { EXPECT_EQ(disk_.CreateDirectory("/folder"), absl::OkStatus()); }
  FileSystem& files() override { return disk_; }
  [[nodiscard]] std::string path() const override { return "/folder"; }

 private:
  FaultyDisk disk_;
};

INSTANTIATE_TEST_SUITE_P(
    Files, FileSystemTest,
    ::testing::Values(FileSystemParam{"machine", [] { return std::make_unique<OnTheMachine>(); }},
                      FileSystemParam{"faulty_disk",
                                      [] { return std::make_unique<OnAFaultyDisk>(); }}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace synod::test
