// Moonstone. Licence: see LICENSE.
// A person's own SELECT: what it sees, and what it must never reach.
#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/store/conformance/fixture.h"

namespace moonstone::store::conformance {
namespace {

class SqlTest : public StoreConformanceTest {
 protected:
  void SetUp() override {
    StoreConformanceTest::SetUp();
    apply(R"({"tables":{"tasks":{"fields":{
      "title":{"type":"string"},
      "done":{"type":"optional","value":{"type":"boolean"}},
      "more":{"type":"optional","value":{"type":"any"}}
    },"indexes":[]},"sqlite_like":{"fields":{"x":{"type":"number"}},"indexes":[]}}})");
    commit_rows("tasks",
                {{{"title", "a"}, {"done", true}, {"more", Object{{"x", 1}}}}, {{"title", "b"}}});
  }
  /// Rows as JSON, or the error's message.
  std::string ask(std::string_view select, const SqlLimits& limits = {}) {
    const auto read = store_->query_sql(select, limits);
    if (!read) return read.error().message();
    Array rows;
    for (const std::vector<Value>& row : read->rows)
      rows.emplace_back(Array(row));
    return to_json(Value(std::move(rows)));
  }
};

TEST_P(SqlTest, SeesDocuments) {
  EXPECT_EQ(ask("SELECT title, done, more FROM tasks ORDER BY title"),
            R"([["a",1,"{\"x\":1}"],["b",null,null]])");
  EXPECT_EQ(ask("SELECT _id, _ts, _creationTime FROM tasks WHERE title = 'a'"),
            "[[\"" + id_of("tasks", 1) + "\"," + std::to_string(time_of(1)) + "," +
                std::to_string(time_of(1)) + "]]");
  EXPECT_EQ(ask("  select count(*) from tasks ;  "), "[[2]]");
  EXPECT_EQ(ask("SELECT ';' || title FROM tasks WHERE title = 'b'"), R"([[";b"]])");
  EXPECT_EQ(ask("SELECT * FROM _sqlite_like"), "[]");
}

TEST_P(SqlTest, ReachesNothingElse) {
  for (const char* select :
       {"SELECT * FROM main.tasks", "SELECT _row FROM tasks", "SELECT * FROM sqlite_master",
        "SELECT * FROM sqlite_temp_master", "SELECT * FROM temp.sqlite_master",
        "SELECT * FROM pragma_table_list", "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')", "SELECT * FROM missing",
        "SELECT writefile('x', 'y')", "SELECT zeroblob(1000000000)",
        "SELECT count(*) FROM _moonstone_log", "SELECT * FROM tasks, json_each(more)"}) {
    const auto read = store_->query_sql(select, {});
    EXPECT_FALSE(read) << select;
    EXPECT_EQ(reason_of(read), "sql") << select;
  }
}

TEST_P(SqlTest, OnlyOneSelect) {
  for (const char* text : {"", "  ", "SELECT", "DELETE FROM tasks", "PRAGMA user_version",
                           "WITH x AS (SELECT 1) SELECT * FROM x", "/**/SELECT 1",
                           "INSERT INTO tasks SELECT 1", "VACUUM"}) {
    EXPECT_EQ(ask(text), "Only SELECT queries are allowed") << text;
  }
  for (const char* text : {"SELECT 1; SELECT 2", "SELECT 1; DELETE FROM tasks", "SELECT 1;;x"}) {
    EXPECT_EQ(ask(text), "Multiple statements are not allowed") << text;
  }
  EXPECT_EQ(ask("SELECT count(*) FROM tasks"), "[[2]]");
}

TEST_P(SqlTest, IsBounded) {
  constexpr std::string_view kMany =
      "SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
      "SELECT i FROM n)";
  const SqlLimits few{.rows_max = 10, .bytes_max = 1'000'000, .time_max = std::chrono::seconds(60)};
  EXPECT_EQ(reason_of(store_->query_sql(kMany, few)), "read_rows");
  const SqlLimits small{
      .rows_max = 1'000'000, .bytes_max = 1'000, .time_max = std::chrono::seconds(60)};
  EXPECT_EQ(reason_of(store_->query_sql(kMany, small)), "read_bytes");
  const SqlLimits brief{
      .rows_max = 10, .bytes_max = 1'000, .time_max = std::chrono::milliseconds(1)};
  const std::string endless = "SELECT count(*) FROM (" + std::string(kMany) + ")";
  EXPECT_EQ(reason_of(store_->query_sql(endless, brief)), "read_time");
}

TEST_P(SqlTest, SeesWhatWasCommittedOnly) {
  begin();
  insert("tasks", 9, {{"title", "z"}});
  EXPECT_EQ(ask("SELECT count(*) FROM tasks"), "[[2]]");
  commit();
  EXPECT_EQ(ask("SELECT count(*) FROM tasks"), "[[3]]");
}

INSTANTIATE_TEST_SUITE_P(Stores, SqlTest, testing::ValuesIn(databases_under_test()));

}  // namespace
}  // namespace moonstone::store::conformance
