// The write-ahead log against the log stores' conformance suite, on the machine's own disk.
#include "synod/wal.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/conformance/log_store/suite.h"

namespace synod::test {
namespace {

class WalFixture final : public LogStoreFixture {
 public:
  // Segments small enough to be begun and removed in the middle of a test, or the usual ones.
  explicit WalFixture(uint64_t segment_bytes) : segment_bytes_(segment_bytes) {
    std::string name = ::testing::TempDir() + "synod-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~WalFixture() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::unique_ptr<LogStore> Open() override {
    wal::Options options;
    options.reserve_bytes = 0;
    options.segment_bytes = segment_bytes_;
    auto store = wal::Open(path_.string(), options);
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
  const uint64_t segment_bytes_;
  std::filesystem::path path_;
};

INSTANTIATE_TEST_SUITE_P(
    Wal, LogStoreConformance,
    ::testing::Values(
        LogStoreParam{"wal",
                      [] { return std::make_unique<WalFixture>(wal::Options().segment_bytes); }},
        LogStoreParam{"wal_small_segments", [] { return std::make_unique<WalFixture>(4096); }}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace synod::test
