// Errors of the library, and what an operator reads of them.
#include "kv/advice.h"

#include <string>

#include <gtest/gtest.h>

namespace synod_kv {
namespace {

std::string Advised(const absl::Status& status) {
  Flags flags;
  flags.data_dir = "/data";
  const absl::Status advised = WithAdvice(status, flags);
  EXPECT_EQ(advised.code(), status.code());
  return std::string(advised.message());
}

TEST(Advice, FullDisk_SaysToFreeSpaceOutsideOfTheDataDirectory) {
  EXPECT_EQ(Advised(absl::ResourceExhaustedError("writing x: No space left on device")),
            "writing x: No space left on device. The disk of /data is full. Free space on it, but "
            "delete nothing in that directory, and start again: nothing that was acknowledged is "
            "lost");
}

TEST(Advice, EachWayInWhichSpaceLacks_IsToldAsAFullDisk) {
  for (const char* text :
       {"writing x: IO error: No space left on device: While appending to file: x",
        "creating x: Disk quota exceeded", "too little space is left in x to begin a snapshot"}) {
    EXPECT_NE(Advised(absl::ResourceExhaustedError(text)).find("The disk of /data is full"),
              std::string::npos)
        << text;
  }
}

TEST(Advice, TooManyThreads_IsNotToldAsAFullDisk) {
  for (const char* text :
       {"cannot start a thread: raise the limits on threads and memory of this process",
        "cannot start a thread for the loop: Resource temporarily unavailable"}) {
    EXPECT_EQ(Advised(absl::ResourceExhaustedError(text)), text);
  }
}

TEST(Advice, FailedWriteOrSync_SaysToReplaceTheDiskAndStartAgain) {
  for (const char* text :
       {"the log store failed, and with it every group of this host: syncing x: anything",
        "the log store failed, and with it every group of this host: writing to the log store x: "
        "IO error: anything",
        "reading x: Input/output error"}) {
    const std::string advised = Advised(absl::InternalError(text));
    EXPECT_TRUE(advised.starts_with(std::string(text) +
                                    ". What /data holds is not known any more. Replace the disk or "
                                    "free the space, and start again"))
        << advised;
    EXPECT_NE(advised.find("serve --join"), std::string::npos) << advised;
  }
}

TEST(Advice, MissingPermission_IsNotToldAsAFailedDisk) {
  const char* const text = "creating the directory /data: Permission denied";
  EXPECT_EQ(Advised(absl::InternalError(text)), text);
}

TEST(Advice, DamagedStore_SaysToKeepItAndHowToReplaceTheMember) {
  const std::string text = Advised(absl::DataLossError("x is damaged. Nothing was repaired."));
  EXPECT_TRUE(text.starts_with("x is damaged. Nothing was repaired. Leave /data as it is")) << text;
  EXPECT_NE(text.find("serve --join"), std::string::npos) << text;
}

TEST(Advice, WhatSaysAllThereIs_IsLeftAsItIs) {
  EXPECT_EQ(Advised(absl::UnavailableError("the port is in use")), "the port is in use");
}

}  // namespace
}  // namespace synod_kv
