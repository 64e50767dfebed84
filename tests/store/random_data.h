// Moonstone. Licence: see LICENSE.
#pragma once
// Random rows and predicates for the differential tests: few values, the awkward ones, so that
// comparisons often meet.
// Threads: confined.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "query/query.h"
#include "schema/schema.h"

namespace moonstone::store {

/// The SchemaJSON of the table "things" with one field for each way to lie in a column, and indexes
/// over most of them.
[[nodiscard]] std::string_view random_schema_json();

class RandomData {
 public:
  explicit RandomData(std::uint64_t seed) : engine_(seed) {}

  /// Fields that the schema accepts; some absent.
  [[nodiscard]] Object document();
  [[nodiscard]] query::ExprPtr predicate(int depth);
  /// Up to three keys, sometimes the same one twice, sometimes unknown.
  [[nodiscard]] std::vector<query::SortKey> order();

  [[nodiscard]] std::size_t below(std::size_t end) { return engine_() % end; }
  [[nodiscard]] bool chance(std::size_t one_in) { return below(one_in) == 0; }

 private:
  Value number();
  Value integer();
  Value text();
  Value bytes();
  Value scalar();
  Value nested(int depth);
  Object object(int depth);
  Value literal();
  query::ExprPtr field();
  query::ExprPtr operand(int depth);
  query::ExprPtr comparison(int depth);
  std::vector<query::ExprPtr> operands(int depth);

  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  std::mt19937_64 engine_;
};

}  // namespace moonstone::store
