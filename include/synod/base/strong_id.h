// Strong integer types: a Term is not an Index is not a NodeId.
#ifndef SYNOD_BASE_STRONG_ID_H_
#define SYNOD_BASE_STRONG_ID_H_

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string_view>

namespace synod {

// A 64-bit value that only compares with its own kind. `Tag` says three things: kOrdinal, whether
// it can be counted with (Term, Index); kFromLiteral, whether a user may write a plain integer for
// it (NodeId, GroupId: `.members = {1, 2, 3}`); and kHexadecimal, whether it is written so, as
// random numbers are. The way back to an integer is always the explicit value().
template <class Tag>
class StrongId {
 public:
  constexpr StrongId() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): explicit unless the tag permits literals.
  constexpr explicit(!Tag::kFromLiteral) StrongId(uint64_t value) : value_(value) {}

  [[nodiscard]] constexpr uint64_t value() const { return value_; }
  [[nodiscard]] constexpr bool IsZero() const { return value_ == 0; }

  friend constexpr auto operator<=>(StrongId, StrongId) = default;

  constexpr StrongId& operator++() requires Tag::kOrdinal {
    ++value_;
    return *this;
  }
  friend constexpr StrongId operator+(StrongId id, uint64_t n) requires Tag::kOrdinal {
    return StrongId(id.value_ + n);
  }
  friend constexpr StrongId operator-(StrongId id, uint64_t n) requires Tag::kOrdinal {
    return StrongId(id.value_ - n);
  }
  friend constexpr uint64_t operator-(StrongId a, StrongId b) requires Tag::kOrdinal {
    return a.value_ - b.value_;
  }

  friend std::ostream& operator<<(std::ostream& out, StrongId id) {
    if constexpr (!Tag::kHexadecimal) return out << id.value_;
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof(digits), id.value_, 16).ptr;
    return out << std::string_view(digits, static_cast<size_t>(end - digits));
  }

  template <class H>
  friend H AbslHashValue(H state, StrongId id) {
    return H::combine(std::move(state), id.value_);
  }

 private:
  uint64_t value_ = 0;
};

}  // namespace synod

template <class Tag>
struct std::hash<synod::StrongId<Tag>> {
  size_t operator()(synod::StrongId<Tag> id) const noexcept {
    return std::hash<uint64_t>{}(id.value());
  }
};

#endif  // SYNOD_BASE_STRONG_ID_H_
