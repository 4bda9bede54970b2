// Compiles changed copies of the acceptor's program for the kernel, as it is compiled itself.
#ifndef SYNOD_TESTS_UNIT_SWITCH_BPF_WORKSHOP_H_
#define SYNOD_TESTS_UNIT_SWITCH_BPF_WORKSHOP_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gtest/gtest.h"

namespace synod::slots::testing {

// A folder that is gone with the object.
class BpfWorkshop {
 public:
  BpfWorkshop() {
    std::string place = (std::filesystem::temp_directory_path() / "synod-xdp-XXXXXX").string();
    EXPECT_NE(mkdtemp(place.data()), nullptr);
    folder_ = place;
  }
  ~BpfWorkshop() { std::filesystem::remove_all(folder_); }
  BpfWorkshop(const BpfWorkshop&) = delete;
  BpfWorkshop& operator=(const BpfWorkshop&) = delete;

  // Empty if the source does not compile.
  std::string Compile(const std::string& text) {
    const std::string source = folder_ + "/acceptor.bpf.c";
    const std::string object = folder_ + "/acceptor.bpf.o";
    std::filesystem::remove(object);
    std::ofstream(source) << text;
    // What is not used any more without a rule is no mistake here.
    const std::string command =
        std::string(SYNOD_BPF_COMMAND) + " -w -c " + source + " -o " + object;
    return std::system(command.c_str()) == 0 ? ReadFile(object) : "";
  }
  static std::string ReadFile(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string folder_;
};

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_BPF_WORKSHOP_H_
