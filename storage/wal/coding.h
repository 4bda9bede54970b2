// Numbers as bytes, little-endian, and the protocol's small structures made of them.
#ifndef SYNOD_STORAGE_WAL_CODING_H_
#define SYNOD_STORAGE_WAL_CODING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "synod/base/ids.h"
#include "synod/core/configuration_codec.h"
#include "synod/core/durable_state.h"

namespace synod::wal {

template <class Number>
void StoreNumber(char* out, Number value) {
  for (size_t i = 0; i < sizeof(Number); ++i) {
    out[i] = static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

template <class Number>
Number LoadNumber(const char* in) {
  Number value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    value |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(in[i])) << (8 * i));
  }
  return value;
}

// Appends to a string, which must outlive it.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  template <class Tag>
  Encoder& Put(StrongId<Tag> id) {
    return Put(id.value());
  }
  Encoder& Put(uint64_t value) { return PutNumber(value); }
  Encoder& Put(uint32_t value) { return PutNumber(value); }
  Encoder& Put(uint8_t value) { return PutNumber(value); }
  Encoder& Put(const Configuration& configuration) {
    const std::string bytes = EncodeConfiguration(configuration);
    Put(static_cast<uint32_t>(bytes.size()));
    out_.append(bytes);
    return *this;
  }
  Encoder& Put(const StoreIdentity& identity) {
    return Put(identity.cluster).Put(identity.node).Put(identity.incarnation);
  }
  Encoder& Put(const HardState& state) {
    Put(state.term).Put(state.vote).Put(state.vote_incarnation);
    Put(static_cast<uint32_t>(state.peers.size()));
    for (const KnownPeer& peer : state.peers) Put(peer.node).Put(peer.incarnation);
    return *this;
  }
  Encoder& Put(const SnapshotMeta& meta) {
    return Put(meta.index).Put(meta.term).Put(meta.configuration).Put(meta.size).Put(meta.checksum);
  }

 private:
  template <class Number>
  Encoder& PutNumber(Number value) {
    char bytes[sizeof(Number)];
    StoreNumber(bytes, value);
    out_.append(bytes, sizeof(bytes));
    return *this;
  }

  std::string& out_;
};

// Takes bytes apart. After anything that does not fit, every Get leaves its argument alone and
// Fits is false.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  template <class Tag>
  Decoder& Get(StrongId<Tag>& id) {
    uint64_t value = id.value();
    Get(value);
    id = StrongId<Tag>(value);
    return *this;
  }
  Decoder& Get(uint64_t& value) { return GetNumber(value); }
  Decoder& Get(uint32_t& value) { return GetNumber(value); }
  Decoder& Get(uint8_t& value) { return GetNumber(value); }
  Decoder& Get(Configuration& configuration) {
    const size_t size = GetCount(1);
    std::optional<Configuration> decoded = DecodeConfiguration(bytes_.substr(offset_, size));
    Skip(size);
    if (!decoded) fits_ = false;
    if (fits_) configuration = *std::move(decoded);
    return *this;
  }
  Decoder& Get(StoreIdentity& identity) {
    return Get(identity.cluster).Get(identity.node).Get(identity.incarnation);
  }
  Decoder& Get(HardState& state) {
    Get(state.term).Get(state.vote).Get(state.vote_incarnation);
    state.peers.resize(GetCount(16));
    for (KnownPeer& peer : state.peers) Get(peer.node).Get(peer.incarnation);
    return *this;
  }
  Decoder& Get(SnapshotMeta& meta) {
    return Get(meta.index).Get(meta.term).Get(meta.configuration).Get(meta.size).Get(meta.checksum);
  }

  // A number of items of at least `item_bytes` each; 0 if so many cannot follow.
  size_t GetCount(size_t item_bytes) {
    uint32_t count = 0;
    Get(count);
    if (count > (bytes_.size() - offset_) / item_bytes) fits_ = false;
    return fits_ ? count : 0;
  }
  void Skip(size_t count) {
    if (count > bytes_.size() - offset_) fits_ = false;
    if (fits_) offset_ += count;
  }

  [[nodiscard]] size_t offset() const { return offset_; }
  [[nodiscard]] bool Fits() const { return fits_; }
  // And nothing is left.
  [[nodiscard]] bool FitsAll() const { return fits_ && offset_ == bytes_.size(); }

 private:
  template <class Number>
  Decoder& GetNumber(Number& value) {
    if (!fits_ || bytes_.size() - offset_ < sizeof(Number)) {
      fits_ = false;
      return *this;
    }
    value = LoadNumber<Number>(bytes_.data() + offset_);
    offset_ += sizeof(Number);
    return *this;
  }

  const std::string_view bytes_;
  size_t offset_ = 0;
  bool fits_ = true;
};

}  // namespace synod::wal

#endif  // SYNOD_STORAGE_WAL_CODING_H_
