// What every FileSystem must do, as one parameterised suite.
#ifndef SYNOD_TESTS_UNIT_STORAGE_FILE_SYSTEM_SUITE_H_
#define SYNOD_TESTS_UNIT_STORAGE_FILE_SYSTEM_SUITE_H_

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "synod/port/file_system.h"

namespace synod::test {

// The place where one test's files are.
class FileSystemFixture {
 public:
  virtual ~FileSystemFixture() = default;
  virtual FileSystem& files() = 0;
  // An empty directory.
  [[nodiscard]] virtual std::string path() const = 0;
};

struct FileSystemParam {
  std::string name;
  std::function<std::unique_ptr<FileSystemFixture>()> make;
};

class FileSystemTest : public ::testing::TestWithParam<FileSystemParam> {
 protected:
  FileSystemTest() : fixture_(GetParam().make()) {}

  FileSystem& files() { return fixture_->files(); }
  [[nodiscard]] std::string At(const std::string& name) const {
    return fixture_->path() + "/" + name;
  }
  [[nodiscard]] std::string directory() const { return fixture_->path(); }

 private:
  const std::unique_ptr<FileSystemFixture> fixture_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_FILE_SYSTEM_SUITE_H_
