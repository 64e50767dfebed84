// Moonstone. Licence: see LICENSE.

#include "schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schema/json_text.h"

namespace moonstone::schema {
namespace {

using testing::HasSubstr;

constexpr std::string_view kNotes =
    R"({"tables":{"notes":{"fields":{"text":{"type":"string"},)"
    R"("rank":{"type":"optional","value":{"type":"number"}}},)"
    R"("indexes":[{"name":"by_rank","fields":["rank","_creationTime"]},)"
    R"({"name":"by_id","fields":["_id"]}],)"
    R"("searchIndexes":[{"name":"search_text","searchField":"text"}]},)"
    R"("tags":{"fields":{},"indexes":[{"name":"by_id","fields":["_id"]}]}}})";

TEST(SchemaJson, PrintsBackWhatItReads) {
  EXPECT_EQ(to_json(schema_to_json(schema_of(kNotes))), kNotes);
}

TEST(SchemaJson, KnowsDeclaredAndImpliedIndexes) {
  const Schema schema = schema_of(kNotes);
  const Table& notes = *schema.find_table("notes");
  ASSERT_NE(notes.find_index("by_rank"), nullptr);
  EXPECT_EQ(notes.indexes.size(), 1U);
  EXPECT_EQ(notes.find_index("by_id")->fields, std::vector<std::string>{"_id"});
  EXPECT_EQ(notes.find_index("by_creation_time")->fields,
            std::vector<std::string>{"_creationTime"});
  EXPECT_EQ(notes.find_index("nope"), nullptr);
  EXPECT_EQ(notes.find_field("rank"), 1U);
  EXPECT_FALSE(notes.find_field("nope"));
  EXPECT_EQ(schema.find_table("nope"), nullptr);
}

TEST(SchemaJson, ListsTheKnownTables) {
  const Schema schema = schema_of(kNotes);
  EXPECT_EQ(schema.unknown_table("x").message(),
            "Table \"x\" is not defined in your schema. Available tables: notes, tags");
  EXPECT_EQ(schema.unknown_table("").code(), ErrorCode::NotFound);
}

/// A schema of one table: its name, fields and further members as JSON text.
std::string one_table(std::string_view name, std::string_view fields, std::string_view more = "") {
  std::string text = R"({"tables":{")";
  text.append(name).append(R"(":{"fields":{)").append(fields).append("}");
  text.append(more).append("}}}");
  return text;
}

std::string field_named(std::string_view name) {
  return "\"" + std::string(name) + R"(":{"type":"any"})";
}

std::string indexes(std::string_view list) {
  return R"(,"indexes":[)" + std::string(list) + "]";
}

std::string error_of(std::string_view text) {
  const auto schema = parse_schema_json(json(text));
  EXPECT_FALSE(schema.has_value()) << text;
  if (schema) return "";
  EXPECT_EQ(schema.error().code(), ErrorCode::InvalidArgument);
  return schema.error().message();
}

TEST(SchemaJson, RefusesBadNames) {
  EXPECT_THAT(error_of(one_table("_jobs", "")), HasSubstr("table \"_jobs\": the name begins with"));
  EXPECT_THAT(error_of(one_table("a-b", "")), HasSubstr("must consist of letters"));
  EXPECT_THAT(error_of(one_table("1a", "")), HasSubstr("must consist of letters"));
  EXPECT_THAT(error_of(one_table("a:b", "")), HasSubstr("must consist of letters"));
  EXPECT_THAT(error_of(one_table("", "")), HasSubstr("is empty"));
  EXPECT_THAT(error_of(one_table(std::string(65, 'a'), "")), HasSubstr("longer than 64 bytes"));
  EXPECT_TRUE(parse_schema_json(json(one_table(std::string(64, 'a'), ""))).has_value());
  for (const std::string_view name : {"a.b", "a b", "-a", "1", "", "a\\u0000", "a'", "a\\\""}) {
    EXPECT_THAT(error_of(one_table("t", field_named(name))), HasSubstr("the name")) << name;
  }
  for (const std::string_view name : {"_id", "_ID", "_creationTime", "_ts", "_row", "_null"}) {
    EXPECT_THAT(error_of(one_table("t", field_named(name))),
                HasSubstr("field \"" + std::string(name) + "\": the name is reserved"));
  }
  for (const std::string_view name : {"a-b", "$x", "_x", "größe", "rowid", "select"}) {
    EXPECT_TRUE(parse_schema_json(json(one_table("t", field_named(name)))).has_value()) << name;
  }
}

TEST(SchemaJson, RefusesNamesThatDifferInCaseOnly) {
  EXPECT_THAT(error_of(one_table("t", field_named("a") + "," + field_named("A"))),
              HasSubstr("table \"t\": field \"A\" differs from \"a\" only in upper and lower case, "
                        "which SQLite ignores"));
  EXPECT_THAT(error_of(R"({"tables":{"t":{"fields":{}},"T":{"fields":{}}}})"),
              HasSubstr("table \"T\" differs from \"t\""));
  EXPECT_THAT(error_of(one_table("t", field_named("a"),
                                 indexes(R"({"name":"i","fields":["a"]},)"
                                         R"({"name":"i","fields":["a"]})"))),
              HasSubstr("index \"i\" is declared twice"));
}

TEST(SchemaJson, ChecksIndexes) {
  const auto index_error = [](std::string_view list) {
    return error_of(one_table("t", field_named("a"), indexes(list)));
  };
  EXPECT_THAT(index_error(R"({"name":"i","fields":["b"]})"),
              HasSubstr("index \"i\": the table has no field \"b\""));
  EXPECT_THAT(index_error(R"({"name":"i","fields":["a.b"]})"), HasSubstr("is a path into a field"));
  EXPECT_THAT(index_error(R"({"name":"i","fields":["a","a"]})"), HasSubstr("twice"));
  EXPECT_THAT(index_error(R"({"name":"i","fields":["a","_id"]})"), HasSubstr("leave \"_id\" out"));
  EXPECT_THAT(index_error(R"({"name":"i","fields":[]})"), HasSubstr("has no fields"));
  EXPECT_THAT(index_error(R"({"name":"i","fields":[1]})"), HasSubstr("must be texts"));
  EXPECT_THAT(index_error(R"({"name":"by_id","fields":["a"]})"), HasSubstr("is reserved"));
  EXPECT_THAT(index_error(R"({"name":"by_creation_time","fields":["_id"]})"),
              HasSubstr("is reserved"));
  EXPECT_THAT(index_error(R"({"name":"a b","fields":["a"]})"), HasSubstr("the name must"));
  EXPECT_THAT(index_error("1"), HasSubstr("text member \"name\""));
  const Schema schema =
      schema_of(one_table("t", field_named("a"),
                          indexes(R"({"name":"by_creation_time","fields":["_creationTime"]},)"
                                  R"({"name":"i","fields":["_creationTime","a"]})")));
  EXPECT_EQ(schema.tables[0].indexes.size(), 1U);
}

TEST(SchemaJson, ChecksSearchIndexes) {
  const auto search_error = [](std::string_view list) {
    return error_of(
        one_table("t", field_named("a"), R"(,"searchIndexes":[)" + std::string(list) + "]"));
  };
  EXPECT_THAT(search_error(R"({"name":"s","searchField":"b"})"), HasSubstr("no field \"b\""));
  EXPECT_THAT(search_error(R"({"name":"s"})"), HasSubstr("text member \"searchField\""));
  EXPECT_THAT(search_error(R"({"name":"s","searchField":"a"},{"name":"s","searchField":"a"})"),
              HasSubstr("declared twice"));
  const auto typed = [](std::string_view type) {
    return one_table("t", R"("a":)" + std::string(type),
                     R"(,"searchIndexes":[{"name":"s","searchField":"a"}])");
  };
  for (const char* type : {R"({"type":"string"})", R"({"type":"any"})",
                           R"({"type":"id","tableName":"t"})", R"({"type":"literal","value":"x"})",
                           R"({"type":"optional","value":)"
                           R"({"type":"union","value":[{"type":"number"},{"type":"string"}]}})"}) {
    EXPECT_TRUE(parse_schema_json(json(typed(type))).has_value()) << type;
  }
  for (const char* type :
       {R"({"type":"number"})", R"({"type":"array","value":{"type":"string"}})",
        R"({"type":"literal","value":1})", R"({"type":"optional","value":{"type":"boolean"}})",
        R"({"type":"object","value":{"x":{"type":"string"}}})"}) {
    EXPECT_THAT(error_of(typed(type)),
                HasSubstr("search index \"s\": the field \"a\" never holds a text"))
        << type;
  }
}

TEST(SchemaJson, RefusesWhatIsNoSchema) {
  EXPECT_THAT(error_of("[]"), HasSubstr("object of tables"));
  EXPECT_THAT(error_of(R"({"tables":[]})"), HasSubstr("object of tables"));
  EXPECT_THAT(error_of(R"({"tables":{"t":1}})"), HasSubstr("table \"t\" must be an object"));
  EXPECT_THAT(error_of(R"({"tables":{"t":{}}})"), HasSubstr("\"fields\""));
  EXPECT_THAT(error_of(R"({"tables":{"t":{"fields":{},"indexes":1}}})"),
              HasSubstr("must be an array"));
  EXPECT_EQ(error_of(one_table("t", R"("a":{"type":"array","value":{"type":"x"}})")),
            "table \"t\", field \"a\": Unknown validator type \"x\" at value");
}

std::string numbered(std::size_t count, std::string_view pattern) {
  std::string list;
  for (std::size_t index = 0; index < count; ++index) {
    std::string item(pattern);
    item.replace(item.find('#'), 1, std::to_string(index));
    if (!list.empty()) list += ',';
    list += item;
  }
  return list;
}

void expect_limit(std::string_view text, std::string_view beyond) {
  const auto at_limit = parse_schema_json(json(text));
  EXPECT_TRUE(at_limit.has_value());
  const auto refused = parse_schema_json(json(beyond));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::LimitExceeded);
}

