#include "kv/flags.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synod_kv {
namespace {

constexpr std::string_view kCluster = "--cluster=1=h:1/h:2,2=h:3/h:4";

absl::StatusOr<Flags> Parse(const std::vector<std::string_view>& arguments) {
  return ParseFlags(arguments);
}

TEST(Flags, Serve_WithTheLeast_TakesTheDefaults) {
  const auto flags = Parse({"serve", "--id=2", kCluster, "--data-dir=/d"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->verb, Flags::Verb::kServe);
  EXPECT_EQ(flags->Self().client_address, "h:4");
  EXPECT_EQ(flags->election_timeout, std::chrono::milliseconds(500));
  EXPECT_FALSE(flags->cluster_id.has_value());
}

TEST(Flags, Every_Given_IsTaken) {
  const auto flags =
      Parse({"serve", "--id=1", kCluster, "--log=memory", "--cluster-id=7",
             "--heartbeat-interval=20ms", "--election-timeout=1.5s", "--snapshot-entries=10",
             "--snapshot-bytes=20", "--trailing-entries=5", "--quota-bytes=1000"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->log, Flags::Log::kMemory);
  EXPECT_EQ(flags->cluster_id, synod::ClusterId(7));
  EXPECT_EQ(flags->heartbeat_interval, std::chrono::milliseconds(20));
  EXPECT_EQ(flags->election_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(flags->snapshot_entries, 10u);
  EXPECT_EQ(flags->snapshot_bytes, 20u);
  EXPECT_EQ(flags->trailing_entries, 5u);
  EXPECT_EQ(flags->quota_bytes, 1000u);
}

TEST(Flags, Log_Wal_NeedsADirectoryAndABootstrap) {
  const auto flags =
      Parse({"bootstrap", "--id=1", kCluster, "--cluster-id=7", "--log=wal", "--data-dir=/d"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->log, Flags::Log::kWal);
  EXPECT_TRUE(absl::IsInvalidArgument(Parse({"serve", "--id=1", kCluster, "--log=wal"}).status()));
}

TEST(Flags, Value_AsTheNextArgument_IsTaken) {
  const auto flags = Parse({"bootstrap", "--id", "1", kCluster, "--cluster-id", "7", "--log", "wal",
                            "--data-dir", "/d"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->log, Flags::Log::kWal);
  EXPECT_EQ(flags->data_dir, "/d");
  for (const std::vector<std::string_view>& arguments :
       {std::vector<std::string_view>{"serve", "--id"}, {"serve", "--id", "--log=wal"}}) {
    EXPECT_THAT(Parse(arguments).status().message(), testing::HasSubstr("--id needs a value"));
  }
}

TEST(Flags, Quorum_Given_IsForTheBootstrapOfMembersWhoseQuorumsMeet) {
  const auto of = [](std::string_view verb, std::string_view rule) {
    return Parse({verb, "--id=1", kCluster, "--cluster-id=7", "--data-dir=/d", rule});
  };
  const auto flags = of("bootstrap", "--quorum=flexible:q1=2,q2=1");
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->quorums, synod::QuorumRule::Flexible(2, 1));
  EXPECT_THAT(of("bootstrap", "--quorum=flexible:q1=1,q2=1").status().message(),
              testing::HasSubstr("{1} may elect and {2} may commit"));
  EXPECT_THAT(of("bootstrap", "--quorum=most").status().message(),
              testing::HasSubstr("there are majority, flexible"));
  EXPECT_THAT(of("serve", "--quorum=flexible:q1=2,q2=1").status().message(),
              testing::HasSubstr("--quorum is for bootstrap"));
}

TEST(Flags, Acceptors_Given_AreVotersBehindTheMembers) {
  const auto of = [](std::string_view protocol, std::string_view acceptors,
                     std::string_view quorum = "--quorum=majority") {
    return Parse({"bootstrap", "--id=1", kCluster, "--cluster-id=7", "--data-dir=/d", protocol,
                  acceptors, quorum});
  };
  const auto flags =
      of("--protocol=multipaxos", "--acceptors=switch://10.0.0.3:7400,switch://10.0.0.4:7400/7401");
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->acceptors,
            (std::vector<std::string>{"switch://10.0.0.3:7400", "switch://10.0.0.4:7400/7401"}));
  EXPECT_EQ(flags->AcceptorIds(), (std::vector<synod::NodeId>{3, 4}));
  EXPECT_THAT(of("--protocol=raft", "--acceptors=switch://10.0.0.3:7400").status().message(),
              testing::HasSubstr("--protocol=multipaxos"));
  EXPECT_THAT(of("--protocol=multipaxos", "--acceptors=10.0.0.3:7400").status().message(),
              testing::HasSubstr("such as switch://10.0.0.2:7400"));
  EXPECT_THAT(of("--protocol=multipaxos", "--acceptors=switch://10.0.0.3:7400,").status().message(),
              testing::HasSubstr("'' is no address of an acceptor"));
  EXPECT_THAT(
      of("--protocol=multipaxos", "--acceptors=switch://10.0.0.3:7400,switch://10.0.0.3:7400/7401")
          .status()
          .message(),
      testing::HasSubstr("names one twice"));
  // They are counted: of three voters two and one need not meet, as they would of two.
  EXPECT_THAT(of("--protocol=multipaxos", "--acceptors=switch://10.0.0.3:7400",
                 "--quorum=flexible:q1=2,q2=1")
                  .status()
                  .message(),
              testing::HasSubstr("may commit"));
}

TEST(Flags, Join_Given_NeedsTheClustersId) {
  const auto flags =
      Parse({"serve", "--join", "--id=2", kCluster, "--cluster-id=7", "--data-dir=/d"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_TRUE(flags->joins);
  EXPECT_FALSE(Parse({"serve", "--id=2", kCluster, "--data-dir=/d"})->joins);
}

struct Wrong {
  std::vector<std::string_view> arguments;
  std::string_view message;  // A part of it.
};

class WrongFlags : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFlags, Parsed_AreRefusedSayingWhy) {
  const absl::Status status = Parse(GetParam().arguments).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(std::string(status.message()).find(GetParam().message), std::string::npos) << status;
}

INSTANTIATE_TEST_SUITE_P(
    Lines, WrongFlags,
    testing::Values(
        Wrong{{}, "bootstrap or serve"}, Wrong{{"sreve"}, "'sreve'"},
        Wrong{{"serve", "--ids=1"}, "no flag --ids"}, Wrong{{"serve", "--id"}, "--id=N"},
        Wrong{{"serve", "id=1"}, "'id=1' is not a flag"},
        Wrong{{"serve", "--id=one"}, "--id: must be a positive number"},
        Wrong{{"serve", "--id=1", "--id=1"}, "given twice"},
        Wrong{{"serve", kCluster, "--data-dir=/d"}, "--id is missing"},
        Wrong{{"serve", "--id=1", "--data-dir=/d"}, "--cluster is missing"},
        Wrong{{"serve", "--id=3", kCluster, "--data-dir=/d"}, "no member 3"},
        Wrong{{"serve", "--id=1", kCluster}, "--data-dir is missing"},
        Wrong{{"serve", "--id=1", kCluster, "--log=paper"}, "rocksdb, wal or memory"},
        Wrong{{"serve", "--id=1", kCluster, "--log=memory"}, "--cluster-id is missing"},
        Wrong{{"bootstrap", "--id=1", kCluster, "--data-dir=/d"}, "--cluster-id is missing"},
        Wrong{{"bootstrap", "--id=1", kCluster, "--log=memory"}, "bootstrapped"},
        Wrong{{"serve", "--join", "--id=1", kCluster, "--data-dir=/d"}, "--cluster-id is missing"},
        Wrong{{"serve", "--join=yes", "--id=1"}, "--join takes no value"},
        Wrong{{"serve", "--join", "--id=1", kCluster, "--cluster-id=7", "--data-dir=/d",
               "--acceptors=switch://10.0.0.3:7400"},
              "learns them from the others"},
        Wrong{{"serve", "--join", "--id=3", kCluster, "--cluster-id=7"}, "no member 3"},
        Wrong{
            {"serve", "--join", "--id=1", "--cluster=1=h:1/h:2", "--cluster-id=7", "--data-dir=/d"},
            "the members that there are"},
        Wrong{{"bootstrap", "--join", "--id=1", kCluster, "--cluster-id=7", "--data-dir=/d"},
              "--join is for serve"},
        Wrong{{"serve", "--id=1", kCluster, "--data-dir=/d", "--heartbeat-interval=fast"}, "50ms"},
        Wrong{{"serve", "--id=1", kCluster, "--data-dir=/d", "--election-timeout=60ms"},
              "three times"}));

TEST(HelpText, Printed_NamesEveryFlag) {
  const std::string help = HelpText();
  for (const char* flag :
       {"--id=", "--join\n",
        "--cluster=", "--cluster-id=", "--data-dir=", "--log=", "--heartbeat-interval=",
        "--election-timeout=", "--snapshot-entries=", "--snapshot-bytes=", "--trailing-entries=",
        "--quota-bytes=", "--protocol=", "--quorum=", "--acceptors=", "SIGUSR1", "--version"}) {
    EXPECT_NE(help.find(flag), std::string::npos) << flag;
  }
  EXPECT_EQ(Parse({"--help"})->verb, Flags::Verb::kHelp);
  EXPECT_EQ(Parse({"serve", "--help"})->verb, Flags::Verb::kHelp);
}

TEST(VersionText, Printed_NamesTheProgramAndAVersion) {
  EXPECT_EQ(Parse({"--version"})->verb, Flags::Verb::kVersion);
  EXPECT_TRUE(VersionText().starts_with("synod-kv 0."));
}

}  // namespace
}  // namespace synod_kv
