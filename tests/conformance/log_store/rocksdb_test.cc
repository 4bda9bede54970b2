// The RocksDB log store against the log stores' conformance suite, on the machine's own disk.
#include "synod/rocksdb.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/conformance/log_store/suite.h"

namespace synod::test {
namespace {

class RocksdbFixture final : public LogStoreFixture {
 public:
  // Buffers small enough to be flushed in the middle of a test, or the usual ones.
  explicit RocksdbFixture(size_t write_buffer_bytes) : write_buffer_bytes_(write_buffer_bytes) {
    std::string name = ::testing::TempDir() + "synod-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~RocksdbFixture() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::unique_ptr<LogStore> Open() override {
    rocksdb::Options options;
    options.reserve_bytes = 0;
    options.write_buffer_bytes = write_buffer_bytes_;
    auto store = rocksdb::Open(path_.string(), options);
    EXPECT_EQ(store.status(), absl::OkStatus());
    if (!store.ok()) std::abort();
    return *std::move(store);
  }
  bool IsDurable() const override { return true; }

  bool DamageSnapshot(GroupId group) override {
    const std::string prefix = std::to_string(group.value()) + "-";
    for (const auto& file : std::filesystem::directory_iterator(path_ / "snapshots")) {
      if (!file.path().filename().string().starts_with(prefix)) continue;
      std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(12345);
      stream.put('?');
      return stream.good();
    }
    return false;
  }

 private:
  const size_t write_buffer_bytes_;
  std::filesystem::path path_;
};

INSTANTIATE_TEST_SUITE_P(
    Rocksdb, LogStoreConformance,
    ::testing::Values(LogStoreParam{"rocksdb",
                                    [] {
                                      return std::make_unique<RocksdbFixture>(
                                          rocksdb::Options().write_buffer_bytes);
                                    }},
                      LogStoreParam{"rocksdb_small_buffers",
                                    [] { return std::make_unique<RocksdbFixture>(64 * 1024); }}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace synod::test
