// Moonstone. Licence: see LICENSE.
// What a read of a known shape costs beside the same rows from bare prepared statements.
//
// The bare side binds, steps and copies each column into a Value, and keeps its statements; it does
// no more than anybody must. Both read within one snapshot. Compare the pairs within one run.

#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include "base/json.h"
#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kSchema = R"(
model Author {
  id    Int @id
  name  String
  email String
  books Book[]
}
model Book {
  id       Int @id
  title    String
  pages    Int
  price    Float
  inStock  Boolean
  authorId Int
  author   Author @relation(fields: [authorId], references: [id])
  @@index([authorId])
}
)";

constexpr std::string_view kRows = R"(
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  INSERT INTO author SELECT i, 'author ' || i, 'a' || i || '@example.org' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO book SELECT i, 'the title of book ' || i, i % 700, i * 0.25, i % 2, i % 100 + 1
  FROM n;
)";

struct Library {
  Library() : database(parse_catalog(kSchema)) {
    database.run_sql("BEGIN");
    database.run_sql(kRows);
    database.run_sql("COMMIT");
    orm = Orm::make(database.catalog(), {});
  }
  TestDatabase database;
  std::unique_ptr<Orm> orm;
};

/// Statements of SQLite itself on a connection of its own.
class Bare {
 public:
  explicit Bare(const std::string& path, const char* sql) {
    sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_exec(db_, "BEGIN", nullptr, nullptr, nullptr);
    sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() {
    sqlite3_finalize(statement_);
    sqlite3_close(db_);
  }

  void bind(int place, std::int64_t value) { sqlite3_bind_int64(statement_, place, value); }
  void bind(int place, const std::string& text) {
    sqlite3_bind_text(statement_, place, text.data(), static_cast<int>(text.size()),
                      SQLITE_TRANSIENT);
  }

  /// Appends the cells of all rows. Returns how many rows there were.
  std::size_t copy_rows(std::vector<Value>& cells) {
    std::size_t count = 0;
    const int width = sqlite3_column_count(statement_);
    while (sqlite3_step(statement_) == SQLITE_ROW) {
      ++count;
      for (int column = 0; column < width; ++column)
        cells.push_back(cell(column));
    }
    sqlite3_reset(statement_);
    return count;
  }

 private:
  Value cell(int column) {
    switch (sqlite3_column_type(statement_, column)) {
      case SQLITE_INTEGER:
        return static_cast<double>(sqlite3_column_int64(statement_, column));
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement_, column);
      case SQLITE_TEXT: {
        const auto* const text = sqlite3_column_text(statement_, column);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
        return std::string(reinterpret_cast<const char*>(text), size);
      }
      default:
        return nullptr;
    }
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

void read_all(benchmark::State& state, std::string_view method, std::string_view json) {
  Library library;
  const Value arguments = parse_json(json).value();
  library.database.run_sql("BEGIN");  // a snapshot, as readers of the engine have
  std::size_t rows = 0;
  for (auto step : state) {
    engine::DocumentReader reader(library.database.source(), {});
    reader.stop_recording();
    const auto outcome =
        library.orm->read(reader, {}, {.model = "book", .method = method, .arguments = arguments});
    if (!outcome) return state.SkipWithError(outcome.error().message().c_str());
    rows += outcome->rows->count;
  }
  state.counters["rows"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kAvgIterations);
}

void find_unique_orm(benchmark::State& state) {
  read_all(state, "findUnique", R"({"where":{"id":4711}})");
}
BENCHMARK(find_unique_orm);

void find_unique_bare(benchmark::State& state) {
  const Library library;
  Bare book(library.database.path(),
            "SELECT id, title, pages, price, inStock, authorId FROM book "
            "WHERE id = ? LIMIT 2");
  for (auto step : state) {
    std::vector<Value> cells;
    book.bind(1, 4711);
    benchmark::DoNotOptimize(book.copy_rows(cells));
  }
}
BENCHMARK(find_unique_bare);

void include_100_orm(benchmark::State& state) {
  read_all(state, "findMany",
           R"({"where":{"id":{"gte":500}},"orderBy":{"id":"asc"},"limit":100,)"
           R"("include":{"author":true}})");
}
BENCHMARK(include_100_orm);

void include_100_bare(benchmark::State& state) {
  const Library library;
  Bare books(library.database.path(),
             "SELECT id, title, pages, price, inStock, authorId FROM book "
             "WHERE id >= ? ORDER BY id LIMIT ?");
  Bare authors(library.database.path(),
               "SELECT id, name, email FROM author WHERE id IN "
               "(SELECT value FROM json_each(?))");
  for (auto step : state) {
    std::vector<Value> cells;
    cells.reserve(600);
    books.bind(1, 500);
    books.bind(2, 100);
    const std::size_t count = books.copy_rows(cells);
    std::string keys = "[";
    for (std::size_t row = 0; row < count; ++row) {
      if (row > 0) keys += ',';
      keys += std::to_string(static_cast<int>(cells[row * 6 + 5].as_number()));
    }
    std::vector<Value> related;
    related.reserve(300);
    authors.bind(1, keys + "]");
    benchmark::DoNotOptimize(authors.copy_rows(related));
  }
}
BENCHMARK(include_100_bare);

}  // namespace
}  // namespace moonstone::orm
