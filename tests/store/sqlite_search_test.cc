// Moonstone. Licence: see LICENSE.
// Search indexes in the SQLite file: what they hold after random transactions, and after other
// programs have written.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "query/search.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/query_sql.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/random_data.h"
#include "tests/store/support.h"

namespace moonstone::store {
namespace {

using conformance::all_of;
using conformance::id_of;
using conformance::message_of;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSchema = R"({"tables":{
  "notes":{"fields":{
    "text":{"type":"optional","value":{"type":"string"}},
    "any":{"type":"optional","value":{"type":"any"}}
  },"indexes":[{"name":"by_text","fields":["text"]}],
  "searchIndexes":[{"name":"by_text","searchField":"text"},{"name":"a","searchField":"any"}]}}})";

/// Another program with the file open.
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK);
    sqlite3_busy_timeout(db_, 10'000);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  ~OtherProgram() { sqlite3_close(db_); }

  void run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
  }
  /// The first column of all rows, joined by blanks.
  std::string text(const std::string& sql) {
    std::string text;
    const auto add = [](void* into, int, char** columns, char**) {
      *static_cast<std::string*>(into) += std::string(columns[0] ? columns[0] : "NULL") + " ";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), add, &text, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
    return text;
  }

 private:
  sqlite3* db_ = nullptr;
};

class SqliteSearchTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    apply(kSchema);
  }
  void open() {
    store_.reset();
    auto opened = open_sqlite_store({.path = path(), .durability = Durability::Normal});
    ASSERT_TRUE(opened) << message_of(opened);
    store_ = *std::move(opened);
  }
  void apply(std::string_view schema) {
    const auto applied =
        writer().apply_schema(conformance::schema_of(schema), Writer::AllowDataLoss::Yes);
    ASSERT_TRUE(applied) << message_of(applied);
  }
  std::string path() const { return folder_.file("data.db"); }
  Writer& writer() { return store_->writer(); }

  query::Row note(std::int64_t n, Object fields) {
    return conformance::row_of(*writer().schema(), "notes", id_of("notes", n), std::move(fields));
  }
  void begin() {
    const auto begun = writer().begin();
    ASSERT_TRUE(begun) << message_of(begun);
  }
  void commit() {
    const Status committed = writer().commit();
    ASSERT_TRUE(committed) << message_of(committed);
  }
  void commit_texts(std::int64_t first, const std::vector<std::string>& texts) {
    begin();
    for (const std::string& text : texts)
      ASSERT_TRUE(writer().insert(note(first++, {{"text", text}, {"any", text + " any"}})));
    commit();
  }
  query::Query search(std::string text, std::string_view field = "text") {
    query::Query query = all_of("notes");
    EXPECT_TRUE(query::apply_search(*writer().schema()->find_table("notes"), field, std::move(text),
                                    query));
    return query;
  }
  std::string found(std::string text, std::string_view field = "text") {
    auto reader = store_->new_reader();
    EXPECT_TRUE(reader && (*reader)->begin());
    ReadBudget budget;
    const auto rows = (*reader)->select(search(std::move(text), field), budget);
    EXPECT_TRUE(rows) << message_of(rows);
    std::set<std::int64_t> numbers;
    for (const query::Row& row : *rows)
      numbers.insert(row.number);
    std::string all;
    for (const std::int64_t number : numbers)
      all += std::to_string(number) + " ";
    return all;
  }

  /// Every word of the index with its place, and the same of an index that is built on the side.
  void expect_exact_index() {
    OtherProgram other(path());
    const std::pair<const char*, const char*> kIndexes[] = {
        {"by_text", "SELECT _row,text FROM notes WHERE text IS NOT NULL"},
        {"a", "SELECT _row,json_extract(any,'$') FROM notes WHERE json_type(any)='text'"}};
    for (const auto& [name, rows] : kIndexes) {
      const std::string index = std::string("notes.") + name + ".fts";
      other.run(
          "CREATE VIRTUAL TABLE temp.fresh USING fts5(x,content='');"
          "INSERT INTO temp.fresh(rowid,x) " +
          std::string(rows) +
          ";"
          "CREATE VIRTUAL TABLE temp.has USING fts5vocab(main,'" +
          index +
          "','instance');"
          "CREATE VIRTUAL TABLE temp.wants USING fts5vocab(temp,'fresh','instance')");
      const std::string columns = "SELECT term||'/'||doc||'/'||offset FROM temp.";
      const std::string order = " ORDER BY term,doc,offset";
      EXPECT_EQ(other.text(columns + "has" + order), other.text(columns + "wants" + order)) << name;
      EXPECT_EQ(other.text("SELECT id||'/'||hex(sz) FROM \"" + index + "_docsize\" ORDER BY id"),
                other.text("SELECT id||'/'||hex(sz) FROM temp.fresh_docsize ORDER BY id"));
      other.run("INSERT INTO \"" + index + "\"(\"" + index + "\") VALUES('integrity-check')");
      other.run("DROP TABLE temp.has; DROP TABLE temp.wants; DROP TABLE temp.fresh");
    }
    EXPECT_EQ(other.text("SELECT stale FROM _moonstone_search"), "0 0 ");
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

/// Random inserts, updates and deletes under random marks, rollbacks and searches in between.
class RandomSearchTest : public SqliteSearchTest {
 protected:
  Object fields() {
    static const std::vector<std::string> kWords = {"a", "b b", "c a", "d e f", "", "ü", "a b c d"};
    const auto words = [&] { return kWords[dice_.below(kWords.size())]; };
    Object object;
    if (!dice_.chance(4)) object.append("text", words());
    if (dice_.chance(2)) object.append("any", words());
    if (dice_.chance(4)) object.set("any", Object{{"in", words()}});
    return object;
  }
  std::int64_t victim() {
    auto chosen = present_.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(dice_.below(present_.size())));
    return *chosen;
  }

  void set_mark() { marks_.push_back({*writer().mark(), present_}); }
  void end_mark(bool takes_back) {
    if (marks_.empty()) return;
    if (takes_back) {
      ASSERT_TRUE(writer().rollback_to(marks_.back().mark));
      present_ = marks_.back().present;
    }
    ASSERT_TRUE(writer().release(marks_.back().mark));
    marks_.pop_back();
  }
  void find() {
    ReadBudget budget;
    ASSERT_TRUE(writer().select(search("a OR b"), budget));
    ++searches_;
  }
  void insert() {
    ASSERT_TRUE(writer().insert(note(++last_, fields())));
    present_.insert(last_);
  }
  void update() {
    if (!present_.empty()) ASSERT_TRUE(writer().update(note(victim(), fields())));
  }
  void erase() {
    if (present_.empty()) return;
    const std::int64_t number = victim();
    ASSERT_TRUE(writer().erase(*writer().schema()->find_table("notes"), id_of("notes", number)));
    present_.erase(number);
  }

  void step() {
    switch (dice_.below(8)) {
      case 0:
        return set_mark();
      case 1:
        return end_mark(true);
      case 2:
        return end_mark(false);
      case 3:
        return find();
      case 4:
      case 5:
        return insert();
      case 6:
        return update();
      default:
        return erase();
    }
  }

  void transaction() {
    const std::set<std::int64_t> before = present_;
    begin();
    marks_.clear();
    for (std::size_t steps = dice_.below(14); steps > 0; --steps)
      step();
    if (!dice_.chance(6)) return commit();
    writer().rollback();
    present_ = before;
  }

  struct Open {
    Mark mark;
    std::set<std::int64_t> present;
  };
  RandomData dice_{announced_seed()};
  std::vector<Open> marks_;
  std::set<std::int64_t> present_;
  std::int64_t last_ = 0;
  int searches_ = 0;
};

TEST_F(RandomSearchTest, TransactionsLeaveExactlyTheTextsOfTheRows) {
  for (int round = 0; round < 150; ++round) {
    transaction();
    if (round % 10 == 9) expect_exact_index();
    if (HasFailure()) return;
  }
  EXPECT_GT(searches_, 20);
  EXPECT_GT(present_.size(), 20U);
}

TEST_F(SqliteSearchTest, AnIndexThatAnotherProgramMadeStaleIsBuiltAnew) {
  commit_texts(1, {"one", "two", "three"});
  OtherProgram(path()).run(
      "UPDATE notes SET text='four' WHERE _row=1; DELETE FROM notes WHERE _row=2;"
      "INSERT INTO notes(_row,_id,text) VALUES(9,'notes:x','five')");
  EXPECT_EQ(
      OtherProgram(path()).text("SELECT name FROM _moonstone_search WHERE stale=1 ORDER BY name"),
      "notes.a.fts notes.by_text.fts ");
  begin();
  ReadBudget budget;
  EXPECT_EQ(writer().select(search("four OR five"), budget)->size(), 2U);
  commit();
  EXPECT_EQ(found("one OR two"), "");
  EXPECT_EQ(found("three OR four OR five"), "1 3 9 ");
  expect_exact_index();
  // What does not touch a searched text makes nothing stale.
  OtherProgram(path()).run("UPDATE notes SET _id='notes:y' WHERE _row=9");
  EXPECT_EQ(OtherProgram(path()).text("SELECT stale FROM _moonstone_search"), "0 0 ");
}

