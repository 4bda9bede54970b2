// Where in a program something stands, and what is said about it.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_SOURCE_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_SOURCE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace synod::slots::p4 {

// Both count from 1.
struct Location {
  int line = 1;
  int column = 1;
};

inline std::string Describe(Location where) {
  return std::to_string(where.line) + ":" + std::to_string(where.column);
}

// Keeps the first thing that is wrong with a program: what comes after it may be its consequence.
class Complaint {
 public:
  explicit Complaint(std::string_view file) : file_(file) {}

  void Say(Location where, const std::string& what) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(file_ + ":" + Describe(where) + ": " + what);
    }
  }
  [[nodiscard]] bool IsEmpty() const { return status_.ok(); }
  // "acceptor.p4:12:5: why", or OK.
  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  std::string file_;
  absl::Status status_;
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_SOURCE_H_
