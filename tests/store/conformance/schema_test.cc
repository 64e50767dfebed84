// Moonstone. Licence: see LICENSE.
// Schema changes in place: what is accepted, what is refused, what readers see.

#include <gmock/gmock.h>

#include "tests/store/conformance/fixture.h"

namespace moonstone::store::conformance {
namespace {

using query::CompareOp;
using query::Expr;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kOneField = R"({"tables":{"tasks":{"fields":{
  "text":{"type":"string"}},"indexes":[{"name":"by_text","fields":["text"]}]}}})";

/// SchemaJSON of the table "tasks" with the given fields and, over "text", an index.
std::string tasks(std::string_view fields, std::string_view indexes = "") {
  return R"({"tables":{"tasks":{"fields":{)" + std::string(fields) + R"(},"indexes":[)" +
         std::string(indexes) + "]}}}";
}

class SchemaTest : public StoreConformanceTest {
 protected:
  Result<Writer::SchemaOutcome> try_apply(std::string_view json,
                                          Writer::AllowDataLoss allow = Writer::AllowDataLoss::No) {
    return writer().apply_schema(schema_of(json), allow);
  }

  std::vector<Value> values_of(std::string_view field) {
    std::vector<Value> values;
    for (const query::Row& row : select(*reader_at_now(), all_of("tasks"))) {
      values.push_back(field_of(row, field));
    }
    return values;
  }
};

TEST_P(SchemaTest, AFreshDatabaseHasNoTables) {
  EXPECT_THAT(schema()->tables, IsEmpty());
  const auto reader = reader_at_now();
  EXPECT_THAT(reader->schema()->tables, IsEmpty());
}

TEST_P(SchemaTest, VersionsRiseOnlyWithChanges) {
  auto outcome = try_apply(kOneField);
  ASSERT_TRUE(outcome) << message_of(outcome);
  EXPECT_EQ(outcome->schema_version, 1U);
  EXPECT_EQ(outcome->diff.changes.size(), 1U);
  outcome = try_apply(kOneField);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->schema_version, 1U);
  EXPECT_TRUE(outcome->diff.empty());
  reopen();
  EXPECT_NE(schema()->find_table("tasks"), nullptr);
  outcome = try_apply(kOneField);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->schema_version, 1U);
}

TEST_P(SchemaTest, ACheckSaysWhatAChangeWouldMeetAndChangesNothing) {
  apply(kOneField);
  commit_rows("tasks", {{{"text", "a"}}, {{"text", "b"}}});
  const schema::SchemaPtr before = schema();

  auto check = writer().check_schema(schema_of(R"({"tables":{"tasks":{"fields":{
      "text":{"type":"number"},"due":{"type":"string"}},"indexes":[]},
      "people":{"fields":{"name":{"type":"string"}},"indexes":[]}}})"));
  ASSERT_TRUE(check) << message_of(check);
  EXPECT_EQ(check->diff.changes.size(), 4U);  // an index goes, a type changes, two things come
  EXPECT_THAT(check->losses, IsEmpty());
  EXPECT_THAT(check->violations,
              ElementsAre(HasSubstr("field \"text\": 2 rows do not fit the new type"),
                          HasSubstr("field \"due\": 2 rows lack the new required field")));

  check = writer().check_schema(schema_of(R"({"tables":{}})"));
  ASSERT_TRUE(check) << message_of(check);
  EXPECT_THAT(check->losses, ElementsAre("table \"tasks\" (2 rows)"));
  EXPECT_THAT(check->violations, IsEmpty());

  EXPECT_FALSE(writer().in_transaction());
  EXPECT_EQ(schema(), before);
  EXPECT_THAT(values_of("text"), ElementsAre(Value("a"), Value("b")));
  begin();
  EXPECT_TRUE(writer().insert(row("tasks", 3, {{"text", "c"}})));
  commit();
  EXPECT_THAT(values_of("text"), ElementsAre(Value("a"), Value("b"), Value("c")));
}

