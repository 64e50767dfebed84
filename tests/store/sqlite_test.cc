// Moonstone. Licence: see LICENSE.
// What is particular to the store on SQLite: files, locks, other programs, plans, memory.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "query/cursor.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/document_reads.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/query_sql.h"
#include "store/sqlite/internal/scan_log.h"
#include "store/sqlite/internal/sqlite_error.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/other_program.h"
#include "tests/store/support.h"

namespace moonstone::store {
namespace {

using conformance::all_of;
using conformance::field_of;
using conformance::id_of;
using conformance::message_of;
using conformance::reason_of;
using query::CompareOp;
using query::Expr;
using query::ExprPtr;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSchema = R"({"tables":{
  "notes":{"fields":{
    "text":{"type":"string"},
    "rank":{"type":"optional","value":{"type":"number"}},
    "data":{"type":"optional","value":{"type":"any"}},
    "maybe":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}},
    "mixed":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"boolean"}]}}
  },"indexes":[{"name":"by_text","fields":["text","rank"]},{"name":"by_data","fields":["data"]},
               {"name":"by_text_and_time","fields":["text","_creationTime"]},
               {"name":"by_maybe","fields":["maybe"]}]},
  "others":{"fields":{"text":{"type":"string"}},"indexes":[]}
}})";

class SqliteStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    const auto applied =
        writer().apply_schema(conformance::schema_of(kSchema), Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << message_of(applied);
  }
  void open() {
    auto opened = open_sqlite_store({.path = path(), .durability = Durability::Normal});
    ASSERT_TRUE(opened) << message_of(opened);
    store_ = *std::move(opened);
  }
  [[nodiscard]] std::string path() const { return folder_.file("data.db"); }
  Writer& writer() { return store_->writer(); }

  void insert(std::int64_t n, Object fields) {
    const Status inserted = writer().insert(
        conformance::row_of(*writer().schema(), "notes", id_of("notes", n), std::move(fields)));
    ASSERT_TRUE(inserted) << message_of(inserted);
  }
  Writer::Begun begin() {
    auto begun = writer().begin();
    EXPECT_TRUE(begun) << message_of(begun);
    return begun.value_or(Writer::Begun());
  }
  void commit() {
    const Status committed = writer().commit();
    ASSERT_TRUE(committed) << message_of(committed);
  }
  SnapshotInfo snapshot() {
    auto reader = store_->new_reader();
    EXPECT_TRUE(reader) << message_of(reader);
    return (*reader)->begin().value_or(SnapshotInfo());
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteStoreTest, TablesAreReadableByOthers) {
  begin();
  insert(1, {{"text", "a"}, {"rank", 1.5}, {"data", Object{{"x", 1}}}, {"maybe", nullptr}});
  commit();
  OtherProgram other(path());
  EXPECT_EQ(other.text("SELECT sql FROM sqlite_schema WHERE name='notes'"),
            "CREATE TABLE \"notes\"(_row INTEGER PRIMARY KEY,_id TEXT NOT NULL UNIQUE,\"text\" "
            "TEXT,\"rank\" REAL,\"data\" TEXT,\"maybe\" TEXT,\"mixed\" ANY,_null BLOB) STRICT\n");
  EXPECT_EQ(other.text("SELECT text||rank||data||coalesce(maybe,'?')||hex(_null) FROM notes"),
            "a1.5{\"x\":1}?10\n");
  EXPECT_EQ(other.text("SELECT data FROM notes WHERE text='a'"), "{\"x\":1}\n");
  EXPECT_EQ(other.text("PRAGMA journal_mode"), "wal\n");
}

