#include "info_log.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>

namespace synod::rocksdb {
namespace {

using ::rocksdb::InfoLogLevel;

class InfoLog final : public ::rocksdb::Logger {
 public:
  explicit InfoLog(synod::Logger logger)
      : Logger(InfoLogLevel::WARN_LEVEL), logger_(std::move(logger)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(InfoLogLevel::WARN_LEVEL, format, arguments);
  }
  void Logv(const InfoLogLevel level, const char* format, va_list arguments) override {
    if (!logger_ || level < GetInfoLogLevel() || level > InfoLogLevel::FATAL_LEVEL) return;
    std::array<char, 1024> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    std::string line = std::string("RocksDB: ") + text.data();
    std::replace(line.begin(), line.end(), '\n', ' ');
    logger_(level == InfoLogLevel::WARN_LEVEL ? Severity::kWarning : Severity::kError, line);
  }
  // What its options are.
  void LogHeader(const char*, va_list) override {}

 private:
  const synod::Logger logger_;
};

}  // namespace

std::unique_ptr<::rocksdb::Logger> MakeInfoLog(Logger logger) {
  return std::make_unique<InfoLog>(std::move(logger));
}

}  // namespace synod::rocksdb