TEST_P(SchemaTest, OptionalFieldsAndIndexesComeAndGo) {
  apply(kOneField);
  commit_rows("tasks", {{{"text", "a"}}, {{"text", "b"}}});
  apply(tasks(R"("text":{"type":"string"},
                 "done":{"type":"optional","value":{"type":"boolean"}})",
              R"({"name":"by_done","fields":["done","text"]})"));
  EXPECT_THAT(values_of("done"), ElementsAre(Value(), Value()));
  begin();
  const Mark start = *writer().mark();
  EXPECT_TRUE(writer().update(row("tasks", 1, {{"text", "a"}, {"done", true}})));
  const auto changes = writer().changes_since(start);
  ASSERT_TRUE(changes && changes->size() == 1);
  EXPECT_EQ(field_of(*(*changes)[0].after, "done"), Value(true)) << "columns moved, images did not";
  EXPECT_EQ(field_of(*(*changes)[0].after, "text"), Value("a"));
  commit();
  EXPECT_THAT(values_of("done"), ElementsAre(Value(true), Value()));
  EXPECT_THAT(values_of("text"), ElementsAre(Value("a"), Value("b")));
}

TEST_P(SchemaTest, FieldOrderFollowsTheSchema) {
  apply(tasks(R"("a":{"type":"string"},"b":{"type":"string"})"));
  commit_rows("tasks", {{{"a", "1"}, {"b", "2"}}});
  const auto outcome = try_apply(tasks(R"("b":{"type":"string"},"a":{"type":"string"})"));
  ASSERT_TRUE(outcome) << message_of(outcome);
  const auto rows = select(*reader_at_now(), all_of("tasks"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].table->fields[0].name, "b");
  EXPECT_EQ(rows[0].values[0], Value("2"));
  EXPECT_EQ(rows[0].values[1], Value("1"));
}

TEST_P(SchemaTest, WideningRewritesValues) {
  apply(tasks(R"("v":{"type":"string"})", R"({"name":"by_v","fields":["v"]})"));
  std::vector<Object> rows(1'200, {{"v", "x"}});
  rows[7] = {{"v", "seven"}};
  commit_rows("tasks", rows);
  // Text column to mixed, to JSON, and back.
  const char* const kTypes[] = {
      R"({"type":"union","value":[{"type":"string"},{"type":"number"}]})", R"({"type":"any"})",
      R"({"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}})",
      R"({"type":"string"})"};
  for (const char* type : kTypes) {
    const auto outcome =
        try_apply(tasks(std::string("\"v\":") + type, R"({"name":"by_v","fields":["v"]})"));
    ASSERT_TRUE(outcome) << type << ": " << message_of(outcome);
    const auto reader = reader_at_now();
    query::Query query = all_of("tasks");
    query.where = Expr::compare(CompareOp::Eq, Expr::make_field("v"), Expr::make_literal("seven"));
    const auto found = select(*reader, query);
    ASSERT_EQ(found.size(), 1U) << type;
    EXPECT_EQ(found[0].number, 8);
    EXPECT_EQ(select(*reader, all_of("tasks")).size(), 1'200U);
  }
}

TEST_P(SchemaTest, NullAndAbsentKeepTheirMeaningThroughTypeChanges) {
  constexpr std::string_view kNullable =
      R"({"type":"union","value":[{"type":"string"},{"type":"null"}]})";
  apply(tasks("\"v\":" + std::string(kNullable)));
  commit_rows("tasks", {{{"v", nullptr}}, {{"v", "x"}}});
  // Required null is SQL NULL; beside absent it needs its mark.
  apply(tasks(R"("v":{"type":"optional","value":)" + std::string(kNullable) + "}"));
  EXPECT_THAT(values_of("v"), ElementsAre(Value(nullptr), Value("x")));
  apply(tasks(R"("v":{"type":"optional","value":{"type":"any"}})"));
  EXPECT_THAT(values_of("v"), ElementsAre(Value(nullptr), Value("x")));
  const auto refused = try_apply(tasks(R"("v":{"type":"optional","value":{"type":"string"}})"));
  EXPECT_EQ(reason_of(refused), "schema_violation");
  EXPECT_THAT(values_of("v"), ElementsAre(Value(nullptr), Value("x")));
}