TEST(SchemaJson, HasLimits) {
  const auto tables = [](std::size_t count) {
    return R"({"tables":{)" + numbered(count, R"("t#":{"fields":{}})") + "}}";
  };
  expect_limit(tables(200), tables(201));
  const auto fields = [](std::size_t count) {
    return one_table("t", numbered(count, R"("f#":{"type":"any"})"));
  };
  expect_limit(fields(1000), fields(1001));
  const auto many_indexes = [](std::size_t count) {
    return one_table("t", field_named("a"),
                     indexes(numbered(count, R"({"name":"i#","fields":["a"]})")));
  };
  expect_limit(many_indexes(32), many_indexes(33));
  const auto index_fields = [](std::size_t count) {
    return one_table("t", numbered(20, R"("f#":{"type":"any"})"),
                     indexes(R"({"name":"i","fields":[)" + numbered(count, R"("f#")") + "]}"));
  };
  expect_limit(index_fields(16), index_fields(17));
}

TEST(StoredSchema, KeepsFieldIds) {
  Schema schema = schema_of(kNotes);
  assign_ids(schema, Schema());
  const Value stored = schema_to_stored_json(schema);
  // The text is on disk.
  EXPECT_EQ(to_json(*stored.as_object().find("tables")->as_object().find("tags")),
            R"({"fields":{},"indexes":[{"name":"by_id","fields":["_id"]}],)"
            R"("fieldIds":{},"nextFieldId":1})");
  const auto read = parse_stored_schema_json(json(to_json(stored)));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read->tables[0].fields[0].id, FieldId{1});
  EXPECT_EQ(read->tables[0].fields[1].id, FieldId{2});
  EXPECT_EQ(read->tables[0].next_field_id, 3U);
  EXPECT_EQ(schema_to_stored_json(*read), stored);
}

TEST(StoredSchema, RefusesDamagedIds) {
  for (const std::string_view ids :
       {R"("fieldIds":{"a":1})", R"("fieldIds":{"a":0},"nextFieldId":2)",
        R"("fieldIds":{},"nextFieldId":2)", R"("nextFieldId":2)",
        R"("fieldIds":{"a":2},"nextFieldId":2)", R"("fieldIds":{"a":"1"},"nextFieldId":2)",
        R"("fieldIds":{"a":4294967296},"nextFieldId":4294967297)"}) {
    const std::string text = one_table("t", field_named("a"), "," + std::string(ids));
    EXPECT_FALSE(parse_stored_schema_json(json(text)).has_value()) << ids;
  }
  const std::string twice = one_table("t", field_named("a") + "," + field_named("b"),
                                      R"(,"fieldIds":{"a":1,"b":1},"nextFieldId":3)");
  EXPECT_FALSE(parse_stored_schema_json(json(twice)).has_value());
}

TEST(AssignIds, NeverReusesAnId) {
  Schema first = schema_of(one_table("t", field_named("a") + "," + field_named("b")));
  assign_ids(first, Schema());
  Schema without_b = schema_of(one_table("t", field_named("c") + "," + field_named("a")));
  assign_ids(without_b, first);
  EXPECT_EQ(without_b.tables[0].fields[0].id, FieldId{3});
  EXPECT_EQ(without_b.tables[0].fields[1].id, FieldId{1});
  Schema with_b = schema_of(one_table("t", field_named("b") + "," + field_named("a")));
  assign_ids(with_b, without_b);
  EXPECT_EQ(with_b.tables[0].fields[0].id, FieldId{4});
  EXPECT_EQ(with_b.tables[0].fields[1].id, FieldId{1});
  EXPECT_EQ(with_b.tables[0].next_field_id, 5U);
}

}  // namespace
}  // namespace moonstone::schema
