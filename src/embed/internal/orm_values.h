// Moonstone. Licence: see LICENSE.
#pragma once
// What stands behind Arguments, Rows and Answer.
// Threads: plain values.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/value.h"
#include "moonstone/orm.h"
#include "orm/orm.h"

namespace moonstone::embed {

struct Arguments::Impl {
  Value value = Object();
};

struct Rows::Impl {
  query::RowSetPtr rows;
  /// The rows of a relation are some of a set that several parents share; nothing: all.
  std::optional<std::vector<std::uint32_t>> positions{};

  [[nodiscard]] std::size_t at(std::size_t row) const {
    return positions ? (*positions)[row] : row;
  }
};

[[nodiscard]] Answer answer_of(orm::Outcome outcome);

}  // namespace moonstone::embed