TEST_P(SchemaTest, ViolationsNameTableFieldAndIds) {
  apply(tasks(R"("status":{"type":"string"},"ok":{"type":"any"})"));
  commit_rows("tasks", std::vector<Object>(12, {{"status", "open"}, {"ok", 1}}));
  const auto refused = try_apply(tasks(R"("status":{"type":"boolean"},"ok":{"type":"string"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::FailedPrecondition);
  EXPECT_EQ(refused.error().reason(), "schema_violation");
  EXPECT_THAT(refused.error().message(),
              HasSubstr("table \"tasks\", field \"status\": 12 rows do not fit the new type "
                        "(Expected boolean, got string): " +
                        id_of("tasks", 1) + ", " + id_of("tasks", 2)));
  EXPECT_THAT(refused.error().message(), HasSubstr(id_of("tasks", 5) + " (first 5)"));
  EXPECT_THAT(refused.error().message(), testing::Not(HasSubstr(id_of("tasks", 6))));
  EXPECT_THAT(refused.error().message(), HasSubstr("field \"ok\": 12 rows")) << "all are named";
  EXPECT_FALSE(writer().in_transaction());
  EXPECT_EQ(values_of("status").size(), 12U);
  commit_rows("tasks", {});
}

TEST_P(SchemaTest, NewRequiredFieldsNeedAnEmptyTable) {
  apply(kOneField);
  const std::string wider = tasks(R"("text":{"type":"string"},"owner":{"type":"string"})");
  apply(wider);
  apply(kOneField);
  commit_rows("tasks", {{{"text", "a"}}});
  const auto refused = try_apply(wider);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "schema_violation");
  EXPECT_THAT(refused.error().message(),
              HasSubstr("table \"tasks\", field \"owner\": 1 row lacks the new required field: " +
                        id_of("tasks", 1) + ". Make it optional"));
}

TEST_P(SchemaTest, DataIsNeverDroppedSilently) {
  constexpr std::string_view kFull = R"({"tables":{
    "tasks":{"fields":{"text":{"type":"string"},"note":{"type":"optional","value":{"type":"string"}},
                       "unused":{"type":"optional","value":{"type":"string"}}},"indexes":[]},
    "gone":{"fields":{"x":{"type":"number"}},"indexes":[]},
    "empty":{"fields":{"x":{"type":"number"}},"indexes":[]}}})";
  apply(kFull);
  commit_rows("tasks", {{{"text", "a"}, {"note", "n"}}, {{"text", "b"}}});
  commit_rows("gone", {{{"x", 1.0}}, {{"x", 2.0}}});
  const auto refused = try_apply(kOneField);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::FailedPrecondition);
  EXPECT_EQ(refused.error().reason(), "data_loss");
  EXPECT_EQ(refused.error().message(),
            "the new schema would delete data: field \"tasks.note\" (1 value), table \"gone\" (2 "
            "rows). Pass --accept-data-loss to accept that");
  EXPECT_EQ(schema()->tables.size(), 3U);
  apply(kOneField, Writer::AllowDataLoss::Yes);
  EXPECT_EQ(schema()->tables.size(), 1U);
  EXPECT_THAT(values_of("text"), ElementsAre(Value("a"), Value("b")));
  reopen();
  EXPECT_THAT(values_of("text"), ElementsAre(Value("a"), Value("b")));
}

TEST_P(SchemaTest, EmptyTablesAndFieldsGoSilently) {
  apply(tasks(R"("text":{"type":"string"},"note":{"type":"optional","value":{"type":"string"}})"));
  commit_rows("tasks", {{{"text", "a"}}});
  const auto outcome = try_apply(kOneField);
  EXPECT_TRUE(outcome) << message_of(outcome);
  EXPECT_THAT(values_of("text"), ElementsAre(Value("a")));
}

