// Moonstone. Licence: see LICENSE.
// Writes of rows of models: their SQL, what they give back, and every refusal.

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/model_store.h"

namespace moonstone::store {
namespace {

using conformance::message_of;
using conformance::reason_of;
using query::Expr;
using query::WritePlan;
using testing::HasSubstr;
using Kind = query::WritePlan::Kind;

class ModelWriteTest : public ModelStoreTest {
 protected:
  void SetUp() override {
    ModelStoreTest::SetUp();
    begin();
    insert("user", {{"id", 1}, {"email", "a@x"}, {"age", 20}});
  }

  std::string sql_of(const WritePlan& plan) {
    const auto compiled = writer().compile_write(plan);
    EXPECT_TRUE(compiled) << message_of(compiled);
    return compiled ? std::string((*compiled)->sql()) : "";
  }
  static std::string json_of(const Result<Writer::Written>& written) {
    if (!written) return written.error().message();
    std::string json;
    query::write_json(written->rows, json);
    return json;
  }
};

TEST_F(ModelWriteTest, PlansBecomeTheseTexts) {
  WritePlan insert_plan = plan_of(Kind::Insert, "user", {{"email", "b"}, {"age", 1}});
  EXPECT_EQ(sql_of(insert_plan), R"(INSERT INTO "user" ("email", "age") VALUES (?, ?))");
  insert_plan.conflict_target = {"email"};
  EXPECT_EQ(
      sql_of(insert_plan),
      R"(INSERT INTO "user" ("email", "age") VALUES (?, ?) ON CONFLICT ("email") DO NOTHING)");
  insert_plan.conflict_update = {"age", "name"};
  insert_plan.returning = fields_out({"id", "email"});
  EXPECT_EQ(sql_of(insert_plan),
            R"(INSERT INTO "user" ("email", "age") VALUES (?, ?) ON CONFLICT ("email") DO UPDATE )"
            R"(SET "age" = excluded."age", "name" = excluded."name" RETURNING "id", "email")");
  WritePlan defaults = plan_of(Kind::Insert, "event", {});
  EXPECT_EQ(sql_of(defaults), R"(INSERT INTO "event" DEFAULT VALUES)");
  WritePlan update = plan_of(Kind::Update, "person", {{"fullName", "x"}});
  update.where = equals("fullName", "y");
  update.returning = fields_out({"fullName"});
  EXPECT_EQ(sql_of(update), R"(UPDATE "person" SET "full_name" = ? WHERE "full_name" = ? )"
                            R"(RETURNING "full_name")");
  WritePlan erase = plan_of(Kind::Delete, "user", {});
  EXPECT_EQ(sql_of(erase), R"(DELETE FROM "user")");
}

TEST_F(ModelWriteTest, RowsComeBackAsTheyAre) {
  WritePlan plan = plan_of(Kind::Insert, "user",
                           {{"email", "b@x"},
                            {"active", 0},
                            {"data", R"({"a":[1]})"},
                            {"tags", R"(["t"])"},
                            {"score", 2.0}});
  plan.returning = fields_out({"id", "active", "role", "data", "tags", "score", "name"});
  const auto inserted = run(plan);
  EXPECT_EQ(json_of(inserted), R"([{"id":2,"active":false,"role":"member","data":{"a":[1]},)"
                               R"("tags":["t"],"score":2,"name":null}])");
  EXPECT_EQ(inserted->count, 1U);
  EXPECT_EQ(inserted->rows.model, table("user").model.get());

  WritePlan update = plan_of(Kind::Update, "user", {});
  update.assignments = {{"age", Expr::make_parameter(0)}};
  update.where =
      Expr::compare(query::CompareOp::Lte, Expr::make_field("id"), Expr::make_parameter(1));
  update.returning = fields_out({"id", "age"});
  EXPECT_EQ(json_of(run(update, {5.0, 1.0})), R"([{"id":1,"age":5}])");
  const auto both = run(update, {6.0, 9.0});
  EXPECT_EQ(json_of(both), R"([{"id":1,"age":6},{"id":2,"age":6}])");
  EXPECT_EQ(both->count, 2U);
  update.returning.clear();
  EXPECT_EQ(run(update, {7.0, 0.0}).value_or(Writer::Written{.count = 9, .rows = {}}).count, 0U);

  WritePlan erase = plan_of(Kind::Delete, "user", {});
  erase.where = equals("id", 2);
  erase.returning = fields_out({"email"});
  EXPECT_EQ(json_of(run(erase)), R"([{"email":"b@x"}])");
  EXPECT_EQ(sql("SELECT count(*) FROM user"), "1");
}

TEST_F(ModelWriteTest, AConflictUpdatesOrIsLeftAlone) {
  WritePlan plan = plan_of(Kind::Insert, "user", {{"email", "a@x"}, {"age", 50}, {"name", "N"}});
  plan.conflict_target = {"email"};
  EXPECT_EQ(run(plan).value_or(Writer::Written{.count = 9, .rows = {}}).count, 0U);
  EXPECT_EQ(sql("SELECT age FROM user"), "20");
  plan.conflict_update = {"age"};
  plan.returning = fields_out({"id", "age", "name"});
  EXPECT_EQ(json_of(run(plan)), R"([{"id":1,"age":50,"name":null}])");
}

TEST_F(ModelWriteTest, AModelWithoutAKeyTakesDefaults) {
  ASSERT_TRUE(run(plan_of(Kind::Insert, "post", {{"title", "t"}, {"authorId", 1}})));
  EXPECT_THAT(sql("SELECT updatedAt FROM post"), HasSubstr("T"));
  const auto refused = run(plan_of(Kind::Insert, "event", {}));
  EXPECT_EQ(message_of(refused), "NOT NULL constraint failed: event.text");
}

struct Refused {
  std::string_view table;
  Object fields;
  ErrorCode code;
  std::string_view reason;
  std::string_view message;
  std::string_view name;
  std::int64_t number;
};

std::vector<Refused> refusals() {
  return {
      {"user",
       {{"email", "a@x"}},
       ErrorCode::AlreadyExists,
       "unique",
       "UNIQUE constraint failed: user.email",
       "SQLITE_CONSTRAINT_UNIQUE",
       2067},
      {"user",
       {{"id", 1}, {"email", "z"}},
       ErrorCode::AlreadyExists,
       "unique",
       "UNIQUE constraint failed: user.id",
       "SQLITE_CONSTRAINT_PRIMARYKEY",
       1555},
      {"user",
       {{"name", "x"}},
       ErrorCode::FailedPrecondition,
       "not_null",
       "NOT NULL constraint failed: user.email",
       "SQLITE_CONSTRAINT_NOTNULL",
       1299},
      {"post",
       {{"title", "x"}, {"authorId", 77}},
       ErrorCode::FailedPrecondition,
       "foreign_key",
       "FOREIGN KEY constraint failed",
       "SQLITE_CONSTRAINT_FOREIGNKEY",
       787},
      {"user",
       {{"email", "z"}, {"role", "king"}},
       ErrorCode::FailedPrecondition,
       "check",
       "CHECK constraint failed: role",
       "SQLITE_CONSTRAINT_CHECK",
       275},
      {"user",
       {{"email", "z"}, {"tags", "{}"}},
       ErrorCode::FailedPrecondition,
       "check",
       "CHECK constraint failed: json_valid(\"tags\") AND json_type(\"tags\") = 'array'",
       "SQLITE_CONSTRAINT_CHECK",
       275},
      {"user",
       {{"email", "z"}, {"age", "old"}},
       ErrorCode::FailedPrecondition,
       "type",
       "cannot store TEXT value in INTEGER column user.age",
       "SQLITE_CONSTRAINT_DATATYPE",
       3091},
      {"user",
       {{"email", "z"}, {"age", 1.5}},
       ErrorCode::FailedPrecondition,
       "type",
       "cannot store REAL value in INTEGER column user.age",
       "SQLITE_CONSTRAINT_DATATYPE",
       3091},
      {"user",
       {{"id", "one"}, {"email", "z"}},
       ErrorCode::FailedPrecondition,
       "type",
       "datatype mismatch",
       "SQLITE_MISMATCH",
       20},
  };
}

TEST_F(ModelWriteTest, RefusalsAreInSqlitesWords) {
  for (const Refused& expected : refusals()) {
    const auto written = run(plan_of(Kind::Insert, expected.table, expected.fields));
    ASSERT_FALSE(written) << expected.message;
    const Error& error = written.error();
    EXPECT_EQ(error.code(), expected.code) << expected.message;
    EXPECT_EQ(error.reason(), expected.reason);
    EXPECT_EQ(error.message(), expected.message);
    ASSERT_NE(error.details(), nullptr);
    const Value details = Object{
        {"name", "SQLiteError"}, {"code", std::string(expected.name)}, {"errno", expected.number}};
    EXPECT_EQ(*error.details(), details);
  }
  EXPECT_TRUE(writer().in_transaction());
  EXPECT_EQ(sql("SELECT count(*) FROM user"), "1");
  ASSERT_TRUE(run(plan_of(Kind::Insert, "user", {{"email", "n"}, {"age", "41"}})))
      << "the text of a number is one, by the column's affinity";
  EXPECT_EQ(sql("SELECT typeof(age) FROM user WHERE email='n'"), "integer");
}

TEST_F(ModelWriteTest, PlansThatMeanNothingAreRefused) {
  const auto refuses = [&](const WritePlan& plan, std::string_view part) {
    const auto compiled = writer().compile_write(plan);
    ASSERT_FALSE(compiled) << part;
    EXPECT_EQ(compiled.error().code(), ErrorCode::InvalidArgument) << part;
    EXPECT_THAT(compiled.error().message(), HasSubstr(part));
  };
  refuses(plan_of(Kind::Insert, "user", {{"nope", 1}}), "unknown field 'nope' on model 'User'");
  refuses(plan_of(Kind::Insert, "person", {{"shout", "X"}}), "computed and cannot be written");
  refuses(plan_of(Kind::Update, "user", {}), "needs something to set");
  refuses(plan_of(Kind::Delete, "adult", {}), "write operations are not supported");
  WritePlan conflict = plan_of(Kind::Insert, "event", {});
  conflict.conflict_target = {"text"};
  refuses(conflict, "no conflict target");
  WritePlan field_value = plan_of(Kind::Insert, "event", {});
  field_value.assignments = {{"text", Expr::make_field("text")}};
  refuses(field_value, "literal or a parameter");
  WritePlan where = plan_of(Kind::Delete, "user", {});
  where.where = equals("nope", 1);
  refuses(where, "nope");
  const auto unknown = writer().compile_write(plan_of(Kind::Delete, "nobody", {}));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), ErrorCode::NotFound);
  const auto nul = run(plan_of(Kind::Insert, "event", {{"text", std::string("a\0b", 3)}}));
  EXPECT_EQ(reason_of(nul), "nul_in_text");
  WritePlan no_constraint = plan_of(Kind::Insert, "user", {{"email", "q"}, {"age", 1}});
  no_constraint.conflict_target = {"age"};
  EXPECT_EQ(reason_of(run(no_constraint)), "sql");
}

TEST_F(ModelWriteTest, APlanOfAnotherSchemaIsStale) {
  const auto compiled = writer().compile_write(plan_of(Kind::Insert, "event", {{"text", "x"}}));
  ASSERT_TRUE(compiled);
  commit();
  schema::Schema next = *writer().schema();
  next.tables.push_back(
      schema::parse_system_table("_extra", Object{{"fields", Object{}}, {"indexes", Array{}}})
          .value_or(schema::Table()));
  const auto applied = writer().apply_schema(std::move(next), Writer::AllowDataLoss::No);
  ASSERT_TRUE(applied) << message_of(applied);
  begin();
  EXPECT_EQ(reason_of(writer().write(**compiled, {})), "stale_plan");
}

}  // namespace
}  // namespace moonstone::store
