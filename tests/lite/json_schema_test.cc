// Moonstone. Licence: see LICENSE.
//
// Source: litestone.md 38
#include "schema/lite/json_schema.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/lite/golden.h"
#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

/// The definition of that name.
Object definition(std::string_view schema,
                  const std::string& name,
                  const JsonSchemaOptions& options = {}) {
  const Object root = generate_json_schema(parse_valid(schema), options);
  const Value* definitions = root.find("$defs");
  if (definitions == nullptr) return {};
  const Value* found = definitions->as_object().find(name);
  return found == nullptr ? Object{} : found->as_object();
}

/// The schema of the field `f` of a model with just that.
std::string field(std::string_view source, const JsonSchemaOptions& options = {}) {
  const Object model =
      definition("enum Role { admin member } type Geo { lat Float }\nmodel A { other Int " +
                     std::string(source) + " }",
                 "A", options);
  const Value* found = model.find("properties")->as_object().find("f");
  return found == nullptr ? "hidden" : to_json(*found);
}

std::string required_of(const Object& definition) {
  const Value* required = definition.find("required");
  return required == nullptr ? "none" : to_json(*required);
}

std::string names_of(const Object& definition) {
  std::string names;
  for (const Member& member : definition.find("properties")->as_object()) {
    names += member.name + ' ';
  }
  return names;
}

constexpr JsonSchemaOptions kFull{.mode = JsonSchemaMode::Full};
constexpr JsonSchemaOptions kSystem{.audience = Audience::System};

TEST(LiteJsonSchemaTest, ASchemaWithEverything) {
  const Schema schema = parse_valid(read_test_file("golden/everything.lite"));
  expect_golden_json("golden/everything.create.json", generate_json_schema(schema));
  expect_golden_json("golden/everything.full.json", generate_json_schema(schema, kFull));
}

struct Case {
  std::string_view source;
  std::string_view json;
};

