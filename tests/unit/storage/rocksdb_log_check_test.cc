// What a power cut leaves of RocksDB's write-ahead log, told from damage (F1, F2).
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/base/crc32c.h"
#include "synod/base/rng.h"

#include "storage/rocksdb/log_check.h"

namespace synod::test {
namespace {

using rocksdb::EndOfLog;

constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 7;
constexpr size_t kSectorBytes = 512;
constexpr size_t kAheadBytes = 64 * 1024;

// In RocksDB's log format, without what is compressed or recycled.
void AppendWrite(std::string& log, std::string_view data) {
  bool begins = true;
  for (bool ends = false; !ends; begins = false) {
    size_t room = kBlockBytes - log.size() % kBlockBytes;
    if (room < kHeaderBytes) {
      log.append(room, '\0');
      room = kBlockBytes;
    }
    const std::string_view part = data.substr(0, room - kHeaderBytes);
    data.remove_prefix(part.size());
    ends = data.empty();
    const int type = begins ? (ends ? 1 : 2) : (ends ? 4 : 3);
    std::string body(1, static_cast<char>(type));
    body += part;
    const uint32_t checksum = Crc32c(0, body);
    const uint32_t masked = ((checksum >> 15) | (checksum << 17)) + 0xa282ead8U;
    for (int shift = 0; shift < 32; shift += 8) log += static_cast<char>(masked >> shift);
    log += static_cast<char>(part.size());
    log += static_cast<char>(part.size() >> 8);
    log += body;
  }
}

// Without a zero, so that no sector of it is one.
std::string Data(size_t size, uint64_t seed) {
  Rng rng(seed);
  std::string data(size, '\0');
  for (char& byte : data) byte = static_cast<char>(1 + rng.Below(255));
  return data;
}

struct Written {
  std::string log;
  size_t last = 0;  // Where the last write begins.
};

// Writes of these sizes, one behind the other.
Written Write(const std::vector<size_t>& sizes) {
  Written written;
  for (size_t i = 0; i < sizes.size(); ++i) {
    written.last = written.log.size();
    AppendWrite(written.log, Data(sizes[i], i));
  }
  return written;
}

std::string WithZeros(std::string log) { return log.append(kAheadBytes, '\0'); }

// A write that lies in one sector, in two, in several, in two blocks, and in more.
const std::vector<std::vector<size_t>>& Shapes() {
  static const std::vector<std::vector<size_t>> shapes = {
      {100, 200}, {300, 300}, {100, 3000}, {32'000, 3000}, {100, 200, 100'000}, {32'750, 2000}};
  return shapes;
}

TEST(EndOfLog, NothingWritten_IsTheBeginning) {
  EXPECT_EQ(EndOfLog("").value(), 0U);
  EXPECT_EQ(EndOfLog(WithZeros("")).value(), 0U);
}

TEST(EndOfLog, Whole_IsTheEndOfTheLastWrite) {
  for (const auto& sizes : Shapes()) {
    const std::string log = Write(sizes).log;
    EXPECT_EQ(EndOfLog(log).value(), log.size());
    EXPECT_EQ(EndOfLog(WithZeros(log)).value(), log.size());
  }
}

TEST(EndOfLog, DataEndsInZeros_TheyBelongToTheWrite) {
  std::string log;
  AppendWrite(log, "x" + std::string(2000, '\0'));
  EXPECT_EQ(EndOfLog(log).value(), log.size());
  EXPECT_EQ(EndOfLog(WithZeros(log)).value(), log.size());
}

TEST(EndOfLog, LastWriteLacksSectors_IsWhereItBegan) {
  Rng rng(1);
  for (const auto& sizes : Shapes()) {
    const Written written = Write(sizes);
    for (int round = 0; round < 200; ++round) {
      std::string log = WithZeros(written.log);
      bool lacks = false;
      for (size_t at = written.last; at < written.log.size();) {
        const size_t next = std::min(written.log.size(), (at / kSectorBytes + 1) * kSectorBytes);
        if (rng.Chance(1, 2)) {
          std::fill(log.begin() + static_cast<ptrdiff_t>(at),
                    log.begin() + static_cast<ptrdiff_t>(next), '\0');
          lacks = true;
        }
        at = next;
      }
      const auto end = EndOfLog(log);
      ASSERT_TRUE(end.ok()) << end.status();
      EXPECT_EQ(*end, lacks ? written.last : written.log.size());
    }
  }
}

TEST(EndOfLog, LastWriteCutAnywhere_IsWhereItBegan) {
  for (const auto& sizes : Shapes()) {
    const Written written = Write(sizes);
    for (size_t size = written.last; size < written.log.size(); size += 1 + size % 37) {
      const auto end = EndOfLog(written.log.substr(0, size));
      ASSERT_TRUE(end.ok()) << size << " bytes: " << end.status();
      EXPECT_EQ(*end, written.last) << size << " bytes";
    }
  }
}

TEST(EndOfLog, AnyBitFlipped_IsDataLoss) {
  for (const auto& sizes : Shapes()) {
    const Written written = Write(sizes);
    const size_t step = 1 + written.log.size() / 500;
    for (size_t at = 0; at < written.log.size(); at += step) {
      if (written.log[at] == '\0') continue;  // What fills a block up is nobody's.
      for (bool ahead : {false, true}) {
        std::string log = ahead ? WithZeros(written.log) : written.log;
        log[at] = static_cast<char>(log[at] ^ (1 << at % 8));
        const auto end = EndOfLog(log);
        ASSERT_TRUE(absl::IsDataLoss(end.status()))
            << "bit " << at % 8 << " of byte " << at << " of " << written.log.size();
      }
    }
  }
}

// It was longer than the sector in which it begins, and as it says so, it is not taken for torn.
TEST(EndOfLog, LengthOfTheLastWriteChanged_IsDataLoss) {
  const Written written = Write({100, 3000});
  for (size_t bit = 0; bit < 16; ++bit) {
    std::string log = WithZeros(written.log);
    char& byte = log[written.last + 4 + bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    EXPECT_TRUE(absl::IsDataLoss(EndOfLog(log).status())) << "bit " << bit;
  }
}

TEST(EndOfLog, LengthChangedOfAWriteThatEndsInZeros_IsDataLoss) {
  std::string log;
  AppendWrite(log, "first");
  const size_t last = log.size();
  AppendWrite(log, "second" + std::string(20, '\0'));
  log = WithZeros(log);
  log[last + 5] = 1;
  EXPECT_TRUE(absl::IsDataLoss(EndOfLog(log).status()));
}

TEST(EndOfLog, WriteBeforeTheLastLacksASector_IsDataLoss) {
  const Written written = Write({100, 3000, 100});
  for (size_t sector = kSectorBytes; sector + kSectorBytes < written.last; sector += kSectorBytes) {
    std::string log = WithZeros(written.log);
    std::fill_n(log.begin() + static_cast<ptrdiff_t>(sector), kSectorBytes, '\0');
    EXPECT_TRUE(absl::IsDataLoss(EndOfLog(log).status())) << "byte " << sector;
  }
}

}  // namespace
}  // namespace synod::test
