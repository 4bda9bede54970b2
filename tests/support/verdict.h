// Whether a simulated run kept its promises; if not, which one broke first.
#ifndef SYNOD_TESTS_SUPPORT_VERDICT_H_
#define SYNOD_TESTS_SUPPORT_VERDICT_H_

#include <sstream>
#include <string>

namespace synod::test {

class Verdict {
 public:
  [[nodiscard]] bool ok() const { return violation_.empty(); }
  [[nodiscard]] const std::string& violation() const { return violation_; }

  // Only the first violation counts: what follows it may be its consequence.
  template <class... Parts>
  void Fail(const Parts&... parts) {
    if (!ok()) return;
    std::ostringstream text;
    (text << ... << parts);
    violation_ = text.str();
  }

 private:
  std::string violation_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_VERDICT_H_
