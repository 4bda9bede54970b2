#include "tests/unit/storage/rocksdb_harness.h"

#include "storage/rocksdb/log_check.h"
#include "tests/support/faulty_file_system.h"

namespace synod::test {

RocksdbHarness::RocksdbHarness()
    : StoreHarness(Order::kJournal), env_(MakeEnv(MakeFileSystem(disk()))) {
  options_.env = env_.get();
  options_.reserve_bytes = 0;
  options_.logger = MakeLogger();
}

absl::StatusOr<std::unique_ptr<LogStore>> RocksdbHarness::OpenAt(const std::string& path) {
  return rocksdb::Open(path, options_);
}

absl::Status RocksdbHarness::Tamper(const std::function<void(::rocksdb::DB& database)>& change) {
  Close();
  ::rocksdb::Options options;
  options.env = env_.get();
  ::rocksdb::DB* database = nullptr;
  const ::rocksdb::Status status =
      ::rocksdb::DB::Open(options, std::string(kPath) + "/db", &database);
  if (!status.ok()) return absl::InternalError(status.ToString());
  change(*database);
  delete database;
  return Open();
}

DurableStoreParam RocksdbStore() {
  return {.name = "rocksdb",
          .format = "synod rocksdb log store, format ",
          .version = 5,
          .make = [] { return std::make_unique<RocksdbHarness>(); },
          .seeds = 2,
          .cut_stride = 5,
          .creation_operations = 40,
          .one_pair_in = 50};
}

std::string NewestLog(const FaultyDisk& disk) {
  std::string newest;
  for (const std::string& file : disk.FilesBelow("/store/db")) {
    if (file.ends_with(".log")) newest = file;
  }
  return newest;
}

uint64_t WrittenIn(const FaultyDisk& disk, const std::string& file) {
  return rocksdb::EndOfLog(disk.Contents(file)).value();
}

}  // namespace synod::test
