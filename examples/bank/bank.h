// A bank as a replicated state machine: accounts with money, some of them frozen. It has two bugs
// to choose from, of the kind that no unit test of a single bank is likely to find.
#ifndef SYNOD_EXAMPLES_BANK_BANK_H_
#define SYNOD_EXAMPLES_BANK_BANK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include <synod/port/state_machine.h>

namespace bank {

enum class Bug {
  kNone,
  kForget,  // A snapshot forgets which accounts are frozen.
  kMint,    // Who pays himself gets richer.
};

// Commands: "1 freeze ann", "2 thaw ann", "3 pay ann bob 30". The number in front tells one from
// another. Answers: "done", "frozen" or "poor". A query is answered with all accounts, one a line.
class Bank : public synod::StateMachine {
 public:
  static constexpr int64_t kMoney = 400;  // All there is, and there is never more or less.

  explicit Bank(Bug bug) : bug_(bug) {}

  void Apply(std::span<const synod::Command> batch, std::span<std::string> results) override {
    for (size_t i = 0; i < batch.size(); ++i) results[i] = Execute(std::string(batch[i].data));
  }
  absl::StatusOr<std::string> Query(std::string_view) const override { return Statement(true); }
  absl::StatusOr<std::unique_ptr<synod::SnapshotView>> Snapshot() const override {
    return std::make_unique<View>(Statement(bug_ != Bug::kForget));
  }
  absl::Status Restore(synod::ByteSource& image) override {
    std::string text(4096, '\0');  // More than the statement of four accounts.
    const absl::StatusOr<size_t> size = image.Read(text);
    if (!size.ok()) return size.status();
    accounts_.clear();
    std::istringstream lines(text.substr(0, *size));
    for (std::string name, status; lines >> name;) {
      Account& account = accounts_[name];
      lines >> account.money >> status;
      account.is_frozen = status == "frozen";
    }
    return absl::OkStatus();
  }

 private:
  struct Account {
    int64_t money = 0;
    bool is_frozen = false;
  };
  struct View : synod::SnapshotView {
    explicit View(std::string text) : image(std::move(text)) {}
    absl::Status WriteTo(synod::ByteSink& sink) const override { return sink.Append(image); }
    const std::string image;
  };

  std::string Execute(const std::string& command) {
    std::istringstream words(command);
    std::string number, verb, name, other;
    int64_t amount = 0;
    words >> number >> verb >> name >> other >> amount;
    Account& account = accounts_[name];
    if (verb == "pay") return Pay(account, accounts_[other], amount);
    account.is_frozen = verb == "freeze";
    return "done";
  }
  std::string Pay(Account& from, Account& to, int64_t amount) {
    if (from.is_frozen || to.is_frozen) return "frozen";
    if (from.money < amount) return "poor";
    const int64_t early = to.money + amount;  // Right, unless they are one account.
    from.money -= amount;
    to.money = bug_ == Bug::kMint ? early : to.money + amount;
    return "done";
  }
  std::string Statement(bool tells_frozen) const {
    std::string text;
    for (const auto& [name, account] : accounts_) {
      const bool is_frozen = account.is_frozen && tells_frozen;
      text += name + " " + std::to_string(account.money) + (is_frozen ? " frozen\n" : " free\n");
    }
    return text;
  }

  const Bug bug_;
  std::map<std::string, Account> accounts_ = {
      {"ann", {100}}, {"bob", {100}}, {"cid", {100}}, {"dan", {100}}};
};

}  // namespace bank

#endif  // SYNOD_EXAMPLES_BANK_BANK_H_
