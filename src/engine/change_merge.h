// Moonstone. Licence: see LICENSE.
#pragma once
// ChangeMerge: the changes of a group's mutations, folded to one per row.
//
// Within one group a row may be changed by several mutations; those who watch commits see only the
// state before and after the group.
// Threads: confined.

#include <string>
#include <unordered_map>
#include <vector>

#include "query/footprint.h"

namespace moonstone::engine {

class ChangeMerge {
 public:
  void add(std::vector<query::Change> changes);
  /// The folded changes, in the order of first touch; rows that ended as they began are left out.
  [[nodiscard]] std::vector<query::Change> take();

 private:
  std::vector<query::Change> changes_;
  std::unordered_map<std::string, std::size_t> position_by_key_;  // by table and key
  bool shared_row_ = false;                                       // some row was touched twice
};

}  // namespace moonstone::engine
