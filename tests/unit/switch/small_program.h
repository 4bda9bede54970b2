// Small P4 programs: four words of 32 bits in, the same out, and something done with them.
#ifndef SYNOD_TESTS_UNIT_SWITCH_SMALL_PROGRAM_H_
#define SYNOD_TESTS_UNIT_SWITCH_SMALL_PROGRAM_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "synod/switch/emulated_switch.h"

#include "gtest/gtest.h"

namespace synod::slots::testing {

struct Pieces {
  std::string types = "";  // Before the parser.
  std::string start = "";  // In its first state, behind the extraction.
  std::string transition = "transition accept;";
  std::string states = "";        // Behind the first one.
  std::string controls = "";      // Before the ingress control.
  std::string declarations = "";  // In it.
  std::string body = "";          // In its apply.
  std::string verify = "";
  std::string update = "";
};

inline std::string Whole(const Pieces& pieces) {
  return R"(#include <core.p4>
#include <v1model.p4>
header words_t { bit<32> a; bit<32> b; bit<32> c; bit<32> d; }
header bytes_t { bit<8> x; bit<4> y; bit<4> z; bit<16> sum; }
struct headers_t { words_t w; bytes_t o; }
struct metadata_t { bit<32> m; bit<32> n; bit<16> s; }
)" + pieces.types +
         R"(
parser P(packet_in packet, out headers_t hdr, inout metadata_t meta,
         inout standard_metadata_t standard) {
  state start { packet.extract(hdr.w); )" +
         pieces.start + " " + pieces.transition + " }\n" + pieces.states + R"(
}
control V(inout headers_t hdr, inout metadata_t meta) { apply { )" +
         pieces.verify + " } }\n" + pieces.controls + R"(
control I(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
)" + pieces.declarations +
         "\n  apply {\n" + pieces.body + R"(
  }
}
control E(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
  apply { } }
control U(inout headers_t hdr, inout metadata_t meta) { apply { )" +
         pieces.update + R"( } }
control D(packet_out packet, in headers_t hdr) {
  apply { packet.emit(hdr.w); packet.emit(hdr.o); } }
V1Switch(P(), V(), I(), E(), U(), D()) main;
)";
}

// Takes the mark $ out of a program and puts into `place` where it stood, as "line:column".
inline std::string TakeMark(std::string program, std::string* place) {
  const size_t mark = program.find('$');
  EXPECT_NE(mark, std::string::npos) << program;
  if (mark == std::string::npos) return program;
  const size_t line_start = program.rfind('\n', mark) + 1;
  const auto lines = std::count(program.begin(), program.begin() + static_cast<long>(mark), '\n');
  *place = std::to_string(lines + 1) + ":" + std::to_string(mark - line_start + 1);
  program.erase(mark, 1);
  return program;
}

inline absl::StatusOr<std::unique_ptr<EmulatedSwitch>> Load(const std::string& program,
                                                            const SwitchLimits& limits = {}) {
  return EmulatedSwitch::Create({.program = program, .program_name = "small.p4", .limits = limits});
}

// Expects that the program, in which $ marks the place, is refused there with the reason.
inline void ExpectRefused(const Pieces& pieces, const std::string& reason,
                          const SwitchLimits& limits = {}) {
  std::string place;
  const std::string program = TakeMark(Whole(pieces), &place);
  const absl::Status status = Load(program, limits).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string message(status.message());
  EXPECT_TRUE(message.starts_with("small.p4:" + place + ": ")) << place << " for " << message;
  EXPECT_NE(message.find(reason), std::string::npos) << message;
}

using Words = std::array<uint32_t, 4>;

// What comes out of a program for these words; nothing if the packet is dropped.
inline std::optional<Words> RunWords(EmulatedSwitch& device, const Words& in) {
  std::array<std::byte, 16> frame{};
  for (size_t i = 0; i < in.size(); ++i) {
    const uint32_t word = __builtin_bswap32(in[i]);
    std::memcpy(frame.data() + 4 * i, &word, sizeof(word));
  }
  std::optional<Words> out;
  device.Receive(0, frame, Instant(), [&](uint16_t, std::span<const std::byte> sent) {
    out.emplace();
    for (size_t i = 0; i < out->size() && 4 * i + 4 <= sent.size(); ++i) {
      uint32_t word = 0;
      std::memcpy(&word, sent.data() + 4 * i, sizeof(word));
      (*out)[i] = __builtin_bswap32(word);
    }
  });
  return out;
}

}  // namespace synod::slots::testing

#endif  // SYNOD_TESTS_UNIT_SWITCH_SMALL_PROGRAM_H_
