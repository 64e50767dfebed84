// Moonstone. Licence: see LICENSE.
// Documents go in and come out as they were, and queries find them.

#include <chrono>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "tests/store/conformance/fixture.h"

namespace moonstone::store::conformance {
namespace {

using query::CompareOp;
using query::Direction;
using query::Expr;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kSchema = R"({"tables":{
  "all":{"fields":{
    "text":{"type":"optional","value":{"type":"string"}},
    "number":{"type":"optional","value":{"type":"number"}},
    "int":{"type":"optional","value":{"type":"int64"}},
    "flag":{"type":"optional","value":{"type":"boolean"}},
    "bytes":{"type":"optional","value":{"type":"bytes"}},
    "anything":{"type":"optional","value":{"type":"any"}},
    "nullable":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}},
    "mixed":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"number"},{"type":"boolean"}]}}
  },"indexes":[{"name":"by_text","fields":["text","number"]},
               {"name":"by_anything","fields":["anything"]},
               {"name":"by_flag_and_time","fields":["flag","_creationTime"]}]},
  "required":{"fields":{
    "nothing":{"type":"null"},
    "maybe":{"type":"union","value":[{"type":"number"},{"type":"null"}]},
    "any":{"type":"any"}
  },"indexes":[]}
}})";

class DocumentsTest : public StoreConformanceTest {
 protected:
  void SetUp() override {
    StoreConformanceTest::SetUp();
    apply(kSchema);
  }

  /// The row as it comes back after a commit.
  query::Row round_trip(std::string_view table_name, Object fields) {
    begin();
    insert(table_name, 1, std::move(fields));
    commit();
    const auto reader = reader_at_now();
    ReadBudget budget;
    const auto found = reader->get(table(table_name), id_of(table_name, 1), budget);
    EXPECT_TRUE(found && *found) << message_of(found);
    return found && *found ? **found : query::Row();
  }
};

TEST_P(DocumentsTest, ScalarsComeBackAsTheyWere) {
  const query::Row row = round_trip("all", {{"text", "a\u00e9\U0001F600"},
                                            {"number", 1.5},
                                            {"int", std::int64_t{9007199254740993}},
                                            {"flag", true},
                                            {"bytes", Bytes{std::string("\0\xff", 2)}}});
  EXPECT_EQ(field_of(row, "text"), Value("a\u00e9\U0001F600"));
  EXPECT_EQ(field_of(row, "number"), Value(1.5));
  EXPECT_EQ(field_of(row, "int"), Value(std::int64_t{9007199254740993}));
  EXPECT_EQ(field_of(row, "flag"), Value(true));
  EXPECT_EQ(field_of(row, "bytes"), Value(Bytes{std::string("\0\xff", 2)}));
  EXPECT_EQ(row.id, id_of("all", 1));
  EXPECT_EQ(row.number, 1);
}

TEST_P(DocumentsTest, AbsentAndNullStayApart) {
  const query::Row row = round_trip("all", {{"nullable", nullptr}, {"anything", nullptr}});
  EXPECT_TRUE(field_of(row, "nullable").is_null());
  EXPECT_TRUE(field_of(row, "anything").is_null());
  EXPECT_TRUE(field_of(row, "text").is_undefined());
  EXPECT_TRUE(field_of(row, "mixed").is_undefined());
}

TEST_P(DocumentsTest, RequiredNullsComeBackAsNull) {
  const query::Row row =
      round_trip("required", {{"nothing", nullptr}, {"maybe", nullptr}, {"any", nullptr}});
  EXPECT_TRUE(field_of(row, "nothing").is_null());
  EXPECT_TRUE(field_of(row, "maybe").is_null());
  EXPECT_TRUE(field_of(row, "any").is_null());
}

TEST_P(DocumentsTest, SpecialFloats) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const query::Row row = round_trip(
      "all", {{"number", -kInfinity}, {"mixed", std::nan("")}, {"anything", Array{kInfinity}}});
  EXPECT_EQ(field_of(row, "number"), Value(-kInfinity));
  EXPECT_TRUE(field_of(row, "mixed").is_undefined()) << "NaN is stored as NULL";
  EXPECT_EQ(field_of(row, "anything"), Value(Array{kInfinity}));
}

TEST_P(DocumentsTest, UnionsOfScalarsKeepTheirTypes) {
  begin();
  insert("all", 1, {{"mixed", true}});
  insert("all", 2, {{"mixed", 1.0}});
  insert("all", 3, {{"mixed", "1"}});
  commit();
  const auto reader = reader_at_now();
  const auto rows = select(*reader, all_of("all"));
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(field_of(rows[0], "mixed"), Value(true));
  EXPECT_EQ(field_of(rows[1], "mixed"), Value(1.0));
  EXPECT_EQ(field_of(rows[2], "mixed"), Value("1"));
}

