// The subset of P4: what it means, and what is refused as outside of it, with the place.
#include <string>

#include "synod/base/rng.h"

#include "gtest/gtest.h"
#include "tests/unit/switch/small_program.h"

namespace synod::slots {
namespace {

using testing::ExpectRefused;
using testing::Load;
using testing::Pieces;
using testing::RunWords;
using testing::Whole;
using testing::Words;

// What the words come to, for random ones, if a body is right.
void ExpectComputes(const Pieces& pieces, Words (*expected)(Words)) {
  const auto loaded = Load(Whole(pieces));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    Words words{};
    for (uint32_t& word : words) {
      word = static_cast<uint32_t>(rng.Chance(1, 3) ? rng.Below(3) - 1 : rng.Next());
    }
    EXPECT_EQ(RunWords(**loaded, words), expected(words)) << pieces.body;
  }
}

TEST(Subset, Operators_Run_Compute) {
  ExpectComputes({.body = "hdr.w.a = hdr.w.a + hdr.w.b; hdr.w.c = hdr.w.c - hdr.w.d;"},
                 [](Words w) {
                   return Words{w[0] + w[1], w[1], w[2] - w[3], w[3]};
                 });
  ExpectComputes({.body = "hdr.w.a = hdr.w.a & hdr.w.b; hdr.w.c = hdr.w.c | hdr.w.d; "
                          "hdr.w.b = hdr.w.b ^ hdr.w.d; hdr.w.d = ~hdr.w.d;"},
                 [](Words w) {
                   return Words{w[0] & w[1], w[1] ^ w[3], w[2] | w[3], ~w[3]};
                 });
  ExpectComputes({.body = "hdr.w.a = hdr.w.a << 3; hdr.w.b = hdr.w.b >> 5; hdr.w.c = -hdr.w.c;"},
                 [](Words w) {
                   return Words{w[0] << 3, w[1] >> 5, -w[2], w[3]};
                 });
  ExpectComputes({.body = "hdr.w.a = hdr.w.a[7:0] ++ hdr.w.b[31:8]; hdr.w.c[15:8] = hdr.w.d[7:0]; "
                          "hdr.w.d = (bit<32>) hdr.w.d[11:4];"},
                 [](Words w) {
                   return Words{w[0] << 24 | w[1] >> 8, w[1],
                                (w[2] & 0xffff00ff) | (w[3] & 0xff) << 8, (w[3] >> 4) & 0xff};
                 });
  ExpectComputes({.body = "hdr.w.a = (hdr.w.a + 1) ^ (hdr.w.b - 0x10) & 32w0b11;"}, [](Words w) {
    return Words{(w[0] + 1) ^ ((w[1] - 16) & 3), w[1], w[2], w[3]};
  });
}

TEST(Subset, Conditions_Run_Choose) {
  const std::pair<const char*, bool (*)(Words)> cases[] = {
      {"hdr.w.a == hdr.w.b", [](Words w) { return w[0] == w[1]; }},
      {"hdr.w.a != hdr.w.b", [](Words w) { return w[0] != w[1]; }},
      {"hdr.w.a < hdr.w.b", [](Words w) { return w[0] < w[1]; }},
      {"hdr.w.a <= hdr.w.b", [](Words w) { return w[0] <= w[1]; }},
      {"hdr.w.a > hdr.w.b", [](Words w) { return w[0] > w[1]; }},
      {"hdr.w.a >= hdr.w.b", [](Words w) { return w[0] >= w[1]; }},
      {"!(hdr.w.a >= hdr.w.b)", [](Words w) { return w[0] < w[1]; }},
      {"hdr.w.a < hdr.w.b && hdr.w.c == 0", [](Words w) { return w[0] < w[1] && w[2] == 0; }},
      {"hdr.w.a < hdr.w.b || hdr.w.c == 0", [](Words w) { return w[0] < w[1] || w[2] == 0; }},
      {"!(hdr.w.a < hdr.w.b || hdr.w.c == 0)", [](Words w) { return !(w[0] < w[1] || w[2] == 0); }},
      {"!(hdr.w.a < hdr.w.b && !(hdr.w.c == 0 || hdr.w.b == 1))",
       [](Words w) { return !(w[0] < w[1] && !(w[2] == 0 || w[1] == 1)); }},
      {"hdr.w.isValid()", [](Words) { return true; }},
      {"hdr.o.isValid()", [](Words) { return false; }},
      {"true && !false", [](Words) { return true; }},
      {"hdr.w.a[31:31] == 1", [](Words w) { return w[0] >> 31 == 1; }},
  };
  for (const auto& [condition, holds] : cases) {
    const auto loaded = Load(Whole(
        {.body = std::string("if (") + condition + ") { hdr.w.d = 1; } else { hdr.w.d = 2; }"}));
    ASSERT_TRUE(loaded.ok()) << condition << ": " << loaded.status();
    Rng rng(1);
    for (int round = 0; round < 100; ++round) {
      Words words{};
      for (uint32_t& word : words) word = static_cast<uint32_t>(rng.Below(3) - 1);
      const auto out = RunWords(**loaded, words);
      ASSERT_TRUE(out.has_value());
      EXPECT_EQ((*out)[3], holds(words) ? 1u : 2u) << condition;
    }
  }
}

TEST(Subset, ControlsAndActions_Called_TakeTheirArguments) {
  ExpectComputes({.controls = "control Add(in bit<32> what, inout bit<32> to, out bit<32> copy) {\n"
                              "  apply { to = to + what; copy = what; } }\n",
                  .declarations = "Add() one; Add() two;\n"
                                  "action double(inout bit<32> x, in bit<32> y) { x = y + y; }",
                  .body = "one.apply(hdr.w.a, hdr.w.b, hdr.w.c); two.apply(7, hdr.w.b, meta.m); "
                          "double(hdr.w.d, hdr.w.b);"},
                 [](Words w) {
                   const uint32_t b = w[1] + w[0] + 7;
                   return Words{w[0], b, w[0], 2 * b};
                 });
}

TEST(Subset, Registers_OfInstances_AreEachItsOwn) {
  const auto loaded =
      Load(Whole({.controls = "control Count(inout bit<32> word) {\n  register<bit<32>>(4) cell;\n"
                              "  apply { bit<32> held; cell.read(held, 1); word = word + held; "
                              "cell.write(1, word); } }\n",
                  .declarations = "Count() one; Count() two;",
                  .body = "one.apply(hdr.w.a); two.apply(hdr.w.b);"}));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(RunWords(**loaded, {1, 10, 0, 0}), (Words{1, 10, 0, 0}));
  EXPECT_EQ(RunWords(**loaded, {1, 10, 0, 0}), (Words{2, 20, 0, 0}));
  EXPECT_EQ((*loaded)->ReadRegister("one.cell", 1).value(), 2u);
  EXPECT_EQ((*loaded)->ReadRegister("two", 1).value(), 20u);
  EXPECT_EQ((*loaded)->ReadRegister("two", 0).value(), 0u);
}

TEST(Subset, RegisterIndex_BeyondTheEnd_ReadsZeroAndWritesNothing) {
  const auto loaded = Load(Whole({.declarations = "register<bit<32>>(4) cell;",
                                  .body = "cell.read(hdr.w.b, hdr.w.a); "
                                          "cell.write(hdr.w.a, hdr.w.c);"}));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(RunWords(**loaded, {4, 9, 5, 0}), (Words{4, 0, 5, 0}));
  EXPECT_EQ(RunWords(**loaded, {3, 9, 5, 0}), (Words{3, 0, 5, 0}));
  EXPECT_EQ(RunWords(**loaded, {3, 9, 6, 0}), (Words{3, 5, 6, 0}));
  EXPECT_EQ(RunWords(**loaded, {0xffffffff, 9, 5, 0}), (Words{0xffffffff, 0, 5, 0}));
}

TEST(Subset, Table_WithEntries_RunsTheActionOfTheOneThatMatches) {
  const auto loaded = Load(
      Whole({.declarations =
                 "action set(bit<32> x, bit<9> port) { hdr.w.c = x; "
                 "standard.egress_spec = port; }\n"
                 "action drop() { mark_to_drop(standard); }\n"
                 "table t { key = { hdr.w.a: exact; hdr.w.b: exact; } actions = { set; drop; } "
                 "default_action = drop(); size = 2; }",
             .body = "t.apply();"}));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EmulatedSwitch& device = **loaded;
  EXPECT_EQ(RunWords(device, {1, 2, 3, 4}), std::nullopt);
  EXPECT_TRUE(device.SetEntry({"t", {1, 2}, "set", {77, 5}}).ok());
  EXPECT_TRUE(device.SetEntry({"t", {2, 1}, "set", {78, 5}}).ok());
  EXPECT_EQ(RunWords(device, {1, 2, 3, 4}), (Words{1, 2, 77, 4}));
  EXPECT_EQ(RunWords(device, {2, 1, 3, 4}), (Words{2, 1, 78, 4}));
  EXPECT_EQ(RunWords(device, {2, 2, 3, 4}), std::nullopt);
  EXPECT_TRUE(device.SetEntry({"t", {1, 2}, "drop", {}}).ok());
  EXPECT_EQ(RunWords(device, {1, 2, 3, 4}), std::nullopt);
  EXPECT_EQ(device.SetEntry({"t", {3, 3}, "drop", {}}).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(device.SetEntry({"u", {3, 3}, "drop", {}}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(device.SetEntry({"t", {3, 3}, "jump", {}}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(device.SetEntry({"t", {1}, "drop", {}}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(device.SetEntry({"t", {1, 2}, "set", {0, 512}}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Subset, ParserSelects_ByFields_TakesTheFirstCaseThatMatches) {
  const auto loaded = Load(Whole(
      {.transition = "transition select(hdr.w.a, hdr.w.b) { (1, 2): one; (1, _): two; default: "
                     "accept; }",
       .states =
           "state one { meta.m = 10; transition accept; } state two { meta.m = 20; transition "
           "reject; }",
       .body = "hdr.w.c = meta.m;"}));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(RunWords(**loaded, {1, 2, 0, 0}), (Words{1, 2, 10, 0}));
  EXPECT_EQ(RunWords(**loaded, {1, 3, 0, 0}), (Words{1, 3, 20, 0}));
  EXPECT_EQ(RunWords(**loaded, {2, 2, 5, 0}), (Words{2, 2, 0, 0}));
}

TEST(Subset, ShortPacket_Parsed_HasNoHeader) {
  const auto loaded = Load(Whole({.declarations = "register<bit<32>>(1) cell;",
                                  .body = "if (!hdr.w.isValid()) { cell.write(0, 9); }"}));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const std::array<std::byte, 15> frame{std::byte{7}};
  size_t sent_bytes = 0;
  (*loaded)->Receive(0, frame, Instant(), [&](uint16_t, std::span<const std::byte> sent) {
    sent_bytes = sent.size();
    EXPECT_EQ(sent[0], std::byte{7});
  });
  EXPECT_EQ(sent_bytes, frame.size());
  EXPECT_EQ((*loaded)->ReadRegister("cell", 0).value(), 9u);
}

TEST(Subset, WhatIsOutsideOfIt_Loaded_IsRefusedWithThePlace) {
  ExpectRefused({.types = "$extern foo { }"}, "is expected here");
  ExpectRefused({.types = "$#define X 1\n"}, "of the preprocessor there is only #include");
  ExpectRefused({.types = "$#include <tna.p4>\n"}, "only core.p4 and v1model.p4");
  ExpectRefused({.types = "header h_t { $varbit<32> x; }"}, "outside of the subset");
  ExpectRefused({.types = "header h_t { $int<32> x; }"}, "outside of the subset");
  ExpectRefused({.types = "header h_t { bit<$128> x; }"}, "between 1 and 64 bits");
  ExpectRefused({.body = "hdr.w.a = hdr.w.a $* 3;"}, "no unit for '*'");
  ExpectRefused({.body = "hdr.w.a = hdr.w.a $/ 3;"}, "no unit for '/'");
  ExpectRefused({.body = "hdr.w.a = hdr.w.a $% 3;"}, "no unit for '%'");
  ExpectRefused({.body = "$for (bit<32> i in 0..3) { }"}, "'for' is outside of the subset");
  ExpectRefused({.body = "$return;"}, "'return' is outside of the subset");
  ExpectRefused({.body = "$exit;"}, "'exit' is outside of the subset");
  ExpectRefused({.body = "$switch (hdr.w.a) { }"}, "'switch' is outside of the subset");
  ExpectRefused({.body = "hdr.w.a = hdr.w.b == 1 $? 3 : 4;"}, "'? :' is outside of the subset");
  ExpectRefused({.body = "hdr.w.a = hdr.w.a $<< hdr.w.b;"}, "shifts by a constant");
  ExpectRefused({.body = "$resubmit(meta);"}, "there is no resubmit");
  ExpectRefused({.declarations = "$register<bit<64>>(4) cell;"}, "words have 32 bits");
  ExpectRefused({.declarations = "table t { key = { hdr.w.a: $lpm; } actions = { NoAction; } }"},
                "there is only exact");
  ExpectRefused({.declarations = "table t { key = { hdr.w.a: exact; } actions = { NoAction; } "
                                 "const $entries = { } }"},
                "'=' is expected");
  ExpectRefused({.transition = "transition select(hdr.w.a) { 1 $&&& 3: accept; }"},
                "masks and ranges are outside");
}

TEST(Subset, WhatIsNotRight_Loaded_IsRefusedWithThePlace) {
  ExpectRefused({.body = "hdr.w.a = $hdr.w.x;"}, "there is no x in it");
  ExpectRefused({.body = "hdr.w.a = $foo;"}, "there is no foo");
  ExpectRefused({.body = "hdr.w.a = hdr.w.b $+ hdr.o.sum;"}, "for equal widths");
  ExpectRefused({.body = "hdr.w.a = $hdr.o.sum;"}, "bit<16>, where bit<32> is expected");
  ExpectRefused({.body = "hdr.o.y = $16;"}, "does not fit bit<4>");
  ExpectRefused({.body = "hdr.w.a = $4294967296;"}, "does not fit bit<32>");
  ExpectRefused({.body = "hdr.w.a = $8w256;"}, "does not fit its bits");
  ExpectRefused({.body = "hdr.w.a = $0xgg;"}, "is no number");
  ExpectRefused({.body = "if ($hdr.w.a) { }"}, "a condition is a bool");
  ExpectRefused({.body = "if (hdr.w.a == 1 $&& hdr.w.b) { }"}, "for values of type bool");
  ExpectRefused({.body = "hdr.w.a = hdr.w.a$[32:1];"}, "no such slice");
  ExpectRefused({.body = "$hdr.w = hdr.w;"}, "only fields can be written");
  ExpectRefused({.body = "hdr.w.a = 1 $hdr.w.b = 2;"}, "';' is expected here");
  ExpectRefused({.body = "$/* hdr.w.a = 1;"}, "this comment has no end");
  ExpectRefused({.body = "hdr.w.a = $\x01;"}, "is not of P4");
  ExpectRefused({.transition = "transition select(hdr.w.a) { $1: nowhere; }"},
                "there is no state nowhere");
  ExpectRefused({.controls = "control C(in bit<32> x) { apply { $x = 1; } }\n",
                 .declarations = "C() c;",
                 .body = "c.apply(hdr.w.a);"},
                "may be read only");
  ExpectRefused({.controls = "control C(in bit<32> x, out bit<32> y) { apply { y = x; } }\n",
                 .declarations = "C() c;",
                 .body = "c.apply(hdr.w.a, $hdr.w.a);"},
                "passed twice");
  ExpectRefused({.controls = "control C(in bit<32> x) { apply { } }\n",
                 .declarations = "C() c;",
                 .body = "c.apply(hdr.w.a $+ 1);"},
                "an argument is a field or a constant");
  ExpectRefused({.declarations = "register<bit<32>>(4) cell;", .body = "cell.write($4, hdr.w.a);"},
                "4 words, from 0 on");
  ExpectRefused({.controls = "$control Egress(in bit<32> x) { apply { } }\n"}, "declared twice");
  ExpectRefused({.types = "$header odd_t { bit<7> x; }"}, "7 bits, which are no whole bytes");
}

TEST(Subset, RandomDamage_ToTheAcceptor_IsRefusedOrRunsAndNeverCrashes) {
  const std::string program(AcceptorProgram());
  Rng rng(1);
  constexpr std::string_view kBytes = "(){}[]<>;:.,=+-*&|!~0123456789abcw_#$\" \n";
  for (int round = 0; round < 300; ++round) {
    std::string damaged = program;
    for (uint64_t i = rng.Below(3); i < 3; ++i) {
      const size_t at = rng.Below(damaged.size());
      switch (rng.Below(3)) {
        case 0:
          damaged[at] = kBytes[rng.Below(kBytes.size())];
          break;
        case 1:
          damaged.erase(at, rng.Below(40));
          break;
        default:
          damaged.insert(at, damaged.substr(rng.Below(damaged.size()), rng.Below(40)));
      }
    }
    const auto loaded = Load(damaged);
    if (!loaded.ok()) {
      EXPECT_TRUE(std::string(loaded.status().message()).starts_with("small.p4:"));
      continue;
    }
    (void)RunWords(**loaded, {1, 2, 3, 4});
  }
}

TEST(Subset, DeepNesting_Loaded_IsRefusedWithoutExhaustingTheStack) {
  for (const char* piece : {"(", "{", "!", "~", "if (true) "}) {
    std::string body = "hdr.w.a = ";
    if (std::string(piece) == "{" || std::string(piece) == "if (true) ") body.clear();
    for (int i = 0; i < 100'000; ++i) body += piece;
    EXPECT_FALSE(Load(Whole({.body = body})).ok()) << piece;
  }
}

TEST(Subset, LongChains_Loaded_AreRefusedWithoutExhaustingTheStack) {
  for (const char* piece : {"+ hdr.w.b", ".a", "[31:0]", "++ 1w0", "&& true"}) {
    std::string body = "hdr.w.a = hdr.w.a";
    for (int i = 0; i < 100'000; ++i) body += piece;
    EXPECT_FALSE(Load(Whole({.body = body + ";"})).ok()) << piece;
  }
  std::string states;
  for (int i = 0; i < 100'000; ++i) {
    const std::string next = std::to_string(i + 1);
    states += "state s" + std::to_string(i) + " { transition s" + next + "; }\n";
  }
  EXPECT_FALSE(Load(Whole({.transition = "transition s0;",
                           .states = states + "state s100000 { transition accept; }"}))
                   .ok());
}

// Each control has two of the one before: twenty of them would be a million.
TEST(Subset, ControlsThatDouble_Loaded_AreRefused) {
  std::string has_register = "control C0(inout bit<32> x) { register<bit<32>>(1) r; apply { } }\n";
  std::string is_applied = "control C0(inout bit<32> x) { apply { x = x + 1; } }\n";
  for (int i = 1; i <= 20; ++i) {
    const std::string name = "C" + std::to_string(i);
    const std::string inner = "C" + std::to_string(i - 1);
    has_register += "control " + name + "(inout bit<32> x) { " + inner + "() a; " + inner +
                    "() b; apply { } }\n";
    is_applied += "control " + name + "(inout bit<32> x) { " + inner +
                  "() a; apply { if (x == 1) { a.apply(x); } if (x == 2) { a.apply(x); } } }\n";
  }
  for (const std::string& controls : {has_register, is_applied}) {
    EXPECT_FALSE(
        Load(Whole({.controls = controls, .declarations = "C20() c;", .body = "c.apply(hdr.w.a);"}))
            .ok());
  }
}

}  // namespace
}  // namespace synod::slots
