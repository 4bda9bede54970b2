// How acceptors are named, and how one is asked which it is.
#include "synod/switch/acceptor_address.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/switch/switch_process.h"

namespace synod::slots::testing {
namespace {

TEST(AcceptorAddress, WithAndWithoutAControlPort_IsParsed) {
  const auto plain = ParseAcceptorAddress("switch://10.0.0.2:7400");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->data, (Endpoint{.address = 0x0a000002, .port = 7400}));
  EXPECT_EQ(plain->control_port, 0);
  const auto controlled = ParseAcceptorAddress("switch://10.0.0.2:7400/7401");
  ASSERT_TRUE(controlled.ok());
  EXPECT_EQ(controlled->Control(), "10.0.0.2:7401");
}

TEST(AcceptorAddress, AnythingElse_IsRefused) {
  for (const std::string text :
       {"", "switch://", "10.0.0.2:7400", "http://10.0.0.2:7400", "switch://10.0.0.2",
        "switch://10.0.0.2:0", "switch://10.0.0.2:7400/", "switch://10.0.0.2:7400/0",
        "switch://10.0.0.2:7400/x", "switch://10.0.0.2:7400/70000", "switch://0.0.0.0:7400",
        "switch://10.0.0.2:7400/7401/"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseAcceptorAddress(text).status())) << text;
  }
}

TEST(AskIncarnation, OfAnAcceptor_IsTheOneThatItWasEnabledUnder) {
  const Process process({"--software"});
  const AcceptorAddress address{.data = process.listen()};
  const auto ask = [&](uint32_t group) {
    return AskIncarnation(address, group, std::chrono::seconds(10));
  };
  EXPECT_EQ(ask(3).value_or(9), 0u) << "It is no voter.";
  ASSERT_TRUE(process.Connect()->Enable(3, 0xabcdef0123, 0).ok());
  EXPECT_EQ(ask(3).value_or(9), 0xabcdef0123u);
  EXPECT_TRUE(absl::IsFailedPrecondition(ask(4).status()));
  EXPECT_TRUE(process.Connect()->State()->promised.IsZero()) << "Nothing was promised by it.";
}

TEST(RaiseTrim, OfAnotherVoter_IsLeftAlone) {
  const Process process({"--software"});
  auto control = process.Connect();
  ASSERT_TRUE(control->Enable(3, 77, 0).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(control->RaiseTrim(3, 78, 5)));
  EXPECT_TRUE(absl::IsFailedPrecondition(control->RaiseTrim(4, 77, 5)));
  EXPECT_EQ(control->State()->trim, 0u);
  EXPECT_TRUE(control->RaiseTrim(3, 77, 5).ok());
  EXPECT_TRUE(control->RaiseTrim(3, 77, 4).ok()) << "It is there already.";
  EXPECT_EQ(control->State()->trim, 5u);
}

}  // namespace
}  // namespace synod::slots::testing
