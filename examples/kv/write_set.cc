#include "kv/write_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace synod_kv {

int WriteSet::Compare(std::string_view a, std::string_view b) const {
  ++*comparisons_;
  return a.compare(b);
}

WriteSet::End WriteSet::EndOf(const KeyRange& range) {
  if (range.IsSingle()) return {.kind = End::Kind::kBehind, .key = range.begin()};
  if (range.IsUnbounded()) return {.kind = End::Kind::kNowhere, .key = {}};
  return {.kind = End::Kind::kBefore, .key = range.end()};
}

bool WriteSet::IsBefore(std::string_view key, const End& end) const {
  if (end.kind == End::Kind::kNowhere) return true;
  const int order = Compare(key, end.key);
  return order < 0 || (order == 0 && end.kind == End::Kind::kBehind);
}

// Whether a range that ends there leaves nothing out before `begin`.
bool WriteSet::Reaches(const End& end, std::string_view begin) const {
  return end.kind == End::Kind::kNowhere || Compare(end.key, begin) >= 0;
}

bool WriteSet::IsFurther(const End& a, const End& b) const {
  if (b.kind == End::Kind::kNowhere) return false;
  if (a.kind == End::Kind::kNowhere) return true;
  const int order = Compare(a.key, b.key);
  return order > 0 || (order == 0 && a.kind > b.kind);
}

void WriteSet::Delete(const KeyRange& range) {
  const End end = EndOf(range);
  if (IsBefore(range.begin(), end)) Insert(range.begin(), end);
}

void WriteSet::Insert(std::string_view begin, End end) {
  auto next = deletes_.upper_bound(begin);
  if (next != deletes_.begin()) {
    const auto before = std::prev(next);
    if (Reaches(before->second, begin)) {
      if (!IsFurther(end, before->second)) return;
      begin = before->first;
      next = deletes_.erase(before);
    }
  }
  while (next != deletes_.end() && Reaches(end, next->first)) {
    if (IsFurther(next->second, end)) end = next->second;
    next = deletes_.erase(next);
  }
  deletes_.emplace_hint(next, begin, end);
}

bool WriteSet::Deletes(std::string_view key) const {
  const auto next = deletes_.upper_bound(key);
  return next != deletes_.begin() && IsBefore(key, std::prev(next)->second);
}

// Goes through whichever are fewer.
bool WriteSet::DeletesAny(const Keys& keys) const {
  if (keys.size() < deletes_.size()) {
    return std::any_of(keys.begin(), keys.end(),
                       [this](std::string_view key) { return Deletes(key); });
  }
  return std::any_of(deletes_.begin(), deletes_.end(), [&](const auto& range) {
    const auto first = keys.lower_bound(range.first);
    return first != keys.end() && IsBefore(*first, range.second);
  });
}

bool WriteSet::Put(std::string_view key) { return !Deletes(key) && puts_.insert(key).second; }

bool WriteSet::AddEither(WriteSet&& one, WriteSet&& other) {
  if (DeletesAny(one.puts_) || DeletesAny(other.puts_)) return false;
  // Fewer go to where more are.
  if (one.puts_.size() < other.puts_.size()) one.puts_.swap(other.puts_);
  one.puts_.insert(other.puts_.begin(), other.puts_.end());
  if (puts_.size() < one.puts_.size()) puts_.swap(one.puts_);
  for (const std::string_view key : one.puts_) {
    if (!puts_.insert(key).second) return false;
  }
  AddDeletes(one);
  AddDeletes(other);
  return true;
}

void WriteSet::AddDeletes(WriteSet& other) {
  if (deletes_.size() < other.deletes_.size()) deletes_.swap(other.deletes_);
  for (const auto& [begin, end] : other.deletes_) Insert(begin, end);
}

}  // namespace synod_kv
