#include "kv/advice.h"

#include <string>

namespace synod_kv {

namespace {

std::string AdviceOn(const absl::Status& status, const Flags& flags) {
  if (absl::IsResourceExhausted(status)) {
    return "The disk of " + flags.data_dir +
           " is full. Free space on it, but delete nothing in that directory, and start again: "
           "nothing that was acknowledged is lost";
  }
  return "";
}

}  // namespace

absl::Status WithAdvice(const absl::Status& status, const Flags& flags) {
  const std::string advice = AdviceOn(status, flags);
  if (advice.empty()) return status;
  std::string text(status.message());
  if (!text.ends_with('.')) text += '.';
  return {status.code(), text + " " + advice};
}

}  // namespace synod_kv
