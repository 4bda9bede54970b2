// A directory of its own on the machine's disk.
#ifndef SYNOD_TESTS_UNIT_STORAGE_REAL_DIRECTORY_H_
#define SYNOD_TESTS_UNIT_STORAGE_REAL_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace synod::test {

class RealDirectory {
 public:
  RealDirectory() {
    std::string name = ::testing::TempDir() + "synod-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~RealDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string File(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_UNIT_STORAGE_REAL_DIRECTORY_H_