TEST_P(DocumentsTest, NestedValuesKeepOrderAndTags) {
  const Value nested(Object{{"z", 1},
                            {"a", Array{Value(nullptr), Value("x"), Value(Bytes{"\x01"})}},
                            {"$bytes", Object{{"$only", true}}}});
  const query::Row row = round_trip("all", {{"anything", nested}});
  EXPECT_EQ(field_of(row, "anything"), nested);
}

TEST_P(DocumentsTest, TextWithNulIsRefused) {
  begin();
  query::Row bad = row("all", 1, {});
  bad.values[0] = std::string("a\0b", 3);
  const Status refused = writer().insert(bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  EXPECT_THAT(message_of(refused), HasSubstr("\"all\", field \"text\""));
  bad.values[0] = Value();
  bad.values[5] = Object{{std::string("k\0", 2), 1}};
  EXPECT_FALSE(writer().insert(bad));
  EXPECT_TRUE(writer().in_transaction());
}

TEST_P(DocumentsTest, ValuesOutsideTheStoredFormAreRefused) {
  begin();
  query::Row bad = row("all", 1, {});
  bad.values[1] = "text in a number field";
  const Status refused = writer().insert(bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::InvalidArgument);
  EXPECT_THAT(message_of(refused), HasSubstr("field \"number\""));
}

TEST_P(DocumentsTest, IdsAreUnique) {
  begin();
  insert("all", 1, {});
  const Status again = writer().insert(row("all", 1, {}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::AlreadyExists);
  EXPECT_TRUE(writer().in_transaction()) << "only the statement is undone";
  commit();
}

TEST_P(DocumentsTest, UpdateReplacesEveryFieldAndNeedsTheRow) {
  begin();
  insert("all", 1, {{"text", "a"}, {"number", 1.0}});
  EXPECT_TRUE(writer().update(row("all", 1, {{"flag", false}})));
  const Status missing = writer().update(row("all", 2, {}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::NotFound);
  const auto rows = select(writer(), all_of("all"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(field_of(rows[0], "text").is_undefined());
  EXPECT_EQ(field_of(rows[0], "flag"), Value(false));
}

TEST_P(DocumentsTest, EraseTellsWhetherThereWasARow) {
  begin();
  insert("all", 1, {});
  const auto first = writer().erase(table("all"), id_of("all", 1));
  const auto second = writer().erase(table("all"), id_of("all", 1));
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(*first);
  EXPECT_FALSE(*second);
}

TEST_P(DocumentsTest, RowNumbersAreNotUsedTwice) {
  begin();
  insert("all", 1, {});
  insert("all", 2, {});
  ASSERT_TRUE(writer().erase(table("all"), id_of("all", 2)));
  insert("all", 3, {});
  const auto rows = select(writer(), all_of("all"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].number, 3);
}

TEST_P(DocumentsTest, UnknownTablesAreNamed) {
  const auto reader = reader_at_now();
  ReadBudget budget;
  const auto rows = reader->select(all_of("nowhere"), budget);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), ErrorCode::NotFound);
  EXPECT_EQ(rows.error().message(),
            "Table \"nowhere\" is not defined in your schema. Available tables: all, required");
}

TEST_P(DocumentsTest, OrderLimitAndNulls) {
  commit_rows("all", {{{"text", "b"}, {"number", 1.0}},
                      {},
                      {{"text", "a"}},
                      {{"text", "b"}, {"number", -1.0}},
                      {{"text", "\U0001F600"}},
                      {{"text", "\uFFFD"}}});
  const auto reader = reader_at_now();
  query::Query query = all_of("all");
  query.order = {{"text", Direction::Ascending}, {"number", Direction::Descending}};
  const auto numbers = [&] {
    std::vector<std::int64_t> found;
    for (const query::Row& row : select(*reader, query))
      found.push_back(row.number);
    return found;
  };
  EXPECT_THAT(numbers(), ElementsAre(2, 3, 1, 4, 6, 5)) << "null first, text by code point";
  query.order = {{"text", Direction::Descending}};
  query.tie_break = Direction::Descending;
  EXPECT_THAT(numbers(), ElementsAre(5, 6, 4, 1, 3, 2));
  query.limit = 2;
  EXPECT_THAT(numbers(), ElementsAre(5, 6));
  query.limit = 0;
  EXPECT_THAT(numbers(), IsEmpty());
  query.order = {{"_creationTime", Direction::Descending}};
  query.limit.reset();
  EXPECT_THAT(numbers(), ElementsAre(6, 5, 4, 3, 2, 1));
}

TEST_P(DocumentsTest, CreationTimeIsAnOrderedNumber) {
  commit_rows("all", {{}, {}, {}, {}});
  const auto reader = reader_at_now();
  const auto numbers = [&](CompareOp op, Value literal) {
    query::Query query = all_of("all");
    query.where = Expr::compare(op, Expr::make_field("_creationTime"), Expr::make_literal(literal));
    std::vector<std::int64_t> found;
    for (const query::Row& row : select(*reader, query))
      found.push_back(row.number);
    return found;
  };
  const auto second = static_cast<double>(time_of(2));
  EXPECT_THAT(numbers(CompareOp::Eq, second), ElementsAre(2));
  EXPECT_THAT(numbers(CompareOp::Neq, second), ElementsAre(1, 3, 4));
  EXPECT_THAT(numbers(CompareOp::Gt, second), ElementsAre(3, 4));
  EXPECT_THAT(numbers(CompareOp::Gte, second + 0.5), ElementsAre(3, 4));
  EXPECT_THAT(numbers(CompareOp::Lt, second + 0.5), ElementsAre(1, 2));
  EXPECT_THAT(numbers(CompareOp::Lte, time_of(1)), ElementsAre(1));
  EXPECT_THAT(numbers(CompareOp::Eq, second + 0.5), IsEmpty());
  EXPECT_THAT(numbers(CompareOp::Lt, "text"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(numbers(CompareOp::Gt, 1e300), IsEmpty());
  EXPECT_THAT(numbers(CompareOp::Gt, -1e300), ElementsAre(1, 2, 3, 4));
}

TEST_P(DocumentsTest, CountIgnoresOrderAndLimitAndIsCheap) {
  commit_rows("all", std::vector<Object>(1'500, {{"flag", true}}));
  const auto reader = reader_at_now();
  query::Query query = all_of("all");
  query.limit = 1;
  query.where = Expr::compare(CompareOp::Eq, Expr::make_field("flag"), Expr::make_literal(true));
  ReadBudget budget;
  budget.rows_left = 2;
  const auto counted = reader->count(query, budget);
  ASSERT_TRUE(counted) << message_of(counted);
  EXPECT_EQ(*counted, 1'500U);
  EXPECT_EQ(budget.rows_left, 0U);
  EXPECT_EQ(reason_of(reader->count(query, budget)), "read_rows");
}

TEST_P(DocumentsTest, BudgetsEndAtTheirLimit) {
  commit_rows("all", std::vector<Object>(10, {{"text", std::string(1'000, 'x')}}));
  const auto reader = reader_at_now();
  ReadBudget rows;
  rows.rows_left = 10;
  EXPECT_TRUE(reader->select(all_of("all"), rows));
  EXPECT_EQ(rows.rows_left, 0U);
  rows.rows_left = 9;
  EXPECT_EQ(reason_of(reader->select(all_of("all"), rows)), "read_rows");
  ReadBudget bytes;
  bytes.bytes_left = 5'000;
  const auto too_much = reader->select(all_of("all"), bytes);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(too_much.error().reason(), "read_bytes");
  EXPECT_EQ(reason_of(reader->get(table("all"), id_of("all", 1), rows)), "read_rows");
}

TEST_P(DocumentsTest, PassedDeadlinesStopReads) {
  commit_rows("all", {{}});
  const auto reader = reader_at_now();
  ReadBudget budget;
  budget.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  const auto rows = reader->select(all_of("all"), budget);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), ErrorCode::DeadlineExceeded);
  EXPECT_EQ(rows.error().reason(), "read_time");
  EXPECT_EQ(reason_of(reader->count(all_of("all"), budget)), "read_time");
  EXPECT_EQ(reason_of(reader->get(table("all"), "x", budget)), "read_time");
}

TEST_P(DocumentsTest, GreatestId) {
  begin();
  EXPECT_EQ(writer().greatest_id(table("all")).value_or("failed"), "");
  insert("all", 1, {});
  insert("all", 2, {});
  EXPECT_EQ(writer().greatest_id(table("all")).value_or("failed"), id_of("all", 2));
}

TEST_P(DocumentsTest, EverythingSurvivesARestart) {
  commit_rows("all", {{{"text", "kept"}}, {{"nullable", nullptr}}});
  begin();
  EXPECT_TRUE(writer().set_version(7));
  commit();
  reopen();
  const auto reader = reader_at_now();
  const auto rows = select(*reader, all_of("all"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(field_of(rows[0], "text"), Value("kept"));
  EXPECT_TRUE(field_of(rows[1], "nullable").is_null());
  const auto info = reader->begin();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->version, 7U);
  EXPECT_EQ(info->schema_version, 1U);
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Store, DocumentsTest, testing::ValuesIn(databases_under_test()));

}  // namespace moonstone::store::conformance
