#include "control_language.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

namespace synod::slots {
namespace {

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = std::min(line.find_first_of(" \r"), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::optional<uint32_t> Number(std::string_view text) {
  uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string Error(const absl::Status& status) { return "error " + status.ToString(); }

}  // namespace

std::string AnswerControl(std::string_view line, Device& device, Instant now) {
  const std::vector<std::string_view> words = Words(line);
  const std::string_view verb = words.empty() ? std::string_view() : words[0];
  const auto number = [&](size_t i) { return i < words.size() ? Number(words[i]) : std::nullopt; };
  if (verb == "read" && words.size() == 3 && number(2)) {
    const absl::StatusOr<uint32_t> word = device.Read(words[1], *number(2));
    return word.ok() ? "ok " + std::to_string(*word) : Error(word.status());
  }
  if ((verb == "write" || verb == "raise") && words.size() == 4 && number(2) && number(3)) {
    const absl::Status status = verb == "write"
                                    ? device.Write(words[1], *number(2), *number(3), now)
                                    : device.Raise(words[1], *number(2), *number(3), now);
    return status.ok() ? "ok" : Error(status);
  }
  if (verb == "pending" && words.size() == 1) {
    return "ok " + std::to_string(device.PendingWrites());
  }
  if (verb == "power" && words.size() == 2 && (words[1] == "off" || words[1] == "on")) {
    words[1] == "off" ? device.PowerOff() : device.PowerOn();
    return "ok";
  }
  return Error(absl::InvalidArgumentError(
      "there is read REGISTER INDEX, write REGISTER INDEX WORD, raise REGISTER INDEX WORD, "
      "pending, power off, power on"));
}

}  // namespace synod::slots
