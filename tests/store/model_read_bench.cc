// Moonstone. Licence: see LICENSE.
// What the layers above SQLite add to a read: one row by its key, and a hundred rows, against a
// prepared statement that copies the same cells.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include "query/expr.h"
#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/model_select.h"
#include "tests/store/model_catalog.h"
#include "tests/store/support.h"

namespace moonstone::store::sqlite {
namespace {

constexpr int kRows = 10'000;
constexpr const char* kNames[] = {"id", "name", "email", "age", "score", "city"};

schema::CatalogPtr people() {
  using schema::ScalarKind;
  auto catalog = std::make_shared<schema::Catalog>();
  catalog->models = {model_of("Person", "person",
                              {id_field(), model_field("name"), model_field("email"),
                               optional_field("age", ScalarKind::Integer),
                               optional_field("score", ScalarKind::Real), optional_field("city")})};
  return catalog;
}

/// A table of people and one open connection.
struct People {
  People() {
    const SqliteOptions options{.path = folder.file("people.db"), .durability = Durability::Normal};
    connection = *Connection::open(options, Connection::Role::Writer);
    auto catalog = people();
    for (const SqlObject& object : *ddl_of(*catalog))
      connection->run_once(object.text, "make a table").ignore("the reads would fail");
    connection
        ->run_once("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                       std::to_string(kRows) +
                       ") INSERT INTO person SELECT i, 'Person number ' || i, 'p' || i || "
                       "'@example.com', i % 90, i * 0.5, 'Oslo' FROM n",
                   "fill a table")
        .ignore("the reads would fail");
    auto schema = schema::make_schema(std::move(catalog));
    layout = make_layout(std::make_shared<const schema::Schema>(*std::move(schema)), 1);
    connection->run_once("BEGIN", "begin").ignore("the reads would fail");
  }

  TemporaryFolder folder;
  std::unique_ptr<Connection> connection;
  LayoutPtr layout;
};

query::Select select_people() {
  query::Select select{.table = "person"};
  for (const char* name : kNames)
    select.outputs.push_back(
        {.name = name, .term = std::make_shared<const query::Term>(query::Term{.field = name})});
  return select;
}

Value copied(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<double>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* const text =
          reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string_view(text,
                              static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    default:
      return nullptr;
  }
}

void run_bare(benchmark::State& state, const char* sql, double step) {
  const People people;
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(people.connection->handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                     nullptr);
  double key = 0;
  std::uint64_t rows = 0;
  for (auto _ : state) {
    key = key >= kRows - 200 ? 1 : key + step;
    sqlite3_bind_int64(statement, 1, static_cast<std::int64_t>(key));
    std::vector<Value> cells;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      if (cells.capacity() - cells.size() < 6) cells.reserve(2 * cells.capacity() + 6);
      for (int column = 0; column < 6; ++column)
        cells.push_back(copied(statement, column));
      ++rows;
    }
    sqlite3_reset(statement);
    benchmark::DoNotOptimize(cells.data());
  }
  sqlite3_finalize(statement);
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

void run_compiled(benchmark::State& state, query::Select select, double step) {
  const People people;
  const auto compiled = compile_select(*people.layout, select);
  double key = 0;
  std::uint64_t rows = 0;
  for (auto _ : state) {
    key = key >= kRows - 200 ? 1 : key + step;
    ReadBudget budget;
    const Value values[] = {key};
    auto found = run_select(*people.connection, **compiled, 1, values, budget);
    if (!found) {
      state.SkipWithError(found.error().message().c_str());
      break;
    }
    rows += found->count;
    benchmark::DoNotOptimize(found->cells.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
}

constexpr const char* kByKey =
    R"(SELECT "id", "name", "email", "age", "score", "city" FROM "person" WHERE "id" = ?)";
constexpr const char* kHundred = R"(
    SELECT "id", "name", "email", "age", "score", "city" FROM "person" WHERE "id" > ? LIMIT 100)";

void BM_BareRow(benchmark::State& state) {
  run_bare(state, kByKey, 7);
}
BENCHMARK(BM_BareRow);

void BM_ModelRow(benchmark::State& state) {
  query::Select select = select_people();
  select.where = query::Expr::compare(query::CompareOp::Eq, query::Expr::make_field("id"),
                                      query::Expr::make_parameter(0));
  run_compiled(state, std::move(select), 7);
}
BENCHMARK(BM_ModelRow);

void BM_BareHundred(benchmark::State& state) {
  run_bare(state, kHundred, 7);
}
BENCHMARK(BM_BareHundred);

void BM_ModelHundred(benchmark::State& state) {
  query::Select select = select_people();
  select.where = query::Expr::compare(query::CompareOp::Gt, query::Expr::make_field("id"),
                                      query::Expr::make_parameter(0));
  select.limit = query::Expr::make_literal(100);
  run_compiled(state, std::move(select), 7);
}
BENCHMARK(BM_ModelHundred);

}  // namespace
}  // namespace moonstone::store::sqlite