TEST_F(SqliteStoreTest, ASecondProcessIsRefused) {
  const auto second = open_sqlite_store({.path = path()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(second.error().reason(), "locked");
  EXPECT_THAT(second.error().message(), HasSubstr(path()));
  const std::string link = folder_.file("link.db");
  std::filesystem::create_symlink(path(), link);
  EXPECT_EQ(reason_of(open_sqlite_store({.path = link})), "locked");
  store_.reset();
  EXPECT_TRUE(open_sqlite_store({.path = path()}));
}

TEST_F(SqliteStoreTest, OtherFilesAreRefused) {
  const auto missing = open_sqlite_store({.path = folder_.file("no/such/folder.db")});
  EXPECT_EQ(reason_of(missing), "io_error");
  EXPECT_THAT(message_of(missing), HasSubstr("no/such/folder.db"));
  OtherProgram(folder_.file("foreign.db")).run("CREATE TABLE mine(x)");
  const auto foreign = open_sqlite_store({.path = folder_.file("foreign.db")});
  EXPECT_EQ(reason_of(foreign), "foreign_file");
  std::ofstream(folder_.file("text.db")) << std::string(10'000, 'x');
  const auto text = open_sqlite_store({.path = folder_.file("text.db")});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), ErrorCode::Corruption);
  OtherProgram(path()).run("UPDATE _moonstone_meta SET format=3");
  store_.reset();
  const auto newer = open_sqlite_store({.path = path()});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code(), ErrorCode::FailedPrecondition);
  EXPECT_EQ(newer.error().reason(), "newer_format");
}

TEST_F(SqliteStoreTest, WritesOfOthersChangeTheEpoch) {
  begin();
  insert(1, {{"text", "a"}});
  commit();
  const SnapshotInfo before = snapshot();
  EXPECT_FALSE(begin().outside_change);
  writer().rollback();
  OtherProgram(path()).run("INSERT INTO others(_row,_id,text) VALUES(10,'others:x','y')");
  EXPECT_TRUE(begin().outside_change);
  writer().rollback();
  EXPECT_EQ(snapshot().epoch, before.epoch);
  EXPECT_TRUE(begin().outside_change) << "until a transaction has written the new epoch";
  ASSERT_TRUE(writer().insert(
      conformance::row_of(*writer().schema(), "others", id_of("others", 1), {{"text", "b"}})));
  commit();
  EXPECT_EQ(snapshot().epoch, before.epoch + 1);
  EXPECT_FALSE(begin().outside_change);
  ReadBudget budget;
  const auto rows = writer().select(all_of("others"), budget);
  ASSERT_TRUE(rows) << message_of(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[1].number, 11) << "row numbers go on behind the other program's";
}

TEST_F(SqliteStoreTest, TriggersOfOthersAreCaptured) {
  begin();
  insert(1, {{"text", "a"}});
  commit();
  OtherProgram(path()).run(
      "CREATE TRIGGER t AFTER UPDATE OF text ON notes BEGIN "
      "INSERT INTO others(_id,text) VALUES('others:'||new.text,old.text);"
      "UPDATE notes SET _row=77 WHERE _id=new._id; END");
  begin();
  const auto mark = writer().mark();
  ASSERT_TRUE(mark);
  const Status updated = writer().update(
      conformance::row_of(*writer().schema(), "notes", id_of("notes", 1), {{"text", "b"}}));
  ASSERT_TRUE(updated) << message_of(updated);
  const auto changes = writer().changes_since(*mark);
  ASSERT_TRUE(changes) << message_of(changes);
  ASSERT_EQ(changes->size(), 3U);
  EXPECT_EQ((*changes)[0].key, id_of("notes", 1));
  EXPECT_FALSE((*changes)[0].after) << "its row number went";
  EXPECT_EQ((*changes)[1].key, "others:b");
  EXPECT_EQ(field_of(*(*changes)[1].after, "text"), Value("a"));
  EXPECT_EQ((*changes)[2].key, id_of("notes", 1));
  EXPECT_EQ((*changes)[2].after->number, 77);
}