TEST_F(SqliteSearchTest, WritesWhileTheProgramDidNotRunAreNoticedWhenTheFileIsOpened) {
  commit_texts(1, {"one", "two"});
  store_.reset();
  OtherProgram(path()).run("UPDATE notes SET text='uno' WHERE _row=1");
  open();
  EXPECT_EQ(found("one"), "");
  EXPECT_EQ(found("uno"), "1 ");
  expect_exact_index();
  store_.reset();
  OtherProgram(path()).run("INSERT OR REPLACE INTO notes(_row,_id) VALUES(1,'notes:z')");
  open();
  EXPECT_EQ(found("uno"), "");
  expect_exact_index();
}

TEST_F(SqliteSearchTest, AFileWithoutItsIndexesGetsThem) {
  commit_texts(1, {"one", "two"});
  store_.reset();
  {
    // As an older Moonstone leaves it, which knew the declaration and nothing else.
    OtherProgram other(path());
    for (const std::string name : {"notes.a.fts", "notes.by_text.fts"}) {
      other.run("DROP TABLE \"" + name + "\"");
      for (const std::string event : {"INSERT", "UPDATE", "DELETE"})
        other.run("DROP TRIGGER \"" + name + "_" + event + "\"");
    }
    other.run("DROP TABLE _moonstone_search; DROP TABLE _moonstone_secret");
  }
  open();
  EXPECT_EQ(found("two"), "2 ");
  EXPECT_EQ(found("two any", "any"), "2 ");
  expect_exact_index();
}

TEST_F(SqliteSearchTest, OtherProgramsCanSearchToo) {
  commit_texts(1, {"one", "two words"});
  EXPECT_EQ(OtherProgram(path()).text("SELECT n._id FROM \"notes.by_text.fts\" s JOIN notes n ON "
                                      "n._row=s.rowid WHERE s.text MATCH 'words'"),
            id_of("notes", 2) + " ");
}

TEST_F(SqliteSearchTest, NothingIsLeftOfAnIndexThatWent) {
  commit_texts(1, {"one"});
  apply(R"({"tables":{"notes":{"fields":{"text":{"type":"optional","value":{"type":"string"}},
      "any":{"type":"optional","value":{"type":"any"}}},"indexes":[]}}})");
  EXPECT_EQ(OtherProgram(path()).text(
                "SELECT name FROM sqlite_schema WHERE name LIKE '%fts%' OR type='trigger'"),
            "");
  apply(kSchema);
  apply(R"({"tables":{}})");
  EXPECT_EQ(OtherProgram(path()).text(
                "SELECT name FROM sqlite_schema WHERE name LIKE '%fts%' OR type='trigger'"),
            "");
}

TEST_F(SqliteSearchTest, ACommonWordWithALimitReadsOnlyTheBest) {
  const auto layout = sqlite::make_layout(
      std::make_shared<const schema::Schema>(conformance::schema_of(kSchema)), 1);
  query::Query query = search("a");
  query.limit = 10;
  const auto sql = sqlite::select_sql(*layout->find("notes"), query);
  ASSERT_TRUE(sql);
  std::string plan;
  OtherProgram other(path());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &db), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(
      sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql->text).c_str(), -1, &statement, nullptr),
      SQLITE_OK)
      << sqlite3_errmsg(db);
  while (sqlite3_step(statement) == SQLITE_ROW)
    plan += std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3))) + "\n";
  sqlite3_finalize(statement);
  sqlite3_close(db);
  // The inner part, with LIMIT, comes first; the documents are read for what it leaves.
  EXPECT_THAT(plan, testing::ContainsRegex("VIRTUAL TABLE INDEX(.|\n)*SEARCH notes USING INTEGER "
                                           "PRIMARY KEY"));
  EXPECT_THAT(plan, Not(HasSubstr("SCAN notes\n")));
}

}  // namespace
}  // namespace moonstone::store
