// Moonstone. Licence: see LICENSE.
#include "store/raw_connection.h"

#include <array>
#include <fstream>

#include "tests/store/migrations/support.h"

namespace moonstone::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RawConnectionTest, GivesBackWhatWasBound) {
  Database database;
  database.run("CREATE TABLE a (v)");
  const std::array<Value, 5> values = {Value("t\xc3\xa4xt"), Value(std::int64_t{1} << 60),
                                       Value(1.5), Value(Bytes{std::string("\0x", 2)}),
                                       Value(nullptr)};
  const auto rows =
      database.connection().query("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e", values);
  ASSERT_TRUE(rows) << message_of(rows);
  EXPECT_THAT(rows->columns, ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(rows->rows, ElementsAre(testing::ElementsAreArray(values)));
}

TEST(RawConnectionTest, BindsBooleansAndWholeNumbersAsIntegers) {
  Database database;
  const std::array<Value, 2> values = {Value(true), Value(3.0)};
  const auto rows = database.connection().query("SELECT typeof(?), typeof(?)", values);
  ASSERT_TRUE(rows) << message_of(rows);
  EXPECT_THAT(rows->rows.front(), ElementsAre(Value("integer"), Value("integer")));
}

TEST(RawConnectionTest, SaysWhichRuleARowBreaks) {
  Database database;
  database.run(
      "CREATE TABLE p (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL DEFAULT 'x',"
      " c TEXT CHECK (c <> 'no'), r INTEGER REFERENCES p (id)) STRICT;"
      "INSERT INTO p (id, u) VALUES (1, 'a')");
  const auto reason = [&](std::string_view sql) {
    return reason_of(database.connection().exec(sql));
  };
  EXPECT_EQ(reason("INSERT INTO p (u) VALUES ('a')"), "unique");
  EXPECT_EQ(reason("INSERT INTO p (id) VALUES (1)"), "unique");
  EXPECT_EQ(reason("INSERT INTO p (n) VALUES (NULL)"), "not_null");
  EXPECT_EQ(reason("INSERT INTO p (c) VALUES ('no')"), "check");
  EXPECT_EQ(reason("INSERT INTO p (r) VALUES (9)"), "foreign_key");
  EXPECT_EQ(reason("INSERT INTO p (r) VALUES ('x')"), "type");
  EXPECT_EQ(reason("INSERT INTO nowhere VALUES (1)"), "sql");
  EXPECT_EQ(reason("SELECT \"no such name\""), "sql");
  const Status failed = database.connection().exec("INSERT INTO p (u) VALUES ('a')");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "UNIQUE constraint failed: p.u");
  EXPECT_EQ(*failed.error().details(),
            Value(Object{
                {"name", "SQLiteError"}, {"code", "SQLITE_CONSTRAINT_UNIQUE"}, {"errno", 2067}}));
}

TEST(RawConnectionTest, RefusesTooManyValuesSeveralStatementsAndNestedValues) {
  Database database;
  const std::array<Value, 2> two = {Value(1), Value(2)};
  EXPECT_EQ(reason_of(database.connection().query("SELECT ?", two)), "sql");
  EXPECT_EQ(reason_of(database.connection().query("SELECT 1; SELECT 2")), "sql");
  EXPECT_EQ(reason_of(database.connection().query("-- nothing")), "sql");
  const std::array<Value, 1> nested = {Value(Array{1})};
  EXPECT_THAT(message_of(database.connection().query("SELECT ?", nested)), HasSubstr("JSON"));
}

TEST(RawConnectionTest, CountsTheRowsOfAWriteAndNoneOfARead) {
  Database database;
  database.run("CREATE TABLE a (id INTEGER PRIMARY KEY)");
  const auto written = database.connection().run("INSERT INTO a VALUES (7), (8)");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->rows, 2);
  EXPECT_EQ(written->last_rowid, 8);
  EXPECT_EQ(database.connection().run("SELECT 1")->rows, 0);
}

TEST(RawConnectionTest, StopsAtTheLimitOfAnAnswer) {
  auto opened = RawConnection::open({.path = ":memory:", .result_bytes_max = 1'000});
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->query("SELECT zeroblob(800)"));
  EXPECT_EQ(reason_of((*opened)->query("SELECT zeroblob(1001)")), "read_bytes");
}

TEST(RawConnectionTest, OpensAFileToReadOnlyAndLeavesNothingWhereThereIsNone) {
  const TemporaryFolder folder;
  const std::string path = folder.file("deep/er/a.db");
  Database(path).run("CREATE TABLE a (b); INSERT INTO a VALUES (1)");
  auto reader = RawConnection::open({.path = path, .access = RawAccess::ReadOnly});
  ASSERT_TRUE(reader) << message_of(reader);
  EXPECT_TRUE((*reader)->is_readonly());
  EXPECT_TRUE((*reader)->query("SELECT * FROM a"));
  EXPECT_EQ(reason_of((*reader)->exec("INSERT INTO a VALUES (2)")), "read_only");
  EXPECT_FALSE(
      RawConnection::open({.path = folder.file("none.db"), .access = RawAccess::ReadOnly}));
}

TEST(RawConnectionTest, RefusesAFileThatIsNoDatabase) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("text.db")) << std::string(5'000, 'x');
  EXPECT_EQ(reason_of(RawConnection::open({.path = folder.file("text.db")})), "corrupt");
}

TEST(RawConnectionTest, IsClosedOnceAndForAll) {
  Database database;
  database.run("BEGIN");
  EXPECT_TRUE(database.connection().in_transaction());
  database.connection().close();
  database.connection().close();
  EXPECT_FALSE(database.connection().in_transaction());
  EXPECT_EQ(reason_of(database.connection().exec("SELECT 1")), "closed");
  EXPECT_EQ(reason_of(database.connection().query("SELECT 1")), "closed");
  EXPECT_EQ(reason_of(database.connection().run("SELECT 1")), "closed");
}

}  // namespace
}  // namespace moonstone::store
