#include "tests/unit/storage/wal_harness.h"

#include <utility>

#include <gtest/gtest.h>

#include "storage/wal/format.h"

namespace synod::test {

WalHarness::WalHarness() : StoreHarness(Order::kNone) {
  options_.files = &disk();
  options_.reserve_bytes = 0;
  options_.logger = MakeLogger();
}

absl::StatusOr<std::unique_ptr<LogStore>> WalHarness::OpenAt(const std::string& path) {
  return wal::Open(path, options_);
}

std::vector<std::string> WalHarness::Segments() const {
  std::vector<std::string> segments;
  for (std::string& file : disk().FilesBelow(kPath)) {
    if (file.ends_with(".wal")) segments.push_back(std::move(file));
  }
  return segments;
}

std::string WalHarness::LastSegment() const {
  std::string last;
  for (const std::string& segment : Segments()) {
    const std::string bytes = disk().Contents(segment);
    const uint32_t seed = wal::SeedOf(Incarnation(99));
    const auto header = wal::DecodeSegmentHeader(bytes);
    if (!header.ok()) continue;
    const auto first =
        wal::DecodeRecordHeader(bytes.substr(wal::kSegmentHeaderBytes), seed, header->position);
    if (!first) continue;
    if (bytes.size() > wal::kSegmentHeaderBytes + wal::RecordBytes(first->length)) last = segment;
  }
  return last;
}

DurableStoreParam WalStore() {
  return {.name = "wal",
          .format = "synod wal, format ",
          .version = 5,
          .make = [] { return std::make_unique<WalHarness>(); },
          .seeds = 3,
          .cut_stride = 3,
          .creation_operations = 16,
          .one_pair_in = 1};
}

void ManualExecutor::RunAll() {
  while (!tasks_.empty()) {
    Task task = std::move(tasks_.front());
    tasks_.erase(tasks_.begin());
    task();
  }
}

}  // namespace synod::test
