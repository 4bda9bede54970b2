// The store's image in a snapshot:
//
//   "SYNODKV" and a version byte (1)
//   u64 revision · i64 compacted · u64 number of versions
//   for each version, in the order of the set:
//     u32 key size · u32 value size · u64 main · u64 sub · u64 created · u64 version · key · value
//
// All integers are little-endian. The log store checks the image against its checksum, so what is
// wrong in it here was written wrong, by a bug or by a newer synod-kv; it is refused all the same.
#include <array>
#include <cstring>
#include <span>
#include <string>

#include "kv/little_endian.h"
#include "kv/mvcc.h"

namespace synod_kv {

namespace {

constexpr std::string_view kMagic = "SYNODKV";
constexpr char kFormat = 1;
constexpr size_t kHeaderSize = kMagic.size() + 1 + 3 * sizeof(uint64_t);
constexpr size_t kVersionSize = 2 * sizeof(uint32_t) + 4 * sizeof(uint64_t);
constexpr uint32_t kMaxFieldBytes = 64 * 1024 * 1024;  // No request is nearly as large.

absl::Status DamagedError(std::string_view what) {
  return absl::DataLossError("the image of the key-value store is damaged: " + std::string(what));
}

// Collects small writes.
class BufferedSink {
 public:
  explicit BufferedSink(synod::ByteSink& sink) : sink_(sink) { buffer_.reserve(kCapacity); }

  absl::Status Append(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > kCapacity) {
      absl::Status flushed = Flush();
      if (!flushed.ok()) return flushed;
      if (bytes.size() > kCapacity) return sink_.Append(bytes);
    }
    buffer_.append(bytes);
    return absl::OkStatus();
  }

  absl::Status Flush() {
    if (buffer_.empty()) return absl::OkStatus();
    absl::Status appended = sink_.Append(buffer_);
    buffer_.clear();
    return appended;
  }

 private:
  static constexpr size_t kCapacity = 256 * 1024;
  synod::ByteSink& sink_;
  std::string buffer_;
};

// Serves small reads from large ones.
class BufferedSource {
 public:
  explicit BufferedSource(synod::ByteSource& source) : source_(source) {}

  // Fills `out` whole, or fails.
  absl::Status Read(std::span<char> out) {
    while (!out.empty()) {
      if (begin_ == end_) {
        absl::Status filled = Fill();
        if (!filled.ok()) return filled;
        if (begin_ == end_) return DamagedError("it ends early");
      }
      const size_t size = std::min(out.size(), end_ - begin_);
      std::memcpy(out.data(), buffer_.data() + begin_, size);
      begin_ += size;
      out = out.subspan(size);
    }
    return absl::OkStatus();
  }

  // Also makes the source compare what was read with its checksum.
  absl::Status ExpectEnd() {
    if (begin_ == end_) {
      absl::Status filled = Fill();
      if (!filled.ok()) return filled;
    }
    return begin_ == end_ ? absl::OkStatus() : DamagedError("bytes follow its end");
  }

 private:
  absl::Status Fill() {
    absl::StatusOr<size_t> size = source_.Read(buffer_);
    if (!size.ok()) return size.status();
    begin_ = 0;
    end_ = *size;
    return absl::OkStatus();
  }

