// Moonstone. Licence: see LICENSE.
// Tables of the system: declared by the program, kept in the stored form, invisible to projects.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/diff.h"
#include "schema/schema.h"
#include "tests/schema/json_text.h"

namespace moonstone::schema {
namespace {

using testing::HasSubstr;

constexpr std::string_view kProject = R"({"tables":{"notes":{"fields":{"text":{"type":"string"}},)"
                                      R"("indexes":[{"name":"by_id","fields":["_id"]}]}}})";
constexpr std::string_view kQueue =
    R"({"fields":{"at":{"type":"number"}},"indexes":[{"name":"by_at","fields":["at"]}]})";

Table queue_table() {
  return parse_system_table("_queue", parse_json(kQueue).value()).value();
}

Schema schema_with_queue() {
  Schema schema = schema_of(kProject);
  schema.tables.insert(schema.tables.begin(), queue_table());
  return schema;
}

TEST(SystemTable, IsMadeFromSchemaJsonUnderANameThatProjectsMayNotUse) {
  const Table table = queue_table();
  EXPECT_EQ(table.owner, TableOwner::System);
  EXPECT_EQ(table.name, "_queue");
  EXPECT_NE(table.find_index("by_at"), nullptr);
  const auto refused = parse_system_table("queue", parse_json(kQueue).value());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("does not begin with \"_\""));
  const auto bad = parse_system_table("_a b", parse_json(kQueue).value());
  EXPECT_FALSE(bad);
  const auto user = parse_schema_json(
      parse_json(R"({"tables":{"_queue":{"fields":{},"owner":"system"}}})").value());
  ASSERT_FALSE(user) << "a project cannot declare a table of the system";
  EXPECT_THAT(user.error().message(), HasSubstr("kept for system tables"));
}

TEST(SystemTable, IsFoundButNotListed) {
  const Schema schema = schema_with_queue();
  EXPECT_NE(schema.find_table("_queue"), nullptr);
  EXPECT_EQ(schema.find_user_table("_queue"), nullptr);
  EXPECT_NE(schema.find_user_table("notes"), nullptr);
  EXPECT_EQ(schema.unknown_table("x").message(),
            "Table \"x\" is not defined in your schema. Available tables: notes");
  EXPECT_EQ(to_json(schema_to_json(schema)), kProject);
}

TEST(SystemTable, StaysOneInTheStoredForm) {
  Schema schema = schema_with_queue();
  assign_ids(schema, {});
  const auto read = parse_stored_schema_json(schema_to_stored_json(schema));
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->tables.size(), 2U);
  EXPECT_EQ(read->find_table("_queue")->owner, TableOwner::System);
  EXPECT_EQ(read->find_table("notes")->owner, TableOwner::User);
  EXPECT_EQ(read->find_table("_queue")->fields[0].id, schema.find_table("_queue")->fields[0].id);
}

TEST(SystemTable, IsNoneOfAProjectsChanges) {
  const SchemaDiff added = diff_schemas(schema_of(kProject), schema_with_queue());
  EXPECT_TRUE(added.empty());
  EXPECT_FALSE(added.same_layout);
  EXPECT_TRUE(diff_schemas(schema_with_queue(), schema_of(kProject)).empty());
}

}  // namespace
}  // namespace moonstone::schema
