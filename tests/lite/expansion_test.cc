// Moonstone. Licence: see LICENSE.
//
// What happens to the tree after syntax. Source: litestone.md 3.6
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

std::string field_names_of(const Model& model) {
  std::string names;
  for (const Field& field : model.fields)
    names += field.name + ' ';
  return names;
}

TEST(LiteExpansionTest, TraitsComeBeforeWhatTheModelDeclares) {
  const Schema schema = parse_valid(
      "trait Base { createdAt DateTime @default(now()) @@index([createdAt]) }\n"
      "trait Owned { ownerId Int @@trait(Base) @@index([ownerId]) }\n"
      "trait Named { name String }\n"
      "model A { id Int @id @@noStrict @@trait(Named) @@trait(Owned) }");
  const Model& model = schema.models.at(0);
  EXPECT_EQ(field_names_of(model), "name createdAt ownerId id ");
  ASSERT_EQ(model.attributes.size(), 3U);
  EXPECT_EQ(std::get<Index>(model.attributes[0]).fields.front(), "createdAt");
  EXPECT_EQ(std::get<Index>(model.attributes[1]).fields.front(), "ownerId");
  EXPECT_EQ(std::get<ModelFlag>(model.attributes[2]), ModelFlag::NoStrict);
  EXPECT_EQ(model.find<TraitUse>(), nullptr);
  EXPECT_NE(schema.traits.at(1).find<TraitUse>(), nullptr) << "the trait itself stays as written";
}

TEST(LiteExpansionTest, TheModelsOwnFieldWins) {
  const Schema schema =
      parse_valid("trait T { name String other Int } model A { name Int? @@trait(T) }");
  EXPECT_EQ(field_names_of(schema.models.at(0)), "other name ");
  EXPECT_TRUE(schema.models[0].find_field("name")->type.is_scalar(ScalarType::Int));
}

TEST(LiteExpansionTest, AFieldOfATraitIsResolvedInItsHost) {
  const Schema schema = parse_valid(
      "enum E { x } trait T { title String @default(heading) e E @default(x) }\n"
      "model A { heading String @@trait(T) } model B { heading String @@trait(T) }");
  for (const Model& model : schema.models) {
    EXPECT_EQ(model.find_field("title")->find<Default>()->kind, DefaultKind::FieldReference);
    EXPECT_EQ(model.find_field("title")->find<Default>()->field, "heading");
    EXPECT_EQ(model.find_field("e")->find<Default>()->kind, DefaultKind::Enum);
  }
  const ParseResult missing =
      parse("trait T { title String @default(heading) } model A { a Int @@trait(T) }");
  EXPECT_EQ(lines_of(missing.errors),
            "Model 'A', field 'title': @default(heading) — 'heading' is not a field or enum "
            "value\n");
}

TEST(LiteExpansionTest, SecretMeansEncryptedGuardedAndLogged) {
  const Schema schema = parse_valid(
      "database audit { path 'a' driver logger } database second { path 'b' driver logger }\n"
      "model A { k String @secret l String @secret @log(second) }");
  const Field& key = schema.models.at(0).fields.at(0);
  EXPECT_FALSE(key.find<Encrypted>()->searchable);
  EXPECT_EQ(key.find<Guarded>()->level, GuardLevel::All);
  EXPECT_EQ(key.find<Log>()->database, "audit");
  EXPECT_FALSE(key.find<Log>()->reads);
  EXPECT_TRUE(key.find<Log>()->writes);
  const Field& logged = schema.models.at(0).fields.at(1);
  EXPECT_EQ(logged.find<Log>()->database, "second");
  EXPECT_EQ(std::ranges::count_if(
                logged.attributes,
                [](const FieldAttribute& one) { return std::holds_alternative<Log>(one); }),
            1);
}

TEST(LiteExpansionTest, TemplatesGetAMarker) {
  const Schema schema = parse_valid(
      "model A { id Int @id @@hasTemplates } model B { t Boolean @default(false) "
      "@@hasTemplates(field: 't') }");
  const Field& marker = schema.models.at(0).fields.back();
  EXPECT_EQ(marker.name, "isTemplate");
  EXPECT_TRUE(marker.type.is_scalar(ScalarType::Boolean));
  EXPECT_EQ(marker.find<Default>()->value, Value(false));
  EXPECT_EQ(schema.models.at(1).fields.size(), 1U);
}

TEST(LiteExpansionTest, ListsAreRelationsOrManyToMany) {
  const Schema schema = parse_valid(
      "model User { id Int @id posts Post[] }\n"
      "model Post { id Int @id authorId Int author User @relation(fields: [authorId], references: "
      "[id]) tags Tag[] latest Comment @from(Comment, last: true) }\n"
      "model Tag { id Int @id posts Post[] }\n"
      "model Comment { id Int @id postId Int post Post? @relation(fields: [postId], references: "
      "[id]) }\n"
      "model Node { id Int @id parentId Int? parent Node? @relation(fields: [parentId], "
      "references: "
      "[id]) children Node[] }");
  const auto kind = [&](const char* model, const char* field) {
    return schema.find_model(model)->find_field(field)->type.kind;
  };
  EXPECT_EQ(kind("User", "posts"), TypeKind::Relation);
  EXPECT_EQ(kind("Post", "author"), TypeKind::Relation);
  EXPECT_EQ(kind("Post", "tags"), TypeKind::ImplicitManyToMany);
  EXPECT_EQ(kind("Tag", "posts"), TypeKind::ImplicitManyToMany);
  EXPECT_EQ(kind("Post", "latest"), TypeKind::Relation);
  EXPECT_EQ(kind("Node", "children"), TypeKind::Relation);
}

TEST(LiteExpansionTest, TwoModelsWithOneTraitShareNothing) {
  Schema schema = parse_valid(
      "trait T { name String @trim } model A { id Int @id @@trait(T) } model B { id Int @id "
      "@@trait(T) }");
  schema.models[0].fields[0].attributes.clear();
  EXPECT_TRUE(schema.models[1].fields[0].has(FieldFlag::Trim));
}

}  // namespace
}  // namespace moonstone::lite
