// SHA-256 by the vectors of FIPS 180 and of NIST's examples.
#include "transports/switch/sha256.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace synod::slots {
namespace {

std::string Hex(std::string_view text, size_t piece) {
  Sha256 hash;
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  for (size_t at = 0; at < bytes.size(); at += piece) {
    hash.Add(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  }
  std::string hex;
  for (const std::byte byte : hash.Finish()) {
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4];
    hex += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15];
  }
  return hex;
}

TEST(Sha256, KnownTexts_HaveTheirDigests) {
  EXPECT_EQ(Hex("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex("abc", 1), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 7),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(std::string(1'000'000, 'a'), 997),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace synod::slots
