// The command line of synod-switch.
#include "transports/switch/daemon/flags.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace synod::slots {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string_view>;

void ExpectWrong(const Arguments& arguments, const std::string& why) {
  const absl::Status status = ParseFlags(arguments).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(why));
}

TEST(SwitchFlags, EveryFlag_Given_IsTaken) {
  const auto flags = ParseFlags(
      Arguments{"serve", "--listen=10.0.0.1:7400", "--control=127.0.0.1:0", "--program=a.p4",
                "--control-delay-min=1ms", "--control-delay-max=2ms", "--loss=0.5",
                "--duplication=0.25", "--reordering=1", "--held-max=7us", "--seed=9"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->verb, Flags::Verb::kServe);
  EXPECT_EQ(flags->listen, (Endpoint{0x0a000001, 7400}));
  EXPECT_EQ(flags->control, (Endpoint{0x7f000001, 0}));
  EXPECT_EQ(flags->program_file, "a.p4");
  EXPECT_EQ(flags->options.control_delay_min, std::chrono::milliseconds(1));
  EXPECT_EQ(flags->options.control_delay_max, std::chrono::milliseconds(2));
  EXPECT_EQ(flags->options.faults.loss, 500'000u);
  EXPECT_EQ(flags->options.faults.duplication, 250'000u);
  EXPECT_EQ(flags->options.faults.reordering, 1'000'000u);
  EXPECT_EQ(flags->options.faults.held_max, std::chrono::microseconds(7));
  EXPECT_EQ(flags->options.seed, 9u);
}

TEST(SwitchFlags, XdpFlags_Given_AreTaken) {
  const auto flags =
      ParseFlags(Arguments{"serve", "--listen=10.0.0.1:7400", "--control=127.0.0.1:0", "--xdp=eth0",
                           "--xdp-pin=/sys/fs/bpf/acceptor", "--xdp-generic"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->xdp.interface, "eth0");
  EXPECT_EQ(flags->xdp.directory, "/sys/fs/bpf/acceptor");
  EXPECT_TRUE(flags->xdp.is_generic);
}

TEST(SwitchFlags, Wrong_Given_SaysWhatWouldBeRight) {
  ExpectWrong({}, "serve, check or control");
  ExpectWrong({"run"}, "'run' is none of serve, check and control");
  ExpectWrong({"serve", "--listen=127.0.0.1:1"}, "--control is missing");
  ExpectWrong({"serve", "--control=127.0.0.1:1"}, "--listen is missing");
  ExpectWrong({"serve", "--listen=localhost:1"}, "an IPv4 address and a port");
  ExpectWrong({"serve", "--listen=127.0.0.1:65536"}, "an IPv4 address and a port");
  ExpectWrong({"serve", "--listen"}, "--listen needs a value: --listen=ADDRESS:PORT");
  ExpectWrong({"serve", "--software=1"}, "--software takes no value");
  ExpectWrong({"serve", "--speed=1"}, "there is no flag --speed");
  ExpectWrong({"serve", "now"}, "'now' is not a flag");
  ExpectWrong({"serve", "--seed=1", "--seed=1"}, "--seed is given twice");
  ExpectWrong({"serve", "--loss=1.5"}, "--loss: must be a share between 0 and 1");
  ExpectWrong({"serve", "--loss=nan"}, "--loss: must be a share between 0 and 1");
  ExpectWrong({"serve", "--held-max=5"}, "--held-max: must be a time");
  ExpectWrong({"serve", "--listen=127.0.0.1:1", "--control=127.0.0.1:2", "--control-delay-min=1s"},
              "--control-delay-max must not be less");
  ExpectWrong({"serve", "--listen=127.0.0.1:1", "--control=127.0.0.1:2", "--software", "--loss=1"},
              "--software goes with --listen and --control alone");
  ExpectWrong({"serve", "--listen=127.0.0.1:1", "--control=127.0.0.1:2", "--xdp=eth0", "--loss=1"},
              "--xdp goes with --listen, --control, --xdp-pin and --xdp-generic alone");
  ExpectWrong({"serve", "--listen=127.0.0.1:1", "--control=127.0.0.1:2", "--xdp-generic"},
              "--xdp-pin and --xdp-generic go with --xdp");
  ExpectWrong({"serve", "--xdp="}, "--xdp: must not be empty");
  ExpectWrong({"check", "--seed=1"}, "check takes no other flag");
  ExpectWrong({"control", "127.0.0.1:1"}, "control takes HOST:PORT and a command");
}

TEST(SwitchFlags, Help_Asked_NamesEveryFlag) {
  EXPECT_EQ(ParseFlags(Arguments{"serve", "--help"})->verb, Flags::Verb::kHelp);
  for (const char* flag :
       {"--listen", "--control", "--program", "--software", "--xdp", "--loss", "--seed"}) {
    EXPECT_THAT(HelpText(), HasSubstr(flag));
  }
}

}  // namespace
}  // namespace synod::slots
