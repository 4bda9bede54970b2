#include "kv/advice.h"

#include <string>
#include <string_view>

namespace synod_kv {

namespace {

constexpr std::string_view kReplacement =
    "start this member by serve --join with its --cluster-id: it then logs the etcdctl command "
    "that "
    "makes it a member again, with the incarnation of its new disk";

bool Says(const absl::Status& status, std::string_view words) {
  return std::string_view(status.message().data(), status.message().size()).find(words) !=
         std::string_view::npos;
}

// Threads are exhausted by the same code. The first two are the system's own words, the third the
// stores' for a snapshot that they do not begin.
bool LacksSpace(const absl::Status& status) {
  return absl::IsResourceExhausted(status) &&
         (Says(status, "No space left on device") || Says(status, "Disk quota exceeded") ||
          Says(status, "too little space"));
}

// A write or a sync that failed, in the words of a host that it has stopped, or any input or output
// at the start.
bool IsDiskFailure(const absl::Status& status) {
  return absl::IsInternal(status) &&
         (Says(status, "the log store failed") || Says(status, "Input/output error"));
}

// The codes of the library tell these apart from nothing else; its words do, and the tests of this
// program's processes would see it if they changed.
std::string AdviceOnPrecondition(const absl::Status& status, const Flags& flags) {
  const bool is_wal = flags.log == Flags::Log::kWal;
  if (is_wal && Says(status, "is a 'synod rocksdb log store'")) {
    return flags.data_dir +
           " was bootstrapped without --log=wal: leave it out, or give another "
           "--data-dir";
  }
  if (!is_wal && Says(status, "is a 'synod wal'")) {
    return flags.data_dir +
           " was bootstrapped with --log=wal: give it here, too, or another "
           "--data-dir";
  }
  if (Says(status, "remembers another disk of this node")) {
    return "If the right disk is merely not mounted at " + flags.data_dir +
           ", mount it and start again. If it is lost, remove " + flags.data_dir + " and " +
           std::string(kReplacement);
  }
  return "";
}

std::string AdviceOn(const absl::Status& status, const Flags& flags) {
  if (LacksSpace(status)) {
    return "The disk of " + flags.data_dir +
           " is full. Free space on it, but delete nothing in that directory, and start again: "
           "nothing that was acknowledged is lost";
  }
  if (IsDiskFailure(status)) {
    return "What " + flags.data_dir +
           " holds is not known any more. Replace the disk or free the space, and start again: the "
           "start reads and checks everything, and writes once more what a failed sync has left in "
           "doubt. If what was on the disk is lost, " +
           std::string(kReplacement);
  }
  if (absl::IsDataLoss(status)) {
    return "Leave " + flags.data_dir +
           " as it is, for whoever finds out why. To go on without it give another --data-dir, "
           "and " +
           std::string(kReplacement);
  }
  if (absl::IsFailedPrecondition(status)) return AdviceOnPrecondition(status, flags);
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
