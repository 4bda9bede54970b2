#include "kv/mvcc.h"

#include <algorithm>
#include <array>

#include <synod/base/crc32c.h>

#include "kv/errors.h"
#include "kv/little_endian.h"

namespace synod_kv {

namespace {

constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

}  // namespace

const KeyVersion* StoreState::Find(std::string_view key, int64_t at) const {
  const KeyVersion* found = versions.Find(VersionProbe{key, {at, kLast}});
  if (found == nullptr || found->key.view() != key || found->IsTombstone()) return nullptr;
  return found;
}

uint32_t StoreState::Hash(int64_t at) const {
  uint32_t crc = 0;
  for (auto cursor = versions.Begin(); !cursor.AtEnd(); cursor.Next()) {
    if (cursor->modified.main > at) continue;
    std::array<char, 48> numbers;
    char* out = numbers.data();
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->key.size()));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->value.size()));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->modified.main));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->modified.sub));
    out = PutLittleEndian(out, static_cast<uint64_t>(cursor->created));
    PutLittleEndian(out, static_cast<uint64_t>(cursor->version));
    crc = synod::Crc32c(crc, {numbers.data(), numbers.size()});
    crc = synod::Crc32c(crc, cursor->key.view());
    crc = synod::Crc32c(crc, cursor->value.view());
  }
  return crc;
}

void Store::Change::Add(KeyVersion version, const KeyVersion* replaced) {
  if (replaced != nullptr) {
    store_.garbage_.push_back({main_, replaced->key, replaced->modified});
  }
  if (version.IsTombstone()) store_.garbage_.push_back({main_, version.key, version.modified});
  store_.state_.bytes += version.Bytes();
  store_.state_.versions.Insert(std::move(version));
  ++sub_;
}

void Store::Change::Put(std::string_view key, synod::Payload value) {
  const KeyVersion* old = store_.state_.Find(key, main_);
  KeyVersion fresh{.key = old != nullptr ? old->key : synod::Payload::Copy(key),
                   .value = std::move(value),
                   .modified = {main_, sub_},
                   .created = old != nullptr ? old->created : main_,
                   .version = old != nullptr ? old->version + 1 : 1};
  Add(std::move(fresh), old);
}

std::vector<KeyVersion> Store::Change::Delete(const KeyRange& range) {
  std::vector<KeyVersion> deleted;
  store_.state_.ForEach(range, main_, [&](const KeyVersion& found) {
    deleted.push_back(found);
    return true;
  });
  for (const KeyVersion& old : deleted) {
    Add({.key = old.key, .value = {}, .modified = {main_, sub_}, .created = 0, .version = 0}, &old);
  }
  return deleted;
}

Store::Store(StoreState state) : state_(std::move(state)) {
  const KeyVersion* newer = nullptr;
  for (auto cursor = state_.versions.Begin(); !cursor.AtEnd(); cursor.Next()) {
    // A tombstone is nobody's predecessor: the put after it begins a new life of the key, and the
    // tombstone is due since it was written.
    if (cursor->IsTombstone()) {
      garbage_.push_back({cursor->modified.main, cursor->key, cursor->modified});
    } else if (newer != nullptr && newer->key == cursor->key) {
      garbage_.push_back({newer->modified.main, cursor->key, cursor->modified});
    }
    newer = &*cursor;
  }
  std::stable_sort(garbage_.begin(), garbage_.end(),
                   [](const Garbage& a, const Garbage& b) { return a.due < b.due; });
}

absl::Status Store::CheckReadable(int64_t revision) const {
  if (revision <= 0) return absl::OkStatus();
  if (revision > state_.revision) return FutureRevisionError();
  if (revision < state_.compacted) return CompactedError();
  return absl::OkStatus();
}

absl::Status Store::Compact(int64_t revision) {
  if (revision <= state_.compacted) return CompactedError();
  if (revision > state_.revision) return FutureRevisionError();
  state_.compacted = revision;
  while (!garbage_.empty() && garbage_.front().due <= revision) {
    const VersionProbe probe{garbage_.front().key.view(), garbage_.front().revision};
    state_.bytes -= state_.versions.Find(probe)->Bytes();
    state_.versions.Erase(probe);
    garbage_.pop_front();
  }
  return absl::OkStatus();
}

}  // namespace synod_kv