  synod::ByteSource& source_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  size_t begin_ = 0;
  size_t end_ = 0;
};

absl::StatusOr<synod::Payload> ReadField(BufferedSource& source, uint32_t size) {
  if (size > kMaxFieldBytes) return DamagedError("a key or value is too large");
  if (size == 0) return synod::Payload();
  synod::Buffer buffer(size);
  absl::Status read = source.Read({buffer.data(), size});
  if (!read.ok()) return read;
  return buffer.Share(0, size);
}

absl::StatusOr<KeyVersion> ReadVersion(BufferedSource& source) {
  std::array<char, kVersionSize> fixed;
  absl::Status read = source.Read(fixed);
  if (!read.ok()) return read;
  const auto key_size = GetLittleEndian<uint32_t>(fixed.data());
  const auto value_size = GetLittleEndian<uint32_t>(fixed.data() + 4);
  KeyVersion version;
  version.modified.main = static_cast<int64_t>(GetLittleEndian<uint64_t>(fixed.data() + 8));
  version.modified.sub = static_cast<int64_t>(GetLittleEndian<uint64_t>(fixed.data() + 16));
  version.created = static_cast<int64_t>(GetLittleEndian<uint64_t>(fixed.data() + 24));
  version.version = static_cast<int64_t>(GetLittleEndian<uint64_t>(fixed.data() + 32));
  absl::StatusOr<synod::Payload> key = ReadField(source, key_size);
  if (!key.ok()) return key.status();
  absl::StatusOr<synod::Payload> value = ReadField(source, value_size);
  if (!value.ok()) return value.status();
  version.key = *std::move(key);
  version.value = *std::move(value);
  return version;
}

// The set's order is a precondition of everything else, so it is checked before anything is added.
absl::Status CheckVersion(const KeyVersion& version, const KeyVersion& before, int64_t revision) {
  if (version.key.empty()) return DamagedError("a key is empty");
  if (version.modified.main <= 0 || version.modified.main > revision || version.modified.sub < 0 ||
      version.version < 0 || version.created < 0 || version.created > version.modified.main) {
    return DamagedError("a revision is out of range");
  }
  if (!before.key.empty() && !VersionLess()(before, version)) {
    return DamagedError("its versions are out of order");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StoreState::WriteTo(synod::ByteSink& sink) const {
  BufferedSink buffered(sink);
  std::array<char, kHeaderSize> header;
  char* out = header.data() + kMagic.copy(header.data(), kMagic.size());
  *out++ = kFormat;
  out = PutLittleEndian(out, static_cast<uint64_t>(revision));
  out = PutLittleEndian(out, static_cast<uint64_t>(compacted));
  PutLittleEndian(out, static_cast<uint64_t>(versions.size()));
  absl::Status status = buffered.Append({header.data(), header.size()});
  for (auto cursor = versions.Begin(); status.ok() && !cursor.AtEnd(); cursor.Next()) {
    std::array<char, kVersionSize> fixed;
    out = PutLittleEndian(fixed.data(), static_cast<uint32_t>(cursor->key.size()));
    out = PutLittleEndian(out, static_cast<uint32_t>(cursor->value.size()));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->modified.main));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->modified.sub));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->created));
    PutLittleEndian(out, static_cast<uint64_t>(cursor->version));
    status = buffered.Append({fixed.data(), fixed.size()});
    if (status.ok()) status = buffered.Append(cursor->key.view());
    if (status.ok()) status = buffered.Append(cursor->value.view());
  }
  return status.ok() ? buffered.Flush() : status;
}

absl::StatusOr<StoreState> StoreState::ReadFrom(synod::ByteSource& image) {
  BufferedSource source(image);
  std::array<char, kHeaderSize> header;
  absl::Status status = source.Read(header);
  if (!status.ok()) return status;
  if (std::string_view(header.data(), kMagic.size()) != kMagic) {
    return DamagedError("it does not begin like one");
  }
  if (header[kMagic.size()] != kFormat) {
    return absl::FailedPreconditionError(
        "the image of the key-value store has format " +
        std::to_string(static_cast<int>(header[kMagic.size()])) + ", this synod-kv reads " +
        std::to_string(static_cast<int>(kFormat)) + ": run the version that wrote it");
  }
  StoreState state;
  const char* in = header.data() + kMagic.size() + 1;
  state.revision = static_cast<int64_t>(GetLittleEndian<uint64_t>(in));
  state.compacted = static_cast<int64_t>(GetLittleEndian<uint64_t>(in + 8));
  const auto count = GetLittleEndian<uint64_t>(in + 16);
  if (state.revision < 1 || state.compacted < -1 || state.compacted > state.revision) {
    return DamagedError("its revision is out of range");
  }
  KeyVersion before;  // Without a key: none.
  for (uint64_t i = 0; i < count; ++i) {
    absl::StatusOr<KeyVersion> version = ReadVersion(source);
    if (!version.ok()) return version.status();
    status = CheckVersion(*version, before, state.revision);
    if (!status.ok()) return status;
    // Versions of one key share its bytes.
    if (before.key == version->key) version->key = before.key;
    state.bytes += version->Bytes();
    before = *version;
    state.versions.Insert(*std::move(version));
  }
  status = source.ExpectEnd();
  if (!status.ok()) return status;
  return state;
}

}  // namespace synod_kv
