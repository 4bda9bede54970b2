// A disk that loses power, lies and fails, as RocksDB sees one.
#ifndef SYNOD_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
#define SYNOD_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_

#include <memory>

#include "synod/sim/disk.h"

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"

namespace synod::test {

// The disk behind RocksDB's interface, which must not outlive it. As on the machine's, what is
// appended goes where the file's last Append has ended, wherever PositionedAppend wrote.
[[nodiscard]] std::shared_ptr<::rocksdb::FileSystem> MakeFileSystem(sim::Disk& disk);

// The file system with the machine's threads, and a clock on which nobody sleeps.
[[nodiscard]] std::unique_ptr<::rocksdb::Env> MakeEnv(std::shared_ptr<::rocksdb::FileSystem> files);

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
