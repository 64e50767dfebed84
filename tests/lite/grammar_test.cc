// Moonstone. Licence: see LICENSE.
//
// What each construct becomes in the tree. Source: litestone.md 3 to 3.3
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/json.h"
#include "schema/lite/ast_json.h"
#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

using Names = std::vector<std::string>;

const Database& database_of(const Schema& schema) {
  return schema.databases.at(0);
}

/// The JSON of the expression, as `@@allow('read', …)` holds it.
std::string expression(std::string_view text) {
  const Schema schema =
      parse_valid("model A { id Int @id  @@allow('read', " + std::string(text) + ") }");
  return to_json(expression_to_json(schema.models.at(0).find<Policy>()->expression));
}

/// The JSON of the first attribute of the field `f`.
std::string field_attribute(std::string_view field) {
  const ParseResult result = parse(
      "model B { id Int @id  n Int  b_id Int  a_s A @relation(fields: [b_id], references: [f]) }\n"
      "model A { a Int  b Int  " +
      std::string(field) + " }\nfunction up(x: Int): Int { @@expr(\"{x} + 1\") }\n" +
      "type T { x String }\ndatabase audit { path \"x\" driver logger }");
  if (!result.schema) return lines_of(result.errors);
  const Object model = model_to_json(*result.schema->find_model("A"));
  for (const Value& one : model.find("fields")->as_array()) {
    if (*one.as_object().find("name") != Value("f")) continue;
    return to_json(one.as_object().find("attributes")->as_array().at(0));
  }
  return "no field f";
}

/// The JSON of the first attribute of a model.
std::string model_attribute(std::string_view attribute) {
  const ParseResult result =
      parse("model A { a Int  b Int  deletedAt DateTime?  " + std::string(attribute) +
            " }\ndatabase audit { path \"x\" driver logger }");
  if (!result.schema) return lines_of(result.errors);
  return to_json(model_to_json(result.schema->models.at(0)).find("attributes")->as_array().at(0));
}

TEST(LiteGrammarTest, Databases) {
  const Schema plain = parse_valid("database main { path \"./app.db\" }");
  EXPECT_EQ(std::get<LiteralPath>(database_of(plain).path).value, "./app.db");
  EXPECT_EQ(database_of(plain).driver, DatabaseDriver::Sqlite);
  EXPECT_FALSE(database_of(plain).replication);

  const Schema environment =
      parse_valid("database main { path env(\"DB\", \"./a.db\"), replication true }");
  const auto& path = std::get<EnvironmentPath>(database_of(environment).path);
  EXPECT_EQ(path.variable, "DB");
  EXPECT_EQ(path.fallback, "./a.db");
  EXPECT_TRUE(database_of(environment).replication);
  const Schema bare = parse_valid("database main { path env('DB') }");
  EXPECT_FALSE(std::get<EnvironmentPath>(database_of(bare).path).fallback.has_value());

  const Schema logs =
      parse_valid("database logs { path \"./logs/\"; driver jsonl; retention 30d; maxSize 1.5GB }");
  EXPECT_EQ(database_of(logs).driver, DatabaseDriver::Jsonl);
  EXPECT_EQ(database_of(logs).retention, "30d");
  EXPECT_EQ(database_of(logs).max_size, "1.5GB");

  const Schema logger = parse_valid(
      "database audit { path \"x\" driver logger model Entry }\n"
      "model Entry { operation String model String createdAt DateTime @@db(audit) }");
  EXPECT_EQ(database_of(logger).log_model, "Entry");
}

TEST(LiteGrammarTest, EnumsWithTransitions) {
  const Schema schema = parse_valid(
      "/// States\nenum State {\n  /// first\n  draft review\n"
      "  transitions { submit: draft -> review  reset: [review, draft] -> done }\n  done\n}");
  const Enum& state = schema.enums.at(0);
  EXPECT_EQ(state.comments, Names{"States"});
  ASSERT_EQ(state.values.size(), 3U);
  EXPECT_EQ(state.values[0].comments, Names{"first"});
  ASSERT_EQ(state.transitions->size(), 2U);
  EXPECT_EQ(state.transitions->at(1).from, (Names{"review", "draft"}));
  EXPECT_EQ(state.transitions->at(1).to, "done");
  EXPECT_FALSE(parse_valid("enum A { x }").enums[0].transitions.has_value());
}