TEST_P(SchemaTest, NamesThatDifferInCaseOnly) {
  apply(tasks(R"("title":{"type":"optional","value":{"type":"string"}})"));
  apply(tasks(R"("Title":{"type":"optional","value":{"type":"number"}})"));
  commit_rows("tasks", {{{"Title", 1.5}}});
  EXPECT_THAT(values_of("Title"), ElementsAre(Value(1.5)));
  apply(R"({"tables":{"TASKS":{"fields":{"x":{"type":"number"}},"indexes":[]}}})",
        Writer::AllowDataLoss::Yes);
  EXPECT_NE(schema()->find_table("TASKS"), nullptr);
}

TEST_P(SchemaTest, AwkwardNames) {
  apply(R"({"tables":{
    "sqlite_things":{"fields":{"x":{"type":"number"}},"indexes":[{"name":"i","fields":["x"]}]},
    "select":{"fields":{"from":{"type":"string"},"rowid":{"type":"number"},"a-b":{"type":"number"},
              "$x":{"type":"number"},"\u00e9t\u00e9":{"type":"number"}},
              "indexes":[{"name":"where","fields":["from","rowid"]}]},
    "a":{"fields":{"x":{"type":"number"}},"indexes":[{"name":"b__c","fields":["x"]}]},
    "a__b":{"fields":{"x":{"type":"number"}},"indexes":[{"name":"c","fields":["x"]}]}}})");
  commit_rows("select",
              {{{"from", "x"}, {"rowid", 7.0}, {"a-b", 1.0}, {"$x", 2.0}, {"\u00e9t\u00e9", 3.0}}});
  commit_rows("sqlite_things", {{{"x", 1.0}}});
  const auto reader = reader_at_now();
  const auto rows = select(*reader, all_of("select"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].number, 1);
  EXPECT_EQ(field_of(rows[0], "rowid"), Value(7.0));
  EXPECT_EQ(field_of(rows[0], "\u00e9t\u00e9"), Value(3.0));
  EXPECT_EQ(select(*reader, all_of("sqlite_things")).size(), 1U);
}

TEST_P(SchemaTest, OldSnapshotsKeepTheirSchema) {
  apply(tasks(R"("text":{"type":"string"},"note":{"type":"optional","value":{"type":"string"}})"));
  commit_rows("tasks", {{{"text", "a"}, {"note", "n"}}});
  const auto reader = reader_at_now();
  const schema::SchemaPtr old_schema = reader->schema();
  ASSERT_EQ(select(*reader, all_of("tasks")).size(), 1U);
  apply(tasks(R"("text":{"type":"any"},"more":{"type":"optional","value":{"type":"number"}})"),
        Writer::AllowDataLoss::Yes);
  const auto rows = select(*reader, all_of("tasks"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(field_of(rows[0], "note"), Value("n"));
  EXPECT_EQ(reader->schema(), old_schema);
  const auto info = reader->begin();
  ASSERT_TRUE(info);
  EXPECT_EQ(info->schema_version, 2U);
  EXPECT_EQ(reader->schema(), schema());
  EXPECT_TRUE(field_of(select(*reader, all_of("tasks"))[0], "note").is_undefined());
}

TEST_P(SchemaTest, RowsOfAnotherSchemaVersionFindTheirTable) {
  apply(kOneField);
  const schema::SchemaPtr old_schema = schema();
  commit_rows("tasks", {{{"text", "a"}}});
  apply(tasks(R"("text":{"type":"string"},"x":{"type":"optional","value":{"type":"number"}})"));
  const auto reader = reader_at_now();
  ReadBudget budget;
  const auto found = reader->get(*old_schema->find_table("tasks"), id_of("tasks", 1), budget);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->table, &table("tasks"));
}

TEST_P(SchemaTest, ANanIsNoReasonToRefuse) {
  apply(tasks(R"("n":{"type":"number"})"));
  commit_rows("tasks", {{{"n", std::numeric_limits<double>::quiet_NaN()}}, {{"n", 1.0}}});
  apply(tasks(R"("n":{"type":"optional","value":{"type":"number"}})"));
  EXPECT_THAT(values_of("n"), ElementsAre(Value(), Value(1.0)));
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Store, SchemaTest, testing::ValuesIn(databases_under_test()));

}  // namespace moonstone::store::conformance
