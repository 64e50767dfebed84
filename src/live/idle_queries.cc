// Moonstone. Licence: see LICENSE.
#include "live/internal/idle_queries.h"

namespace moonstone::live {

void IdleQueries::insert(LiveQuery& query) {
  erase(query);
  query.idle = queries_.insert(queries_.end(), &query);
  bytes_ += query.json->size();
}

void IdleQueries::erase(LiveQuery& query) {
  if (!query.idle) return;
  queries_.erase(*query.idle);
  query.idle.reset();
  bytes_ -= query.json->size();
}

LiveQuery* IdleQueries::find_excess() const {
  if (queries_.size() <= queries_max_ && bytes_ <= bytes_max_) return nullptr;
  return queries_.empty() ? nullptr : queries_.front();
}

}  // namespace moonstone::live
