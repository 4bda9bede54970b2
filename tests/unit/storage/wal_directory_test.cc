// The store's directory: what is the write-ahead log's own.
#include <array>
#include <csignal>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "synod/port/file_system.h"

#include "tests/unit/storage/real_directory.h"
#include "tests/unit/storage/wal_harness.h"

namespace synod::test {
namespace {

TEST(WalDirectory, HeldByAnotherProcess_IsRefusedUntilItDies) {
  const RealDirectory directory;
  ASSERT_EQ(wal::Open(directory.path()).status(), absl::OkStatus());
  std::array<int, 2> locked{};
  ASSERT_EQ(::pipe(locked.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = MachineFileSystem().Lock(directory.File("LOCK"));
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(locked[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = 'n';
  ASSERT_EQ(::read(locked[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_TRUE(absl::IsFailedPrecondition(wal::Open(directory.path()).status()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(wal::Open(directory.path()).status(), absl::OkStatus());
  ::close(locked[0]);
  ::close(locked[1]);
}

TEST(WalDirectory, Bootstrap_WithoutAnIdentity_IsRefused) {
  WalHarness harness;
  harness.MustOpen({});
  EXPECT_TRUE(absl::IsInvalidArgument(harness.store().Bootstrap({}, kGroup, {})));
}

}  // namespace
}  // namespace synod::test