TEST_F(SqliteStoreTest, AnInterruptedReadKeepsTheTransaction) {
  begin();
  for (std::int64_t n = 1; n <= 3'000; ++n)
    insert(n, {{"text", "a"}, {"data", Array{1, 2, 3}}});
  // No index serves this, and JSON is parsed for every row: it runs until it is stopped.
  query::Query slow = all_of("notes");
  slow.where = Expr::compare(CompareOp::Eq, Expr::make_field("data.x"), Expr::make_literal(1));
  for (int i = 0; i < 6; ++i) {
    slow.where = Expr::any_of({slow.where, Expr::negate(Expr::negate(slow.where))});
  }
  ReadBudget budget;
  budget.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
  const auto stopped = writer().select(slow, budget);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::DeadlineExceeded);
  EXPECT_EQ(stopped.error().reason(), "read_time");
  EXPECT_TRUE(writer().in_transaction());
  insert(3'001, {{"text", "b"}});
  commit();
  auto reader = store_->new_reader();
  ASSERT_TRUE(reader && (*reader)->begin());
  ReadBudget enough;
  EXPECT_EQ((*reader)->count(all_of("notes"), enough).value_or(0), 3'001U);
}

TEST_F(SqliteStoreTest, ADamagedDocumentIsNamed) {
  begin();
  insert(1, {{"text", "a"}});
  commit();
  OtherProgram(path()).run("DROP INDEX \"notes.by_data\"; UPDATE notes SET data='{broken'");
  auto reader = store_->new_reader();
  ASSERT_TRUE(reader && (*reader)->begin());
  ReadBudget budget;
  const auto rows = (*reader)->select(all_of("notes"), budget);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), ErrorCode::Corruption);
  EXPECT_THAT(rows.error().message(), HasSubstr("table \"notes\", field \"data\""));
}

TEST(SqliteErrorTest, CodesMapToErrors) {
  struct Case {
    int code;
    ErrorCode expected;
    std::string_view reason;
  };
  for (const Case& c :
       std::vector<Case>{{SQLITE_FULL, ErrorCode::Unavailable, "disk_full"},
                         {SQLITE_IOERR_FSYNC, ErrorCode::Unavailable, "io_error"},
                         {SQLITE_CANTOPEN, ErrorCode::Unavailable, "io_error"},
                         {SQLITE_READONLY, ErrorCode::Unavailable, "read_only"},
                         {SQLITE_BUSY_SNAPSHOT, ErrorCode::Unavailable, "busy"},
                         {SQLITE_LOCKED, ErrorCode::Unavailable, "busy"},
                         {SQLITE_NOMEM, ErrorCode::Unavailable, "out_of_memory"},
                         {SQLITE_INTERRUPT, ErrorCode::DeadlineExceeded, "read_time"},
                         {SQLITE_CORRUPT, ErrorCode::Corruption, "corrupt"},
                         {SQLITE_NOTADB, ErrorCode::Corruption, "corrupt"},
                         {SQLITE_TOOBIG, ErrorCode::LimitExceeded, "too_big"},
                         {SQLITE_CONSTRAINT_UNIQUE, ErrorCode::AlreadyExists, "constraint"},
                         {SQLITE_ERROR, ErrorCode::Internal, "sqlite"}}) {
    const Error error = sqlite::sqlite_error(nullptr, c.code, "test");
    EXPECT_EQ(error.code(), c.expected) << c.code;
    EXPECT_EQ(error.reason(), c.reason) << c.code;
  }
}

/// What SQLite would do for a query.
class PlanTest : public SqliteStoreTest {
 protected:
  void SetUp() override {
    SqliteStoreTest::SetUp();
    auto connection = sqlite::Connection::open({.path = path()}, sqlite::Connection::Role::Reader);
    ASSERT_TRUE(connection);
    connection_ = *std::move(connection);
    layout_ = sqlite::make_layout(writer().schema(), 1);
  }

  std::string plan(const query::Query& query) {
    const auto sql = sqlite::select_sql(*layout_->find("notes"), query);
    EXPECT_TRUE(sql) << message_of(sql);
    auto explain = connection_->prepare("EXPLAIN QUERY PLAN " + sql->text);
    EXPECT_TRUE(explain) << sql->text << ": " << message_of(explain);
    std::string plan;
    while (explain->step("explain").value_or(false))
      plan += std::string(explain->text(3)) + "; ";
    return plan;
  }
  static ExprPtr compare(std::string_view field, CompareOp op, Value literal) {
    return Expr::compare(op, Expr::make_field(field), Expr::make_literal(std::move(literal)));
  }
  std::string plan_where(ExprPtr where) {
    query::Query query = all_of("notes");
    query.where = std::move(where);
    return plan(query);
  }

