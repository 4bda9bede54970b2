// A switch's limits: for each a small program that breaks it, and the reason with which it is
// refused.
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/switch/small_program.h"

namespace synod::slots {
namespace {

using testing::ExpectRefused;
using testing::Load;
using testing::Whole;

constexpr char kCell[] = "register<bit<32>>(8) cell;";

TEST(Limits, Acceptor_LaidOut_TakesTwelveStages) {
  const auto created = EmulatedSwitch::Create({});
  ASSERT_TRUE(created.ok()) << created.status();
  const StageReport& stages = (*created)->stages();
  EXPECT_EQ(stages.stages, 12);
  EXPECT_EQ(stages.parser_states, 4);
  EXPECT_LT(stages.packet_bits, 2048);
  EXPECT_EQ(stages.registers.size(), 24u);
  EXPECT_FALSE(EmulatedSwitch::Create({.limits = {.stages = 11}}).ok());
  EXPECT_FALSE(EmulatedSwitch::Create({.limits = {.arrays_per_stage = 3}}).ok());
}

TEST(Limits, RegisterReadTwice_InSequence_IsRefused) {
  ExpectRefused({.declarations = kCell, .body = "cell.read(hdr.w.a, 0); $cell.read(hdr.w.b, 0);"},
                "accessed again after its one read-modify-write");
}

TEST(Limits, RegisterWrittenTwice_InSequence_IsRefused) {
  ExpectRefused({.declarations = kCell, .body = "cell.write(0, hdr.w.b); $cell.write(0, hdr.w.c);"},
                "accessed again after its one read-modify-write");
}

TEST(Limits, RegisterReadAfterWrite_InSequence_IsRefused) {
  ExpectRefused({.declarations = kCell,
                 .body = "cell.write(0, hdr.w.b); if (hdr.w.c == 1) { $cell.read(hdr.w.a, 0); }"},
                "accessed again after its one read-modify-write");
}

TEST(Limits, RegisterInTwoPlaces_OfOnePacket_IsRefused) {
  ExpectRefused({.declarations = kCell, .body = "cell.read(hdr.w.a, 0); $cell.write(1, hdr.w.b);"},
                "accessed in two places by one packet");
  ExpectRefused({.declarations = kCell,
                 .body = "cell.read(hdr.w.a, hdr.w.c); $cell.write(hdr.w.d, hdr.w.b);"},
                "accessed in two places by one packet");
}

TEST(Limits, RegisterAccessed_InExclusiveBranches_IsOneAccess) {
  EXPECT_TRUE(Load(Whole({.declarations = kCell,
                          .body = "if (hdr.w.a == 1) { cell.read(hdr.w.b, hdr.w.c); } else if "
                                  "(hdr.w.a == 2) { cell.write(hdr.w.c, hdr.w.d); }"}))
                  .ok());
}

TEST(Limits, ControlAppliedTwice_WithARegister_IsRefused) {
  ExpectRefused({.controls = "control C(inout bit<32> word) {\n  register<bit<32>>(1) cell;\n"
                             "  apply { $cell.read(word, 0); }\n}\n",
                 .declarations = "C() c;",
                 .body = "c.apply(hdr.w.a); hdr.w.b = hdr.w.a + 1; c.apply(hdr.w.c);"},
                "accessed again after its one read-modify-write");
}

TEST(Limits, AnotherRegister_BetweenReadAndWrite_IsRefused) {
  ExpectRefused({.declarations = "register<bit<32>>(1) one; register<bit<32>>(1) other;",
                 .body = "one.read(meta.m, 0); $other.read(meta.n, 0); one.write(0, meta.n);"},
                "another register is used between the accesses");
}

TEST(Limits, Table_BetweenReadAndWrite_IsRefused) {
  ExpectRefused({.declarations = std::string(kCell) +
                                 "table t { key = { hdr.w.a: exact; } actions = { NoAction; } "
                                 "default_action = NoAction(); }",
                 .body = "cell.read(meta.m, 0); $t.apply(); cell.write(0, meta.m);"},
                "nothing else can be done between its accesses");
}

TEST(Limits, MuchComputed_BetweenReadAndWrite_IsRefused) {
  ExpectRefused({.declarations = kCell,
                 .body = "cell.read(meta.m, 0); $cell.write(0, meta.m + hdr.w.a + hdr.w.b);"},
                "more than one operation at once");
  ExpectRefused(
      {.declarations = kCell,
       .body = "$cell.read(meta.m, 0); meta.m = meta.m + 1; meta.m = meta.m + 1; meta.m = "
               "meta.m + 1; meta.m = meta.m + 1; meta.m = meta.m + 1; "
               "cell.write(0, meta.m);"},
      "5 assignments in its read-modify-write");
  ExpectRefused(
      {.declarations = kCell,
       .body = "$cell.read(meta.m, 0); if (meta.m > 1 && meta.m < 5 && hdr.w.a == 3) { if "
               "(hdr.w.b == 1 || hdr.w.c == 1) { cell.write(0, hdr.w.a); } }"},
      "5 comparisons in its read-modify-write");
}

TEST(Limits, ManyResults_OfOneReadModifyWrite_AreRefused) {
  ExpectRefused({.declarations = kCell,
                 .body = "$cell.read(hdr.w.a, 0); hdr.w.b = hdr.w.a; hdr.w.c = hdr.w.a; "
                         "cell.write(0, hdr.w.d);"},
                "3 results of its read-modify-write");
}

TEST(Limits, MoreStages_ThanThereAre_AreRefused) {
  std::string body;
  for (int i = 0; i < 12; ++i) body += "hdr.w.a = hdr.w.a + hdr.w.b;\n";
  EXPECT_TRUE(Load(Whole({.body = body})).ok());
  ExpectRefused({.body = body + "$hdr.w.a = hdr.w.a + hdr.w.b;"}, "this needs stage 13");
}

TEST(Limits, OperationsInOneAnother_LaidOut_TakeAStageEach) {
  ExpectRefused({.body = "$hdr.w.a = ((hdr.w.a + hdr.w.b) ^ hdr.w.c) + hdr.w.d;"},
                "this needs stage 3", {.stages = 2});
}

// What is read by the last of its operations is not overwritten before.
TEST(Limits, OperandOfAStageToCome_Overwritten_WaitsForIt) {
  ExpectRefused({.body = "hdr.w.a = (hdr.w.a + hdr.w.b) ^ hdr.w.c; hdr.w.c = hdr.w.d; $hdr.w.d = "
                         "hdr.w.c;"},
                "this needs stage 3", {.stages = 2});
}

TEST(Limits, MoreArrays_ThanAllStagesHold_AreRefused) {
  std::string registers, body;
  for (int i = 0; i < 5; ++i) {
    registers += "register<bit<32>>(1) r" + std::to_string(i) + ";";
    body += std::string(i == 4 ? "$" : "") + "r" + std::to_string(i) + ".write(0, hdr.w.a);\n";
  }
  ExpectRefused({.declarations = registers, .body = body}, "this needs stage 2", {.stages = 1});
}

TEST(Limits, MoreConditions_ThanAStageHas_GoToTheNext) {
  std::string body;
  for (int i = 0; i < 3; ++i) {
    body += std::string(i == 2 ? "$" : "") + "if (hdr.w.a == " + std::to_string(i) +
            ") { meta.m = 1; }\n";
  }
  // Each assignment is one stage behind the one before; conditions alone would fit.
  ExpectRefused({.body = body}, "this needs stage 3", {.stages = 2, .conditions_per_stage = 1});
}

TEST(Limits, ManyComparisons_InOneCondition_AreRefused) {
  ExpectRefused({.body = "$if (hdr.w.a == 1 || hdr.w.a == 3 || hdr.w.b == 5 || hdr.w.c == 7 || "
                         "hdr.w.d == 9) { meta.m = 1; }"},
                "5 comparisons in one condition");
}

TEST(Limits, Computation_InACondition_IsRefused) {
  ExpectRefused({.body = "if (hdr.w.a $+ 1 == hdr.w.b) { meta.m = 1; }"},
                "computed in a stage before it is compared");
}

TEST(Limits, WideArithmetic_OfMoreThan32Bits_IsRefused) {
  ExpectRefused({.types = "header wide_t { bit<48> w; }\n",
                 .body = "bit<48> x = hdr.w.a ++ hdr.w.b[15:0]; x = x $+ 1;"},
                "at most 32 bits");
}

TEST(Limits, WideArithmetic_BetweenReadAndWrite_IsRefused) {
  ExpectRefused(
      {.declarations = kCell,
       .body = "bit<48> x = hdr.w.a ++ hdr.w.b[15:0]; cell.read(meta.m, 0); if (meta.m == "
               "1) { x = x $+ 1; cell.write(0, x[31:0]); }"},
      "at most 32 bits");
}

TEST(Limits, ComputedIndex_OfARegister_IsRefused) {
  ExpectRefused({.declarations = kCell, .body = "cell.read(hdr.w.a, hdr.w.b $+ 1);"},
                "its index is to be computed in a stage before");
}

TEST(Limits, PacketBits_BeyondTheLimit_AreRefused) {
  const absl::Status status = Load(Whole({}), {.packet_bits = 100}).status();
  EXPECT_NE(std::string(status.message()).find("bits, where a switch has 100"), std::string::npos)
      << status;
}

TEST(Limits, ParserThatComesBack_Loaded_IsRefused) {
  ExpectRefused({.transition = "transition other;", .states = "$state other { transition other; }"},
                "a switch has no loops");
}

TEST(Limits, LongParser_Loaded_IsRefused) {
  const absl::Status status =
      Load(Whole({.transition = "transition two;",
                  .states = "state two { transition three; } state three { transition accept; }"}),
           {.parser_states = 2})
          .status();
  EXPECT_NE(std::string(status.message()).find("through 3 states"), std::string::npos) << status;
}

TEST(Limits, Computation_InTheParser_IsRefused) {
  ExpectRefused({.start = "$meta.m = hdr.w.a + 1;"}, "a parser moves fields");
}

TEST(Limits, TableAppliedTwice_Loaded_IsRefused) {
  ExpectRefused({.declarations = "table t { key = { hdr.w.a: exact; } actions = { NoAction; } }",
                 .body = "t.apply(); $t.apply();"},
                "applied a second time");
}

TEST(Limits, TableAction_ThatUsesItsOwnResult_IsRefused) {
  ExpectRefused({.declarations = "action f() { meta.m = hdr.w.a; $meta.n = meta.m; }\n"
                                 "table t { key = { hdr.w.a: exact; } actions = { f; } "
                                 "default_action = f(); }",
                 .body = "t.apply();"},
                "uses what the same stage computes");
}

TEST(Limits, TableAction_WithACondition_IsRefused) {
  ExpectRefused({.declarations = "action f() { $if (hdr.w.a == 1) { meta.n = meta.m; } }\n"
                                 "table t { key = { hdr.w.a: exact; } actions = { f; } "
                                 "default_action = f(); }",
                 .body = "t.apply();"},
                "assignments of one operation each");
}

}  // namespace
}  // namespace synod::slots
