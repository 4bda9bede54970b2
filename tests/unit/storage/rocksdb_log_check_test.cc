// What a power cut leaves of RocksDB's write-ahead log, told from damage (F1, F2).
#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synod/base/crc32c.h"
#include "synod/base/rng.h"

#include "storage/rocksdb/format.h"
#include "storage/rocksdb/log_check.h"
#include "tests/unit/storage/rocksdb_harness.h"

namespace synod::test {
namespace {

using rocksdb::EndOfLog;
using rocksdb::kWriteEnd;

constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kHeaderBytes = 7;
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

// What the store may write: without a zero, so that no sector of it is one.
std::string Data(size_t size, uint64_t seed) {
  Rng rng(seed);
  std::string data(size - kWriteEnd.size(), '\0');
  for (char& byte : data) byte = static_cast<char>(1 + rng.Below(255));
  return data.append(kWriteEnd);
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

// Writes of which the last begins at `begin`.
Written WriteAt(size_t begin, size_t size, uint64_t seed) {
  Written written;
  AppendWrite(written.log, Data(begin - kHeaderBytes, seed));
  written.last = written.log.size();
  AppendWrite(written.log, Data(size, seed + 1));
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

// Where headers lie in two sectors, and where the end of a write lies in two blocks.
TEST(EndOfLog, AnyBitOfTheLastWriteFlipped_IsDataLoss) {
  std::vector<Written> logs = {Write({100, 700})};
  for (size_t in_first = 1; in_first <= kHeaderBytes; ++in_first) {
    logs.push_back(WriteAt(2 * kSectorBytes - in_first, 700, in_first));
  }
  for (size_t in_last = 0; in_last <= kWriteEnd.size() + 1; ++in_last) {
    logs.push_back(WriteAt(kBlockBytes - 207, 200 + in_last, in_last));
  }
  for (const Written& written : logs) {
    for (size_t bit = 8 * written.last; bit < 8 * written.log.size(); ++bit) {
      std::string log = written.log + std::string(4 * kSectorBytes, '\0');
      log[bit / 8] = static_cast<char>(log[bit / 8] ^ (1 << bit % 8));
      ASSERT_TRUE(absl::IsDataLoss(EndOfLog(log).status()))
          << "bit " << bit % 8 << " of byte " << bit / 8 << ", in a write at " << written.last;
    }
  }
}

// Whatever it says, the write is whole: its end is there.
TEST(EndOfLog, HeaderOfTheLastWriteOverwritten_IsDataLoss) {
  Rng rng(1);
  const Written written = Write({100, 3000});
  for (int round = 0; round < 1000; ++round) {
    std::string log = WithZeros(written.log);
    for (size_t at = 0; at + 1 < kHeaderBytes; ++at) {
      log[written.last + at] = static_cast<char>(rng.Next());
    }
    EXPECT_TRUE(absl::IsDataLoss(EndOfLog(log).status())) << "round " << round;
  }
}

// Where a header begins at the end of a sector, that has some bytes of its checksum alone. All of
// them may be zero by chance, and be so by one flipped bit if that is all that is set in them.
TEST(EndOfLog, HeaderInTwoSectors_TornOnlyIfThatIsCertain) {
  size_t zero = 0;
  size_t one_bit = 0;
  for (size_t in_first = 1; in_first < kHeaderBytes; ++in_first) {
    for (uint64_t seed = 0; seed < 1000; ++seed) {
      SCOPED_TRACE(std::to_string(in_first) + " bytes, seed " + std::to_string(seed));
      const Written written = WriteAt(2 * kSectorBytes - in_first, 700, seed);
      std::string log = written.log + std::string(4 * kSectorBytes, '\0');
      int bits = 0;
      for (size_t at = written.last; at < 2 * kSectorBytes; ++at) {
        bits += std::popcount(static_cast<unsigned char>(std::exchange(log[at], '\0')));
      }
      if (bits > 1) {
        ASSERT_EQ(EndOfLog(log).value(), written.last);
      } else if (bits == 1) {
        ++one_bit;
        ASSERT_TRUE(absl::IsDataLoss(EndOfLog(log).status()));
      } else {
        ++zero;
        ASSERT_EQ(EndOfLog(log).value(), written.log.size());
        for (size_t at = 2 * kSectorBytes; at < written.log.size(); ++at) {
          std::string damaged = log;
          damaged[at] = static_cast<char>(damaged[at] ^ (1 << at % 8));
          ASSERT_TRUE(absl::IsDataLoss(EndOfLog(damaged).status())) << "byte " << at;
        }
      }
    }
  }
  EXPECT_GT(one_bit, 0U);
  EXPECT_GT(zero, 0U);
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
