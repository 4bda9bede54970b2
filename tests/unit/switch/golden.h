// The golden vectors: what a slot acceptor is asked in a file, and what it is to answer.
#ifndef SYNOD_TESTS_UNIT_SWITCH_GOLDEN_H_
#define SYNOD_TESTS_UNIT_SWITCH_GOLDEN_H_

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_under_test.h"

namespace synod::slots::testing {

struct GoldenLine {
  enum class Kind : uint8_t { kPower, kWrite, kAsk };

  Kind kind = Kind::kPower;
  int number = 0;
  std::string title{};  // Of the story that it is in.
  RegisterWrite write{};
  Bytes request{};
  std::optional<Bytes> answer{};
};

inline void AppendHex(std::istream& words, Bytes& bytes) {
  std::string word;
  while (words >> word) {
    for (size_t i = 0; i + 1 < word.size(); i += 2) {
      bytes.push_back(static_cast<std::byte>(std::stoul(word.substr(i, 2), nullptr, 16)));
    }
  }
}

inline std::vector<GoldenLine> ReadGoldenVectors(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<GoldenLine> lines;
  std::string title;
  Bytes* bytes = nullptr;  // What the next indented line goes on with.
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    std::istringstream words(text);
    if (text.starts_with("  ")) {
      AppendHex(words, *bytes);
      continue;
    }
    std::string first;
    words >> first;
    if (first == "#") title = text;
    if (first == "power") lines.push_back({.number = number, .title = title});
    if (first == "write") {
      std::string name;
      RegisterWrite write;
      words >> name >> write.index >> write.word;
      const auto which = SlotRegisterNamed(name);
      EXPECT_TRUE(which.has_value()) << name;
      write.which = which.value_or(SlotRegister::kEnabled);
      lines.push_back(
          {.kind = GoldenLine::Kind::kWrite, .number = number, .title = title, .write = write});
    }
    if (first == ">") {
      lines.push_back({.kind = GoldenLine::Kind::kAsk, .number = number, .title = title});
      bytes = &lines.back().request;
      AppendHex(words, *bytes);
    }
    if (first == "<") {
      bytes = &lines.back().answer.emplace();
      AppendHex(words, *bytes);
    }
  }
  return lines;
}

// The first line that is not answered as it is written; 0 if all are.
inline int FirstWrong(const std::vector<GoldenLine>& lines, Subject& subject) {
  for (const GoldenLine& line : lines) {
    switch (line.kind) {
      case GoldenLine::Kind::kPower:
        subject.PowerCycle();
        break;
      case GoldenLine::Kind::kWrite:
        subject.Write(line.write.which, line.write.index, line.write.word);
        break;
      case GoldenLine::Kind::kAsk:
        if (subject.Ask(line.request) != line.answer) return line.number;
        break;
    }
  }
  return 0;
}

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_GOLDEN_H_