  std::unique_ptr<sqlite::Connection> connection_;
  sqlite::LayoutPtr layout_;
};

TEST_F(PlanTest, IndexesServeComparisonsOfTheirClass) {
  EXPECT_THAT(plan_where(compare("text", CompareOp::Eq, "a")), HasSubstr("notes.by_text"));
  query::Query ordered = all_of("notes");
  ordered.where = compare("text", CompareOp::Gte, "a");
  ordered.order = {{"text", query::Direction::Ascending}};
  EXPECT_THAT(plan(ordered), HasSubstr("(text>?)"));
  EXPECT_THAT(plan_where(compare("text", CompareOp::Eq, nullptr)), HasSubstr("notes.by_text"));
  EXPECT_THAT(plan_where(Expr::in(Expr::make_field("text"), {"a", "b", "c"})),
              HasSubstr("notes.by_text"));
  EXPECT_THAT(plan_where(compare("data", CompareOp::Eq, 1)), HasSubstr("notes.by_data"));
  EXPECT_THAT(plan_where(compare("_id", CompareOp::Eq, "notes:x")), HasSubstr("(_id=?)"));
  EXPECT_THAT(plan_where(compare("_creationTime", CompareOp::Gt, 5)), HasSubstr("(_id>?)"));
}

TEST_F(PlanTest, AnIndexGivesItsOrder) {
  query::Query query = all_of("notes");
  ASSERT_TRUE(query::apply_index(*writer().schema()->find_table("notes"), "by_text",
                                 {{CompareOp::Eq, "text", "a"}, {CompareOp::Gt, "rank", 1.0}},
                                 query::Direction::Descending, query));
  EXPECT_THAT(plan(query), HasSubstr("notes.by_text"));
  EXPECT_THAT(plan(query), Not(HasSubstr("TEMP B-TREE")));
  query = all_of("notes");
  ASSERT_TRUE(query::apply_index(*writer().schema()->find_table("notes"), "by_text_and_time",
                                 {{CompareOp::Eq, "text", "a"}}, query::Direction::Descending,
                                 query));
  EXPECT_THAT(plan(query), Not(HasSubstr("TEMP B-TREE")));
  query = all_of("notes");
  ASSERT_TRUE(query::apply_index(*writer().schema()->find_table("notes"), "by_creation_time",
                                 {{CompareOp::Gt, "_creationTime", 5.0}},
                                 query::Direction::Descending, query));
  EXPECT_THAT(plan(query), HasSubstr("(_id>?)"));
  EXPECT_THAT(plan(query), Not(HasSubstr("TEMP B-TREE")));
  query = all_of("notes");
  ASSERT_TRUE(query::apply_index(*writer().schema()->find_table("notes"), "by_data", {},
                                 query::Direction::Ascending, query));
  EXPECT_THAT(plan(query), Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(PlanTest, TheNewestOfAChannelNeedNoSort) {
  // The commonest query of all, with and without naming the index.
  query::Query query = all_of("notes");
  query.where = compare("text", CompareOp::Eq, "general");
  query.tie_break = query::Direction::Descending;
  query.limit = 10;
  EXPECT_THAT(plan(query), HasSubstr("notes.by_text_and_time"));
  EXPECT_THAT(plan(query), Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(PlanTest, TheNextPageBeginsWhereTheLastEnded) {
  const auto next_page = [&](query::Query query) {
    query::Row last = conformance::row_of(*writer().schema(), "notes", id_of("notes", 7),
                                          {{"text", "a"}, {"rank", 2.0}});
    last.number = 7;
    const auto cursor = query::make_cursor(query, std::vector<query::Row>{last}, "secret");
    EXPECT_TRUE(cursor);
    EXPECT_TRUE(query::apply_cursor(cursor.value_or(""), "secret", query));
    query.limit = 10;
    return plan(query);
  };
  for (const auto direction : {query::Direction::Ascending, query::Direction::Descending}) {
    query::Query query = all_of("notes");
    query.tie_break = direction;
    EXPECT_THAT(next_page(query), HasSubstr("SEARCH"));
    EXPECT_THAT(next_page(query), Not(HasSubstr("TEMP B-TREE")));
    // One index over the field alone, one that goes on to the time.
    query.where = compare("maybe", CompareOp::Eq, "general");
    EXPECT_THAT(next_page(query), testing::ContainsRegex("by_maybe .maybe=. AND rowid[<>]."));
    EXPECT_THAT(next_page(query), Not(HasSubstr("TEMP B-TREE")));
    query.where = Expr::all_of({query.where, compare("rank", CompareOp::Eq, 1.0)});
    EXPECT_THAT(next_page(query), testing::ContainsRegex("by_maybe .maybe=. AND rowid[<>]."));
    EXPECT_THAT(next_page(query), Not(HasSubstr("TEMP B-TREE")));
    query.where = compare("text", CompareOp::Eq, "general");
    EXPECT_THAT(next_page(query), testing::ContainsRegex("by_text_and_time .text=. AND _id[<>]."));
    EXPECT_THAT(next_page(query), Not(HasSubstr("TEMP B-TREE")));
  }
  query::Query by_rank = all_of("notes");
  by_rank.where = compare("text", CompareOp::Eq, "general");
  by_rank.order = {{.field = "rank"}};
  EXPECT_THAT(next_page(by_rank), HasSubstr("by_text (text=? AND rank>?)"));
  EXPECT_THAT(next_page(by_rank), Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(PlanTest, APinnedPageEndsWhereItsCursorIs) {
  const auto pinned_plans = [&](const query::Query& query) {
    query::Row last = conformance::row_of(*writer().schema(), "notes", id_of("notes", 7),
                                          {{"text", "a"}, {"rank", 2.0}});
    last.number = 7;
    const auto cursor = query::make_cursor(query, std::vector<query::Row>{last}, "secret");
    EXPECT_TRUE(cursor);
    const auto parts =
        query::range_between({.start = "", .end = cursor.value_or("")}, "secret", query);
    EXPECT_TRUE(parts);
    std::string plans;
    for (const query::Query& part : *parts)
      plans += plan(part);
    return plans;
  };
  query::Query query = all_of("notes");
  EXPECT_THAT(pinned_plans(query), HasSubstr("(_id<?)"));
  query.where = compare("text", CompareOp::Eq, "general");
  EXPECT_THAT(pinned_plans(query), HasSubstr("(text=? AND _id<?)"));
  query.order = {{.field = "rank"}};
  EXPECT_THAT(pinned_plans(query), HasSubstr("by_text (text=? AND rank<?)"));
  EXPECT_THAT(pinned_plans(query), HasSubstr("by_text (text=? AND rank=?"));
  EXPECT_THAT(pinned_plans(query), Not(HasSubstr("TEMP B-TREE")));
}

TEST_F(PlanTest, OneShapeIsCompiledOnce) {
  const sqlite::TableLayout& notes = *layout_->find("notes");
  const auto text_of = [&](const ExprPtr& where) {
    query::Query query = all_of("notes");
    query.where = where;
    query.limit = 10;
    return sqlite::select_sql(notes, query)->text;
  };
  EXPECT_EQ(text_of(compare("text", CompareOp::Eq, "a")),
            text_of(compare("text", CompareOp::Eq, "'; DROP TABLE notes; --")));
  EXPECT_EQ(text_of(compare("rank", CompareOp::Gt, 1)),
            text_of(compare("rank", CompareOp::Gt, 2.5)));
  EXPECT_EQ(text_of(Expr::in(Expr::make_field("text"), {"a", "b", "c"})),
            text_of(Expr::in(Expr::make_field("text"), {"d", "e", "f", "g"})));
  const std::uint64_t before = connection_->statements().compiled();
  for (int i = 0; i < 3; ++i) {
    const auto statement = connection_->prepare(text_of(compare("text", CompareOp::Eq, "a")));
    EXPECT_TRUE(statement) << message_of(statement);
  }
  EXPECT_EQ(connection_->statements().compiled(), before + 1);
}

TEST_F(PlanTest, AThousandArgumentsCompileOneStatement) {
  sqlite::ScanLog scans;
  sqlite::DocumentReads reads(*connection_, scans);
  reads.use_layout(layout_);
  const auto query_of = [](int i) {
    query::Query query = all_of("notes");
    Array texts;
    for (int k = 0; k < 5 + i % 4; ++k)  // lists are filled up to powers of two
      texts.emplace_back("text " + std::to_string(i + k));
    query.where =
        Expr::all_of({Expr::in(Expr::make_field("text"), std::move(texts)),
                      compare("rank", CompareOp::Gte, i), compare("rank", CompareOp::Lt, i + 0.5),
                      compare("_creationTime", CompareOp::Gt, 1'000 * i)});
    query.order = {{"rank", query::Direction::Descending}};
    query.limit = static_cast<std::uint64_t>(i + 1);
    return query;
  };
  const std::uint64_t before = connection_->statements().compiled();
  for (int i = 0; i < 1'000; ++i) {
    ReadBudget budget;
    const auto rows = reads.select(query_of(i), budget);
    ASSERT_TRUE(rows) << message_of(rows);
    const auto count = reads.count(query_of(i), budget);
    ASSERT_TRUE(count) << message_of(count);
    const auto document =
        reads.get(*layout_->schema->find_table("notes"), id_of("notes", i), budget);
    ASSERT_TRUE(document) << message_of(document);
  }
  EXPECT_EQ(connection_->statements().compiled(), before + 3)
      << "one each to select, count and get";
}

TEST_F(PlanTest, TheStatementCacheIsBounded) {
  for (std::size_t i = 0; i < 3 * sqlite::kStatementsMax; ++i) {
    const auto statement = connection_->prepare("SELECT " + std::to_string(i));
    ASSERT_TRUE(statement) << message_of(statement);
  }
  EXPECT_EQ(connection_->statements().size(), sqlite::kStatementsMax);
  const auto outer = connection_->prepare("SELECT 0");
  ASSERT_TRUE(outer);
  EXPECT_FALSE(connection_->prepare("SELECT 0")) << "in use";
}

TEST_F(PlanTest, LongChainsStayShallow) {
  std::vector<ExprPtr> many;
  for (int i = 0; i < 600; ++i)
    many.push_back(compare("rank", CompareOp::Eq, i));
  EXPECT_NE(plan_where(Expr::any_of(many)), "");
  EXPECT_NE(plan_where(Expr::negate(Expr::all_of(many))), "");
}

TEST_F(SqliteStoreTest, ReadsOfWholeTablesAreNoted) {
  begin();
  for (std::int64_t n = 1; n <= 2'000; ++n)
    insert(n, {{"text", std::to_string(n)}, {"rank", static_cast<double>(n)}});
  commit();
  const auto reader = store_->new_reader();
  ASSERT_TRUE(reader);
  ASSERT_TRUE((*reader)->begin());
  const auto count_where = [&](std::string_view field, CompareOp op, Value value) {
    query::Query query{.table = "notes", .where = nullptr, .order = {}, .limit = {}};
    query.where = Expr::compare(op, Expr::make_field(field), Expr::make_literal(std::move(value)));
    ReadBudget budget;
    EXPECT_TRUE((*reader)->count(query, budget));
    EXPECT_TRUE((*reader)->select(query, budget));
  };
  count_where("text", CompareOp::Eq, "7");    // has an index
  count_where("rank", CompareOp::Gt, 100.0);  // finds most of what it reads
  EXPECT_TRUE(store_->table_scans().empty());
  count_where("rank", CompareOp::Eq, 7.0);
  const auto scans = store_->table_scans();
  ASSERT_EQ(scans.size(), 1U);
  EXPECT_EQ(scans[0].table, "notes");
  EXPECT_EQ(scans[0].fields, std::vector<std::string>{"rank"});
  EXPECT_EQ(scans[0].runs, 2U);
  EXPECT_EQ(scans[0].rows_found, 2U);
  EXPECT_GE(scans[0].rows_read, 3'998U);
  // Whoever is stopped for its slowness lacks the index most.
  query::Query few{.table = "notes", .where = nullptr, .order = {}, .limit = {}};
  few.where = Expr::compare(CompareOp::Gt, Expr::make_field("rank"), Expr::make_literal(1'990.0));
  ReadBudget budget{.rows_left = 3};
  EXPECT_FALSE((*reader)->select(few, budget));
  EXPECT_EQ(store_->table_scans()[0].runs, 3U);
}

TEST_F(SqliteStoreTest, ExplainsHowAQueryIsRead) {
  begin();
  for (std::int64_t n = 1; n <= 300; ++n)
    insert(n, {{"text", std::to_string(n)}, {"rank", static_cast<double>(n)}});
  commit();
  const auto plan_of = [&](std::string_view field, Value value, ReadKind kind) {
    query::Query query{.table = "notes", .where = nullptr, .order = {}, .limit = {}};
    query.where =
        Expr::compare(CompareOp::Eq, Expr::make_field(field), Expr::make_literal(std::move(value)));
    return store_->explain_query(query, kind).value_or(ReadPlan());
  };
  const ReadPlan by_index = plan_of("text", "a secret value", ReadKind::Rows);
  EXPECT_THAT(by_index.index, testing::StartsWith("by_text"));  // either serves
  EXPECT_FALSE(by_index.is_scan);
  EXPECT_EQ(by_index.rows_stepped, 0U);
  EXPECT_THAT(by_index.sql, Not(HasSubstr("secret")));
  EXPECT_EQ(plan_of("_id", id_of("notes", 7), ReadKind::Rows).index, "_id");

  for (const ReadKind kind : {ReadKind::Rows, ReadKind::Count}) {
    const ReadPlan scan = plan_of("rank", 7.0, kind);
    EXPECT_TRUE(scan.is_scan);
    EXPECT_EQ(scan.index, "");
    EXPECT_GE(scan.rows_stepped, 299U);
    EXPECT_FALSE(scan.steps.empty());
  }
  query::Query sorted{.table = "notes", .where = nullptr, .order = {{.field = "rank"}}, .limit = 3};
  EXPECT_TRUE(store_->explain_query(sorted, ReadKind::Rows).value_or(ReadPlan()).sorts);
  sorted.order = {{.field = "text"}, {.field = "rank"}};
  EXPECT_FALSE(store_->explain_query(sorted, ReadKind::Rows).value_or(ReadPlan()).sorts);
  query::Query unknown{.table = "nope", .where = nullptr, .order = {}, .limit = {}};
  EXPECT_THAT(message_of(store_->explain_query(unknown, ReadKind::Rows)), HasSubstr("nope"));
}

TEST_F(SqliteStoreTest, AnOpenDatabaseIsSmall) {
  // Design decision 20: at most 2 MiB for an open database, two readers and their caches included.
  begin();
  for (std::int64_t n = 1; n <= 5'000; ++n)
    insert(n, {{"text", "some text"}, {"rank", 1.0}});
  commit();
  ASSERT_TRUE(writer().checkpoint());
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 2; ++i) {
    auto reader = store_->new_reader();
    ASSERT_TRUE(reader && (*reader)->begin());
    ReadBudget budget;
    ASSERT_TRUE((*reader)->select(all_of("notes"), budget));
    (*reader)->end();
    readers.push_back(*std::move(reader));
  }
  EXPECT_LT(sqlite3_memory_used(), 2 * 1024 * 1024 + 512 * 1024);
}

}  // namespace
}  // namespace moonstone::store