TEST(LiteJsonSchemaTest, TypesOfFields) {
  const Case cases[] = {
      {"f String", R"({"type":"string"})"},
      {"f Integer", R"({"type":"integer"})"},
      {"f Float", R"({"type":"number"})"},
      {"f Boolean", R"({"type":"boolean"})"},
      {"f DateTime", R"({"type":"string","format":"date-time"})"},
      {"f Json", "{}"},
      {"f Json @type(Geo)", R"({"$ref":"#/$defs/Geo"})"},
      {"f Bytes", R"({"type":"string","contentEncoding":"base64"})"},
      {"f File", R"({"$ref":"#/$defs/FileRef"})"},
      {"f Role", R"({"$ref":"#/$defs/Role"})"},
      {"f String[]", R"({"type":"array","items":{"type":"string"}})"},
      {"f File[]", R"({"type":"array","items":{"$ref":"#/$defs/FileRef"}})"},
      {"f String?", R"({"type":["string","null"]})"},
      {"f Role?", R"({"anyOf":[{"$ref":"#/$defs/Role"},{"type":"null"}]})"},
      {"f String? @email", R"({"anyOf":[{"type":"string","format":"email"},{"type":"null"}]})"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(field(one.source), one.json) << one.source;
}

TEST(LiteJsonSchemaTest, Validators) {
  const Case cases[] = {
      {"f String @email", R"({"type":"string","format":"email"})"},
      {"f String @url", R"({"type":"string","format":"uri"})"},
      {"f String @phone", R"({"type":"string","format":"phone"})"},
      {"f String @date", R"({"type":"string","format":"date"})"},
      {"f String @datetime", R"({"type":"string","format":"date-time"})"},
      {R"(f String @regex("^a"))", R"({"type":"string","pattern":"^a"})"},
      {"f String @length(1, 9)", R"({"type":"string","minLength":1,"maxLength":9})"},
      {"f String @length(,9)", R"({"type":"string","maxLength":9})"},
      {"f Int @gt(1) @lt(9)", R"({"type":"integer","exclusiveMinimum":1,"exclusiveMaximum":9})"},
      {"f Int @gte(1) @lte(9)", R"({"type":"integer","minimum":1,"maximum":9})"},
      {R"(f String @startsWith("a.b"))", R"({"type":"string","pattern":"^a\\.b"})"},
      {R"(f String @endsWith("?"))", R"({"type":"string","pattern":"\\?$"})"},
      {R"(f String @contains("x") @regex("y"))",
       R"({"type":"string","pattern":"x","allOf":[{"pattern":"y"}]})"},
      {"f String[] @minItems(1) @maxItems(3) @uniqueItems @trim",
       R"({"type":"array","items":{"type":"string"},"minItems":1,"maxItems":3,)"
       R"("uniqueItems":true})"},
      {"f String @markdown", R"({"type":"string","contentMediaType":"text/markdown"})"},
      {R"(f File @accept("image/*"))",
       R"({"$ref":"#/$defs/FileRef","x-litestone-accept":["image/*"]})"},
      {R"(f String @default("x"))", R"({"type":"string","default":"x"})"},
      {"f Int? @default(3)", R"({"type":["integer","null"],"default":3})"},
      {"f Role @default(member)", R"({"$ref":"#/$defs/Role","default":"member"})"},
      {"f DateTime @default(now())", R"({"type":"string","format":"date-time"})"},
      {"f Int @default(other)", R"({"type":"integer"})"},
      {"/// one\n/// two\nf Int", R"({"type":"integer","description":"one\ntwo"})"},
  };
  for (const Case& one : cases)
    EXPECT_EQ(field(one.source), one.json) << one.source;
}

TEST(LiteJsonSchemaTest, CreateAsksForWhatNobodyElseGives) {
  const std::string_view schema =
      "model A { id Int @id need Int maybe Int? with Int @default(1) createdAt DateTime updatedAt "
      "DateTime deletedAt DateTime? list String[] c Int @computed g Int? @guarded }";
  const Object create = definition(schema, "A");
  EXPECT_EQ(names_of(create), "need maybe with list ");
  EXPECT_EQ(required_of(create), R"(["need","list"])");
  const Object update = definition(schema, "A", {.mode = JsonSchemaMode::Update});
  EXPECT_EQ(names_of(update), "need maybe with list ");
  EXPECT_EQ(required_of(update), "none");
  const Object full = definition(schema, "A", kFull);
  EXPECT_EQ(names_of(full), "id need maybe with createdAt updatedAt deletedAt list c ");
  EXPECT_EQ(required_of(full), R"(["id","need","with","createdAt","updatedAt","list","c"])");
  EXPECT_EQ(names_of(definition(schema, "A", {.include_timestamps = true})),
            "need maybe with createdAt updatedAt list ");
  EXPECT_EQ(names_of(definition(schema, "A", {.include_deleted_at = true})),
            "need maybe with deletedAt list ");
  EXPECT_EQ(names_of(definition(schema, "A", {.include_computed = true})),
            "need maybe with list c ");
}

TEST(LiteJsonSchemaTest, DerivedFieldsAreReadOnly) {
  EXPECT_EQ(field("f Int @computed"), "hidden");
  EXPECT_EQ(field("f Int @computed", kFull),
            R"({"type":"integer","readOnly":true,"x-litestone-kind":"computed"})");
  EXPECT_EQ(field("f Int @generated('1')", kFull),
            R"({"type":"integer","readOnly":true,"x-litestone-kind":"generated"})");
  EXPECT_EQ(field("f Int @from(A, count: true)", kFull),
            R"({"type":"integer","readOnly":true,"x-litestone-kind":"from",)"
            R"("x-litestone-from":{"target":"A","op":"count"}})");
}

TEST(LiteJsonSchemaTest, AudiencesSeeDifferentFields) {
  EXPECT_EQ(field("f String @guarded"), "hidden");
  EXPECT_EQ(field("f String @secret"), "hidden");
  EXPECT_EQ(field("f String @encrypted"), R"({"type":"string"})");
  EXPECT_EQ(field("f String @encrypted", kFull), "hidden");
  EXPECT_EQ(field("f String @guarded", kSystem), R"({"type":"string","x-litestone-guarded":true})");
  EXPECT_EQ(field("f String @secret", kSystem), R"({"type":"string","x-litestone-secret":true})");
}

TEST(LiteJsonSchemaTest, APolicyMayHideAField) {
  const std::string_view source = "f Int @allow('read', auth() != null)";
  EXPECT_EQ(field(source, kFull),
            R"({"anyOf":[{"type":"integer"},{"type":"null"}],"x-litestone-read-policy":true})");
  EXPECT_EQ(field("f Int? @allow('all', true)", kFull),
            R"({"type":["integer","null"],"x-litestone-read-policy":true})");
  EXPECT_EQ(field("f Int @allow('write', true)", kFull), R"({"type":"integer"})");
  EXPECT_EQ(required_of(definition("model A { f Int @allow('read', true) }", "A", kFull)), "none");
  EXPECT_EQ(field(source, kSystem), R"({"type":"integer"})");
}

TEST(LiteJsonSchemaTest, ModelsCarryTheirMarks) {
  const Object model = definition(
      "/// Posts\nmodel Post { id Int @id authorId Int author User? @relation(fields: [authorId], "
      "references: [id], onDelete: SetNull) tags Tag[] comments Comment[] @@gate('1.4') "
      "@@allow('read', true) } model User { id Int @id } model Tag { id Int @id posts Post[] }\n"
      "model Comment { id Int @id postId Int post Post @relation(fields: [postId], references: "
      "[id]) }",
      "Post");
  EXPECT_EQ(to_json(model),
            R"({"type":"object","title":"Post","description":"Posts",)"
            R"("properties":{"authorId":{"type":"integer"}},"additionalProperties":false,)"
            R"("required":["authorId"],"x-litestone-policies":true,)"
            R"("x-gate":{"read":1,"create":4,"update":4,"delete":4},"x-relations":[)"
            R"({"field":"author","model":"User","type":"belongsTo","fields":["authorId"],)"
            R"("references":["id"],"onDelete":"SetNull","optional":true},)"
            R"({"field":"tags","model":"Tag","type":"m2m"},)"
            R"({"field":"comments","model":"Comment","type":"hasMany","fields":[],)"
            R"("references":[],"onDelete":null,"optional":false}]})");
}

TEST(LiteJsonSchemaTest, EnumsAndTypes) {
  const std::string_view schema =
      "/// E\nenum State { open done transitions { finish: open -> done } }\n"
      "type Geo { lat Float lon Float? @gte(0) height Float @default(0) }\n"
      "type Open { x Int } model A { s State o Json @type(Open, strict: false) }";
  EXPECT_EQ(to_json(definition(schema, "State")),
            R"({"type":"string","enum":["open","done"],"title":"State","description":"E",)"
            R"("x-litestone-transitions":{"finish":{"from":["open"],"to":"done"}}})");
  EXPECT_EQ(to_json(definition(schema, "Geo")),
            R"({"type":"object","title":"Geo","properties":{"lat":{"type":"number"},)"
            R"("lon":{"anyOf":[{"type":"number","minimum":0},{"type":"null"}]},)"
            R"("height":{"type":"number","default":0}},"additionalProperties":false,)"
            R"("required":["lat"]})");
  EXPECT_EQ(definition(schema, "Open").find("additionalProperties"), nullptr);
  EXPECT_TRUE(definition(schema, "State", {.inline_enums = true}).empty());
  const Object model = definition(schema, "A", {.inline_enums = true});
  EXPECT_EQ(to_json(*model.find("properties")->as_object().find("s")),
            R"({"type":"string","enum":["open","done"]})");
}

TEST(LiteJsonSchemaTest, FormatsOfTheRoot) {
  const Schema schema = parse_valid("enum E { x } model A { e E f File }");
  EXPECT_EQ(to_json(generate_json_schema(parse_valid(""), {.title = "Mine"})),
            R"({"$schema":"https://json-schema.org/draft-07/schema","title":"Mine","$defs":{}})");
  const Object flat = generate_json_schema(schema, {.format = JsonSchemaFormat::Flat});
  std::string names;
  for (const Member& member : flat)
    names += member.name + ' ';
  EXPECT_EQ(names, "$schema A E FileRef ");
  EXPECT_EQ(to_json(*flat.find("A")->as_object().find("properties")->as_object().find("e")),
            R"({"$ref":"#/E"})");
}

}  // namespace
}  // namespace moonstone::lite