TEST(LiteGrammarTest, Functions) {
  const Schema schema = parse_valid(
      "/// Both\nfunction full(first: Text, last: Text): Text {\n"
      "  @@expr(\"{first} || ' ' || {last}\")\n}");
  const Function& function = schema.functions.at(0);
  EXPECT_EQ(function.comments, Names{"Both"});
  EXPECT_EQ(function.parameters.at(1).name, "last");
  EXPECT_EQ(function.parameters.at(1).type, "Text");
  EXPECT_EQ(function.return_type, "Text");
  EXPECT_EQ(function.expression, "{first} || ' ' || {last}");
}

TEST(LiteGrammarTest, Views) {
  const Schema schema = parse_valid(
      "model Post { id Int @id }\nmodel User { id Int @id }\n"
      "view active { /// key\n id Int, tags String[]? @@sql(\"SELECT 1\") @@materialized\n"
      "@@refreshOn([Post, User]) @@db(main) }");
  const View& view = schema.views.at(0);
  EXPECT_EQ(view.fields.at(0).comments, Names{"key"});
  EXPECT_TRUE(view.fields.at(1).type.array);
  EXPECT_TRUE(view.fields.at(1).type.optional);
  EXPECT_EQ(view.sql, "SELECT 1");
  EXPECT_TRUE(view.materialized);
  EXPECT_EQ(view.refresh_on, (Names{"Post", "User"}));
  EXPECT_EQ(view.database, "main");
}

TEST(LiteGrammarTest, TypesOfFields) {
  const Schema schema = parse_valid(
      "enum Role { a b }\nmodel A { id Int @id s Text i Integer r Real b Boolean d DateTime j "
      "Json\n"
      "y Blob f File fs File[] ss String[]? e Role o Float? x Bytes }");
  const Model& model = schema.models.at(0);
  EXPECT_TRUE(model.find_field("s")->type.is_scalar(ScalarType::String));
  EXPECT_EQ(model.find_field("s")->type.name, "Text");
  EXPECT_TRUE(model.find_field("i")->type.is_scalar(ScalarType::Int));
  EXPECT_TRUE(model.find_field("r")->type.is_scalar(ScalarType::Float));
  EXPECT_TRUE(model.find_field("y")->type.is_scalar(ScalarType::Bytes));
  EXPECT_TRUE(model.find_field("x")->type.is_scalar(ScalarType::Bytes));
  EXPECT_TRUE(model.find_field("ss")->type.array);
  EXPECT_TRUE(model.find_field("ss")->type.optional);
  EXPECT_EQ(model.find_field("e")->type.kind, TypeKind::Enum);
  EXPECT_TRUE(model.find_field("o")->type.optional);
}

TEST(LiteGrammarTest, FlagsOfFields) {
  for (const char* flag : {"id", "unique", "computed", "hardDelete", "keepVersions", "trim",
                           "lower", "upper", "slug", "updatedAt", "markdown"}) {
    EXPECT_EQ(field_attribute("f String @" + std::string(flag)),
              "{\"kind\":\"" + std::string(flag) + "\"}");
  }
}

struct Case {
  std::string_view source;
  std::string_view json;
};

