// The command line of a program that simulates a state machine.
#include "src/sim/flags.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class FlagsTest : public ::testing::Test {
 protected:
  FlagsTest() {
    program_.name = "bank-sim";
    program_.flags = {{.name = "--bug",
                       .value = "NAME",
                       .help = "plants one",
                       .set = [this](std::string_view bug) {
                         bug_ = bug;
                         return bug == "steal"
                                    ? absl::InvalidArgumentError("there is no bug 'steal'")
                                    : absl::OkStatus();
                       }}};
    program_.stores.push_back({.name = "paper", .open = NewWalFactory});
  }

  absl::StatusOr<Flags> Parse(std::vector<std::string> arguments) {
    std::vector<char*> pointers;
    pointers.reserve(arguments.size());
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    return ParseFlags(program_, pointers);
  }
  std::string Refusal(std::vector<std::string> arguments) {
    return std::string(Parse(std::move(arguments)).status().message());
  }

  Program program_;
  std::string bug_;
};

TEST_F(FlagsTest, None_AreTheDefaults) {
  const auto flags = Parse({});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->first_seed, 1u);
  EXPECT_EQ(flags->seeds, 1u);
  EXPECT_EQ(flags->store, "") << "It is the transcript's, or the first.";
  EXPECT_FALSE(flags->keep_going);
}

TEST_F(FlagsTest, OwnFlag_IsSetAndRemembered) {
  const auto flags = Parse({"--seeds", "7", "--bug", "mint", "--store", "paper", "--keep-going"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(bug_, "mint");
  EXPECT_EQ(flags->own, " --bug mint");
  EXPECT_EQ(flags->seeds, 7u);
  EXPECT_EQ(flags->store, "paper");
  EXPECT_TRUE(flags->keep_going);
}

TEST_F(FlagsTest, OwnFlag_WrongValue_IsRefusedInItsWords) {
  EXPECT_EQ(Refusal({"--bug", "steal"}), "--bug: there is no bug 'steal'");
  EXPECT_EQ(Refusal({"--bug"}), "--bug takes a value");
}

TEST_F(FlagsTest, UnknownOrWrong_IsNamed) {
  EXPECT_EQ(Refusal({"--bag", "mint"}), "there is no flag --bag");
  EXPECT_EQ(Refusal({"stuff"}), "'stuff' is neither a flag nor the value of one");
  EXPECT_THAT(Refusal({"--seed", "1x"}), HasSubstr("--seed takes a number below 2^64, not '1x'"));
  EXPECT_THAT(Refusal({"--write", ""}), HasSubstr("--write takes a value"));
  EXPECT_THAT(Refusal({"--seeds", "0"}), HasSubstr("--seeds must be positive"));
  EXPECT_THAT(Refusal({"--store", "stone"}), AllOf(HasSubstr("'stone'"), HasSubstr("wal, paper")));
}

TEST_F(FlagsTest, Together_WhatDoesNotFit_IsRefused) {
  EXPECT_THAT(Refusal({"--shrink", "--seeds", "2"}), HasSubstr("are for one run"));
  EXPECT_THAT(Refusal({"--transcript", "x", "--seed", "2"}), HasSubstr("goes without --seed"));
}

TEST_F(FlagsTest, Complete_OnlyOfAProgramThatShowsReach_IsKnown) {
  EXPECT_EQ(Refusal({"--complete"}), "there is no flag --complete");
  EXPECT_THAT(Usage(program_), Not(HasSubstr("--complete")));
  program_.shows_reach = true;
  const auto flags = Parse({"--complete"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_TRUE(flags->complete);
  EXPECT_THAT(Usage(program_), HasSubstr("\n  --complete         stops"));
}

TEST_F(FlagsTest, Usage_NamesOwnFlagsAndStores) {
  EXPECT_THAT(Usage(program_), AllOf(HasSubstr("usage: bank-sim [--bug NAME] [--seed N]"),
                                     HasSubstr("\n  --bug NAME         plants one\n"),
                                     HasSubstr("under test: wal, paper\n")));
}

}  // namespace
}  // namespace synod::sim
