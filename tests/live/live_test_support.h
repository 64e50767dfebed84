// Moonstone. Licence: see LICENSE.
#pragma once
// What the tests of live queries share: a seed, a small table, rows, changes and footprints of it.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/database.h"
#include "query/footprint.h"
#include "query/query.h"
#include "schema/schema.h"
#include "schema/type.h"

namespace moonstone::live::testing {

/// The seed of a random test; MOONSTONE_SEED sets it.
inline std::uint64_t seed_or(std::uint64_t standard) {
  // Tests read the environment before they start threads.
  const char* text = std::getenv("MOONSTONE_SEED");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? standard : std::strtoull(text, nullptr, 10);
}

/// Numbers below a bound and choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t bound) { return random_.next() % bound; }
  std::int64_t signed_below(std::int64_t bound) {
    return static_cast<std::int64_t>(below(static_cast<std::uint64_t>(bound)));
  }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class T>
  const T& choose(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  SeededRandom random_;
};

/// A table with the fields a, b, c, which take anything.
inline schema::Table make_table(std::string name) {
  schema::Table table;
  table.name = std::move(name);
  const schema::TypePtr any = schema::Type::scalar(schema::TypeKind::Any);
  std::uint32_t id = 0;
  for (const char* field : {"a", "b", "c"}) {
    table.fields.push_back({.name = field, .type = any, .id = {++id}});
  }
  return table;
}

inline query::Row make_row(const schema::Table& table,
                           std::int64_t number,
                           std::vector<Value> values) {
  values.resize(table.fields.size());
  return {.table = &table,
          .number = number,
          .id = table.name + ":" + std::to_string(number),
          .values = std::move(values)};
}

inline query::Change make_change(std::optional<query::Row> before,
                                 std::optional<query::Row> after) {
  const query::Row& row = after ? *after : *before;
  return {.table = row.table, .key = row.id, .before = before, .after = after};
}

inline query::ExprPtr compare_field(query::CompareOp op, const std::string& field, Value value) {
  return query::Expr::compare(op, query::Expr::make_field(field),
                              query::Expr::make_literal(std::move(value)));
}

inline query::Dependency rows_where(const schema::Table& table, query::ExprPtr where) {
  query::Dependency dependency;
  dependency.kind = query::DependencyKind::Rows;
  dependency.table = table.name;
  dependency.query.table = table.name;
  dependency.query.where = std::move(where);
  return dependency;
}

inline query::Dependency rows_equal(const schema::Table& table,
                                    const std::string& field,
                                    Value value) {
  return rows_where(table, compare_field(query::CompareOp::Eq, field, std::move(value)));
}

inline query::FootprintPtr footprint_of(std::vector<query::Dependency> dependencies) {
  return std::make_shared<const query::Footprint>(std::move(dependencies));
}

inline engine::CommitPtr make_commit(engine::Version version,
                                     std::vector<query::Change> changes,
                                     std::uint64_t schema_version = 1) {
  auto commit = std::make_shared<engine::Commit>();
  commit->version = version;
  commit->schema_version = schema_version;
  commit->changes = std::move(changes);
  return commit;
}

inline engine::CommitPtr make_everything(engine::Version version,
                                         std::uint64_t schema_version = 1) {
  auto commit = std::make_shared<engine::Commit>();
  commit->version = version;
  commit->schema_version = schema_version;
  commit->everything = true;
  return commit;
}

}  // namespace moonstone::live::testing
