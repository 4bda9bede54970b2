// The files of RocksDB's Env against the suite of the port.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "rocksdb/env.h"
#include "storage/rocksdb/env_files.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/faulty_file_system.h"
#include "tests/unit/storage/file_system_suite.h"
#include "tests/unit/storage/real_directory.h"

namespace synod::test {
namespace {

class OnTheMachine final : public FileSystemFixture {
 public:
  FileSystem& files() override { return files_; }
  [[nodiscard]] std::string path() const override { return directory_.path(); }

 private:
  const RealDirectory directory_;
  rocksdb::EnvFiles files_{*::rocksdb::Env::Default()->GetFileSystem()};
};

class OnAFaultyDisk final : public FileSystemFixture {
 public:
  OnAFaultyDisk() { EXPECT_EQ(disk_.CreateDirectory("/folder"), absl::OkStatus()); }
  FileSystem& files() override { return files_; }
  [[nodiscard]] std::string path() const override { return "/folder"; }

 private:
  FaultyDisk disk_;
  const std::shared_ptr<::rocksdb::FileSystem> face_ = MakeFileSystem(disk_);
  rocksdb::EnvFiles files_{*face_};
};

INSTANTIATE_TEST_SUITE_P(
    RocksdbEnv, FileSystemTest,
    ::testing::Values(FileSystemParam{"machine", [] { return std::make_unique<OnTheMachine>(); }},
                      FileSystemParam{"faulty_disk",
                                      [] { return std::make_unique<OnAFaultyDisk>(); }}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace synod::test