TEST(LiteGrammarTest, Defaults) {
  const Case cases[] = {
      {R"(f String @default("x"))", R"({"kind":"string","value":"x"})"},
      {"f Int @default(-3)", R"({"kind":"number","value":-3})"},
      {"f Boolean @default(true)", R"({"kind":"boolean","value":true})"},
      {"f DateTime @default(now())", R"({"kind":"call","fn":"now"})"},
      {"f Int @default(auth().id)", R"({"kind":"call","fn":"auth","field":"id"})"},
      {"f Int @default(a)", R"({"kind":"fieldRef","field":"a"})"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(field_attribute(one.source),
              "{\"kind\":\"default\",\"value\":" + std::string(one.json) + "}");
  }
  const Schema schema = parse_valid("enum E { x y }\nmodel A { x Int  e E @default(x) }");
  EXPECT_EQ(schema.models[0].fields[1].find<Default>()->kind, DefaultKind::Enum)
      << "a value of the enum comes before a sibling";
}

TEST(LiteGrammarTest, AttributesOfFields) {
  const Case cases[] = {
      {R"(f Int @map("c"))", R"({"kind":"map","name":"c"})"},
      {R"(f Int @check("f > 0"))", R"({"kind":"check","expr":"f > 0"})"},
      {R"(f File @accept("image/*, text/plain"))",
       R"({"kind":"accept","types":["image/*","text/plain"]})"},
      {R"(f B @relation(fields: [a], references: [id], onDelete: Cascade,)"
       R"( onUpdate: SetNull, name: "n"))",
       R"({"kind":"relation","fields":["a"],"references":["id"],"onDelete":"Cascade",)"
       R"("onUpdate":"SetNull","name":"n"})"},
      {R"(f B @relation("n", fields: [a], references: [id], onUpdate: Whatever,))",
       R"({"kind":"relation","fields":["a"],"references":["id"],"name":"n"})"},
      {"f B[] @relation", R"({"kind":"relation"})"},
      {R"(f Int @generated("{a} * {b} + {a} {c d} {}"))",
       R"({"kind":"generated","expr":"\"a\" * \"b\" + \"a\" {c d} {}","stored":false})"},
      {R"(f Int @generated("{a}", stored))",
       R"({"kind":"generated","expr":"\"a\"","stored":true})"},
      {R"(f Int @generated("{a}", virtual))",
       R"({"kind":"generated","expr":"\"a\"","stored":false})"},
      {"f Int @from(B, count: true)",
       R"({"kind":"from","target":"B","op":"count","opValue":true,"where":null,"orderBy":null})"},
      {R"(f Int @from(B, sum: n, where: "n > 1", orderBy: id))",
       R"({"kind":"from","target":"B","op":"sum","opValue":"n","where":"n > 1","orderBy":"id"})"},
      {"f B @from(B, last: true)",
       R"({"kind":"from","target":"B","op":"last","opValue":true,"where":null,"orderBy":null})"},
      {"f Int @omit", R"({"kind":"omit","level":"lists"})"},
      {"f Int @omit(all)", R"({"kind":"omit","level":"all"})"},
      {"f Int @guarded", R"({"kind":"guarded","level":"select"})"},
      {"f Int @guarded(all)", R"({"kind":"guarded","level":"all"})"},
      {"f Int @encrypted", R"({"kind":"encrypted","searchable":false})"},
      {"f Int @encrypted(searchable: true)", R"({"kind":"encrypted","searchable":true})"},
      {"f Int @secret", R"({"kind":"secret","rotate":true})"},
      {"f Int @secret(rotate: false)", R"({"kind":"secret","rotate":false})"},
      {"f Int @allow('all', true)", R"({"kind":"fieldAllow","operations":["read","write"],"expr":{)"
                                    R"("type":"literal","value":true}})"},
      {"f Int @log(audit)", R"({"kind":"log","db":"audit","reads":true,"writes":true})"},
      {"f Int @log(audit, reads: false, writes: true)",
       R"({"kind":"log","db":"audit","reads":false,"writes":true})"},
      {"f Int @up(a)", R"({"kind":"funcCall","fn":"up","args":["a"]})"},
      {"f Int @slug(a)", R"({"kind":"funcCall","fn":"slug","args":["a"]})"},
      {"f Int @updatedBy", R"({"kind":"updatedBy","authField":"id"})"},
      {"f Int @updatedBy(auth().name)", R"({"kind":"updatedBy","authField":"name"})"},
      {"f Int @sequence(scope: a)", R"({"kind":"sequence","scope":"a"})"},
      {"f Json @type(T)", R"({"kind":"type","name":"T","strict":true})"},
      {"f Json @type(T, strict: false)", R"({"kind":"type","name":"T","strict":false})"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(field_attribute(one.source), one.json) << one.source;
}

TEST(LiteGrammarTest, Validators) {
  const Case cases[] = {
      {"f String @email", R"({"kind":"email"})"},
      {R"(f String @email("no"))", R"({"kind":"email","message":"no"})"},
      {"f String @url()", R"({"kind":"url"})"},
      {"f String @phone", R"({"kind":"phone"})"},
      {"f String @date", R"({"kind":"date"})"},
      {"f String @datetime", R"({"kind":"datetime"})"},
      {R"(f String @regex("^a+$", "no"))", R"({"kind":"regex","pattern":"^a+$","message":"no"})"},
      {"f String @length(3)", R"({"kind":"length","min":3,"max":null})"},
      {"f String @length(,5)", R"({"kind":"length","min":null,"max":5})"},
      {R"(f String @length(3, 5, "no"))", R"({"kind":"length","min":3,"max":5,"message":"no"})"},
      {R"(f String @length(3, , "no"))", R"({"kind":"length","min":3,"max":null,"message":"no"})"},
      {R"(f String @length(3, "no"))", R"({"kind":"length","min":3,"max":null,"message":"no"})"},
      {R"(f String @startsWith("a", "no"))", R"({"kind":"startsWith","text":"a","message":"no"})"},
      {R"(f String @endsWith("a"))", R"({"kind":"endsWith","text":"a"})"},
      {R"(f String @contains("a"))", R"({"kind":"contains","text":"a"})"},
      {"f Int @lt(3)", R"({"kind":"lt","value":3})"},
      {"f Int @lte(-3)", R"({"kind":"lte","value":-3})"},
      {"f Float @gt(0.5)", R"({"kind":"gt","value":0.5})"},
      {R"(f Int @gte(3, "no"))", R"({"kind":"gte","value":3,"message":"no"})"},
      {"f String[] @minItems(1)", R"({"kind":"minItems","value":1})"},
      {"f String[] @maxItems(9)", R"({"kind":"maxItems","value":9})"},
      {"f String[] @uniqueItems", R"({"kind":"uniqueItems"})"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(field_attribute(one.source), one.json) << one.source;
}

TEST(LiteGrammarTest, AttributesOfModels) {
  const Case cases[] = {
      {"@@index([a, b])", R"({"kind":"index","fields":["a","b"]})"},
      {"@@unique([a])", R"({"kind":"uniqueIndex","fields":["a"]})"},
      {"@@fts([a])", R"({"kind":"fts","fields":["a"]})"},
      {R"(@@map("t"))", R"({"kind":"map","name":"t"})"},
      {"@@db(audit)", R"({"kind":"db","name":"audit"})"},
      {"@@external", R"({"kind":"external"})"},
      {"@@noStrict", R"({"kind":"noStrict"})"},
      {"@@strict", R"({"kind":"strict"})"},
      {"@@auth", R"({"kind":"auth"})"},
      {"@@softDelete", R"({"kind":"softDelete","cascade":false})"},
      {"@@softDelete(cascade)", R"({"kind":"softDelete","cascade":true})"},
      {"@@hasTemplates", R"({"kind":"hasTemplates","field":"isTemplate"})"},
      {R"(@@hasTemplates("t"))", R"({"kind":"hasTemplates","field":"t"})"},
      {R"(@@hasTemplates(field: "t"))", R"({"kind":"hasTemplates","field":"t"})"},
      {R"(@@gate("2.5.5.6"))", R"({"kind":"gate","value":"2.5.5.6"})"},
      {"@@gate(read: 1, write: ADMINISTRATOR)", R"({"kind":"gate","value":"1.5.5.5"})"},
      {"@@gate(read: VISITOR, update: 4)", R"({"kind":"gate","value":"1.1.4.4"})"},
      {"@@gate(write: 4, delete: LOCKED)", R"({"kind":"gate","value":"0.4.4.9"})"},
      {"@@log(audit)", R"({"kind":"log","db":"audit","reads":false,"writes":true})"},
      {"@@log(audit, reads: true, writes: false)",
       R"({"kind":"log","db":"audit","reads":true,"writes":false})"},
      {"@@allow('all', true)",
       R"({"kind":"allow","operations":["read","create","update","post-update",)"
       R"("delete"],"expr":{"type":"literal","value":true},"message":null})"},
      {R"(@@deny('write, read', false, "no"))",
       R"({"kind":"deny","operations":["create","update","delete","read"],"expr":{)"
       R"("type":"literal","value":false},"message":"no"})"},
      {"@@allow('post-update', a)",
       R"({"kind":"allow","operations":["post-update"],"expr":{"type":"field",)"
       R"("name":"a"},"message":null})"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(model_attribute(one.source), one.json) << one.source;
}

TEST(LiteGrammarTest, Expressions) {
  const Case cases[] = {
      {"true", R"({"type":"literal","value":true})"},
      {"null", R"({"type":"literal","value":null})"},
      {"published", R"({"type":"field","name":"published"})"},
      {"auth()", R"({"type":"auth","field":null})"},
      {"auth().role", R"({"type":"auth","field":"role"})"},
      {"now()", R"({"type":"now"})"},
      {"check(team)", R"({"type":"check","field":"team","operation":null})"},
      {"check(team, 'read')", R"({"type":"check","field":"team","operation":"read"})"},
      {"a >= 1", R"({"type":"compare","op":">=","left":{"type":"field","name":"a"},"right":{)"
                 R"("type":"literal","value":1}})"},
      {"!a", R"({"type":"not","expr":{"type":"field","name":"a"}})"},
      {"a || b && !c", R"({"type":"or","left":{"type":"field","name":"a"},"right":{"type":"and",)"
                       R"("left":{"type":"field","name":"b"},"right":{"type":"not","expr":{)"
                       R"("type":"field","name":"c"}}}})"},
      {"(a || b) && c",
       R"({"type":"and","left":{"type":"or","left":{"type":"field","name":"a"},)"
       R"("right":{"type":"field","name":"b"}},"right":{"type":"field","name":"c"}})"},
      {"a && b && c",
       R"({"type":"and","left":{"type":"and","left":{"type":"field","name":"a"},)"
       R"("right":{"type":"field","name":"b"}},"right":{"type":"field","name":"c"}})"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(expression(one.source), one.json) << one.source;
  for (const char* compare : {"==", "!=", "<", ">", "<=", ">="}) {
    EXPECT_NE(expression("a " + std::string(compare) + " 'x'")
                  .find("\"op\":\"" + std::string(compare) + "\""),
              std::string::npos);
  }
}

TEST(LiteGrammarTest, PositionsPointToTheSource) {
  const Schema schema = parse_valid("enum E {\n  a\n}\nmodel A {\n  id Int @id\n}");
  EXPECT_EQ(schema.models.at(0).position.line, 4U);
  EXPECT_EQ(schema.models.at(0).fields.at(0).position.line, 5U);
  EXPECT_EQ(schema.models.at(0).fields.at(0).position.column, 3U);
  EXPECT_EQ(schema.enums.at(0).values.at(0).position.line, 2U);
}

TEST(LiteGrammarTest, DialectsHaveTheirTypeNames) {
  const std::string_view old_names = "model A { a Text b Integer c Real d Blob }";
  const std::string_view new_names = "model A { a String b Int c Float d Bytes }";
  EXPECT_TRUE(parse(old_names, {.dialect = Dialect::V1_0_3}).valid);
  EXPECT_TRUE(parse(new_names, {.dialect = Dialect::V1_0_6}).valid);
  const ParseResult newer = parse(new_names, {.dialect = Dialect::V1_0_3});
  EXPECT_NE(lines_of(newer.errors).find("Model 'A', field 'a': unknown type 'String'"),
            std::string::npos);
  const ParseResult older = parse(old_names, {.dialect = Dialect::V1_0_6});
  EXPECT_NE(lines_of(older.errors)
                .find("Type 'Text' was renamed to 'String'. Update your schema (no aliases are "
                      "accepted). Run 'litestone codemod' to migrate .lite files automatically."),
            std::string::npos);
  EXPECT_EQ(older.errors.size(), 4U);
  EXPECT_EQ(find_dialect("1.0.3"), Dialect::V1_0_3);
  EXPECT_EQ(find_dialect("1.0.6"), Dialect::V1_0_6);
  EXPECT_EQ(find_dialect("any"), Dialect::Any);
  EXPECT_EQ(find_dialect("2"), std::nullopt);
  EXPECT_FALSE(parse("model A { id Int @@hasTemplates }", {.dialect = Dialect::V1_0_3}).valid);
}

}  // namespace
}  // namespace moonstone::lite
