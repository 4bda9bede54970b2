#include "src/sim/states.h"

#include <algorithm>

#include "absl/strings/escaping.h"

#include "src/concat.h"
#include "src/sim/shadow_log.h"

namespace synod::sim {
namespace {

using synod::internal::Concat;

constexpr size_t kExcerptBytes = 80;
constexpr size_t kBytesBefore = 30;  // Of an excerpt, before what differs.

std::string ExcerptFrom(std::string_view bytes, size_t first) {
  first = std::min(first, bytes.size());
  const std::string_view piece = bytes.substr(first, kExcerptBytes);
  return Concat(first > 0 ? "…" : "", '"', absl::Utf8SafeCHexEscape({piece.data(), piece.size()}),
                '"', first + piece.size() < bytes.size() ? "…" : "");
}

}  // namespace

bool States::Note(NodeId node, Index index, std::string_view digest) {
  const auto [known, is_new] = seen_.try_emplace(
      index.value(), Seen{.node = node, .hash = HashOf(digest), .text = std::nullopt});
  if (!is_new) return known->second.hash == HashOf(digest);
  if (digest.size() > kTextBytes) return true;
  known->second.text = digest;
  with_text_.push_back(index.value());
  text_bytes_ += digest.size();
  while (text_bytes_ > kTextBytes) {
    std::optional<std::string>& oldest = seen_.at(with_text_.front()).text;
    text_bytes_ -= oldest->size();
    oldest.reset();
    with_text_.pop_front();
  }
  return true;
}

const States::Seen* States::At(Index index) const {
  const auto found = seen_.find(index.value());
  return found == seen_.end() ? nullptr : &found->second;
}

std::string Excerpt(std::string_view bytes) { return ExcerptFrom(bytes, 0); }

std::string Difference(std::string_view name, std::string_view text, std::string_view other_name,
                       std::string_view other_text) {
  const auto [here, there] =
      std::mismatch(text.begin(), text.end(), other_text.begin(), other_text.end());
  const auto byte = static_cast<size_t>(here - text.begin());
  const size_t first = byte > kBytesBefore ? byte - kBytesBefore : 0;
  return Concat("\n    from byte ", byte, " on, of ", text.size(), " and ", other_text.size(),
                "\n      ", name, ": ", ExcerptFrom(text, first), "\n      ", other_name, ": ",
                ExcerptFrom(other_text, first));
}

}  // namespace synod::sim
