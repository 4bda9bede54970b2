// Which configuration a log puts in force where.
#ifndef SYNOD_CORE_CONFIGURATION_HISTORY_H_
#define SYNOD_CORE_CONFIGURATION_HISTORY_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "synod/base/assert.h"
#include "synod/base/ids.h"
#include "synod/base/mutation.h"
#include "synod/core/configuration.h"

namespace synod {

// A configuration, and the entry that holds it.
struct ConfigurationChange {
  Index index;
  Configuration configuration;
};

// The configurations of the entries that are still in the log, and the one from before them.
// Follows the log through truncation, compaction and replacement, so that it never names one that
// the log has lost, nor loses one that is in force (M4, M5).
class ConfigurationHistory {
 public:
  // `configuration` is in force at `index` and was set there or before.
  ConfigurationHistory(Index index, Configuration configuration) {
    Reset(index, std::move(configuration));
  }

  [[nodiscard]] const Configuration& newest() const { return changes_.back().configuration; }
  // Of the entry that holds it; of the snapshot or 0, if that is not in the log.
  [[nodiscard]] Index newest_index() const { return changes_.back().index; }

  // In force before that; the same if nothing is known of it.
  [[nodiscard]] const Configuration& previous() const {
    return changes_[changes_.size() - std::min<size_t>(2, changes_.size())].configuration;
  }

  // The one set last at or before `index`, which lies within the log or at its base, and all after
  // it.
  [[nodiscard]] std::span<const ConfigurationChange> From(Index index) const {
    size_t i = changes_.size() - 1;
    while (i > 0 && changes_[i].index > index) --i;
    return std::span(changes_).subspan(i);
  }
  [[nodiscard]] const Configuration& At(Index index) const {
    return From(index).front().configuration;
  }

  // The log has got an entry with a configuration.
  void Append(Index index, Configuration configuration) {
    SYNOD_ASSERT(index > newest_index(), "the log grows at its end");
    changes_.push_back({index, std::move(configuration)});
  }

  // The log has lost the entries at and above `index`. True if the newest configuration was among
  // them: the one before it is in force again (M5).
  bool TruncateFrom(Index index) {
    if (Mutated(Mutation::kConfigurationOutlivesItsEntry)) return false;
    const size_t before = changes_.size();
    while (changes_.size() > 1 && newest_index() >= index) changes_.pop_back();
    return changes_.size() < before;
  }

  // A snapshot stands for the log up to `index`.
  void CompactTo(Index index) {
    while (changes_.size() > 1 && changes_[1].index <= index) changes_.erase(changes_.begin());
  }

  // A snapshot has taken the place of the whole log.
  void Reset(Index index, Configuration configuration) {
    changes_.clear();
    changes_.push_back({index, std::move(configuration)});
  }

 private:
  std::vector<ConfigurationChange> changes_;  // Never empty; index rises.
};

}  // namespace synod

#endif  // SYNOD_CORE_CONFIGURATION_HISTORY_H_
