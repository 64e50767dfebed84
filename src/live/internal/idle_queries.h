// Moonstone. Licence: see LICENSE.
#pragma once
// IdleQueries: answers that nobody listens to, kept for whoever asks next; least recently used go
// first. Threads: confined.

#include <cstddef>
#include <list>

#include "live/internal/live_query.h"

namespace moonstone::live {

/// Bytes of idle answers kept, beside the bound on their number: some answers are megabytes.
inline constexpr std::size_t kIdleBytesMax = std::size_t{64} * 1024 * 1024;

class IdleQueries {
 public:
  IdleQueries(std::size_t queries_max, std::size_t bytes_max)
      : queries_max_(queries_max), bytes_max_(bytes_max) {}

  /// Takes in a query that has an answer; it becomes the most recently used one.
  void insert(LiveQuery& query);
  /// Lets it go; nothing if it is not idle.
  void erase(LiveQuery& query);
  /// The one to drop next while there are too many, or null.
  [[nodiscard]] LiveQuery* find_excess() const;
  [[nodiscard]] std::size_t size() const { return queries_.size(); }

 private:
  std::size_t queries_max_;
  std::size_t bytes_max_;
  std::list<LiveQuery*> queries_;  // least recently used first
  std::size_t bytes_ = 0;
};

}  // namespace moonstone::live
