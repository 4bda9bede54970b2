// In which states replicas have been, and how two of them differ.
#ifndef SYNOD_SRC_SIM_STATES_H_
#define SYNOD_SRC_SIM_STATES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "synod/base/ids.h"

namespace synod::sim {

// The first digest of each index at which a state was looked at. All hashes are kept, and of the
// texts the newest, since a large state would fill the memory.
class States {
 public:
  struct Seen {
    NodeId node;
    uint64_t hash = 0;
    std::optional<std::string> text;  // Nothing if it is not kept any more.
  };

  static constexpr size_t kTextBytes = size_t{4} << 20;

  // False if another digest was the first there.
  [[nodiscard]] bool Note(NodeId node, Index index, std::string_view digest);
  // Null if nobody was looked at there.
  [[nodiscard]] const Seen* At(Index index) const;

 private:
  absl::flat_hash_map<uint64_t, Seen> seen_;  // By index.
  std::deque<uint64_t> with_text_;            // The oldest first.
  size_t text_bytes_ = 0;
};

// So much of `bytes` as fits a line, in quotes, with what cannot be printed escaped.
[[nodiscard]] std::string Excerpt(std::string_view bytes);

// Lines for people, each after a line break: where two texts begin to differ, and what is there.
[[nodiscard]] std::string Difference(std::string_view name, std::string_view text,
                                     std::string_view other_name, std::string_view other_text);

}  // namespace synod::sim

#endif  // SYNOD_SRC_SIM_STATES_H_
