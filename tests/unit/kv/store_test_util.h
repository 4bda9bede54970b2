// What the tests of the store share.
#ifndef SYNOD_TESTS_UNIT_KV_STORE_TEST_UTIL_H_
#define SYNOD_TESTS_UNIT_KV_STORE_TEST_UTIL_H_

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <synod/synod.h>

#include "kv/mvcc.h"

namespace synod_kv {

inline constexpr std::string_view kNoEnd("\0", 1);

inline int64_t Put(Store& store, std::string_view key, std::string_view value) {
  Store::Change change(store);
  change.Put(key, synod::Payload::Copy(value));
  return change.revision();
}

inline size_t Delete(Store& store, std::string_view key, std::string_view range_end = "") {
  Store::Change change(store);
  return change.Delete({key, range_end}).size();
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline Pairs Read(const StoreState& state, std::string_view key, std::string_view range_end,
                  int64_t at) {
  Pairs pairs;
  state.ForEach({key, range_end}, at, [&](const KeyVersion& found) {
    pairs.emplace_back(found.key.view(), found.value.view());
    return true;
  });
  return pairs;
}

inline Pairs ReadAll(const Store& store, int64_t at) {
  return Read(store.state(), kNoEnd, kNoEnd, at);
}

class StringSink final : public synod::ByteSink {
 public:
  absl::Status Append(std::string_view bytes) override {
    bytes_.append(bytes);
    return absl::OkStatus();
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

class StringSource final : public synod::ByteSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<size_t> Read(std::span<char> out) override {
    const size_t size = std::min(out.size(), bytes_.size() - at_);
    std::memcpy(out.data(), bytes_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

inline std::string ImageOf(const Store& store) {
  StringSink sink;
  const absl::Status written = store.state().WriteTo(sink);
  return written.ok() ? std::move(sink.bytes()) : std::string(written.message());
}

inline absl::StatusOr<StoreState> FromImage(std::string image) {
  StringSource source(std::move(image));
  return StoreState::ReadFrom(source);
}

}  // namespace synod_kv

#endif  // SYNOD_TESTS_UNIT_KV_STORE_TEST_UTIL_H_
