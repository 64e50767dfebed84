// Moonstone. Licence: see LICENSE.
//
// From the tree to models, and the tree from its JSON. Source: litestone.md 1, 6.8, 7, 32.2.
#include "schema/lite/catalog.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "schema/lite/ast_from_json.h"
#include "schema/lite/ast_json.h"
#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

using schema::RelationKind;

schema::CatalogPtr catalog_of(std::string_view text, const CatalogOptions& options = {}) {
  auto catalog = make_catalog(parse_valid(text), options);
  EXPECT_TRUE(catalog) << catalog.error().message();
  return catalog ? *catalog : std::make_shared<const schema::Catalog>();
}

constexpr std::string_view kBlog = R"(
enum Role { admin member transitions { promote: member -> admin } }
function twice(a: Int): Int { @@expr("{a} * 2") }
model User {
  id Int @id
  email String @unique @email @lower
  role Role @default(member)
  age Int @map("years") @gte(18, "too young")
  double Int @twice(age)
  half Float @generated("{age} / 2")
  posts Post[] @hardDelete
  postCount Int @from(Post, count: true, where: "title <> ''")
  deletedAt DateTime?
  @@softDelete(cascade)
  @@index([email, role])
}
model Post {
  id Int @id
  title String @default("new") @length(1, 9)
  author User @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int
  tags Tag[]
  parent Post? @relation(fields: [parentId], references: [id])
  parentId Int?
  @@fts([title])
  @@unique([title, authorId])
}
model Tag { id Int @id
  label String
  posts Post[] }
model PageView { path String
  @@map("views") }
)";

TEST(LiteCatalogTest, FieldsSayHowTheyAreStored) {
  const auto catalog = catalog_of(kBlog);
  const schema::Model& user = *catalog->find_model("User");
  EXPECT_EQ(user.accessor, "user");
  EXPECT_EQ(user.table, "user");
  EXPECT_EQ(user.key, std::vector<std::string>{"id"});
  EXPECT_TRUE(user.has_soft_delete && user.soft_delete_cascades);
  const schema::ModelField& age = *user.find_field("age");
  EXPECT_EQ(age.column, "years");
  ASSERT_EQ(age.validators.size(), 1U);
  EXPECT_EQ(age.validators[0].low, 18.0);
  EXPECT_EQ(age.validators[0].message, "too young");
  EXPECT_EQ(user.find_field("double")->generated_sql, R"("years" * 2)");
  EXPECT_TRUE(user.find_field("double")->is_generated_stored);
  EXPECT_EQ(user.find_field("half")->generated_sql, R"("years" / 2)");
  EXPECT_EQ(user.find_field("posts"), nullptr);  // a relation
  EXPECT_EQ(user.find_field("role")->default_value.literal, Value("member"));
  EXPECT_EQ(user.find_field("email")->transforms.front(), schema::Transform::Lower);
  EXPECT_EQ(catalog->find_model("PageView")->table, "views");
  EXPECT_TRUE(catalog->find_model("PageView")->key.empty());
  EXPECT_EQ(catalog->find_enum("Role")->transitions.front().to, "admin");
}

TEST(LiteCatalogTest, RelationsAreKnownFromBothSides) {
  const auto catalog = catalog_of(kBlog);
  const schema::Model& post = *catalog->find_model("Post");
  const schema::Relation& author = *post.find_relation("author");
  EXPECT_EQ(author.kind, RelationKind::BelongsTo);
  EXPECT_EQ(catalog->models[author.target].name, "User");
  EXPECT_EQ(author.own_fields, std::vector<std::string>{"authorId"});
  EXPECT_EQ(author.on_delete, "Cascade");
  const schema::Relation& posts = *catalog->find_model("User")->find_relation("posts");
  EXPECT_EQ(posts.kind, RelationKind::HasMany);
  EXPECT_EQ(posts.target_fields, std::vector<std::string>{"authorId"});
  EXPECT_TRUE(posts.is_hard_delete);
  EXPECT_FALSE(posts.is_implied);
  // No list declares the children of a post: they have the name of their model.
  const schema::Relation& children = *post.find_relation("Post");
  EXPECT_EQ(children.kind, RelationKind::HasMany);
  EXPECT_TRUE(children.is_implied);
}

TEST(LiteCatalogTest, ManyToManyHasATableOfItsOwn) {
  const auto catalog = catalog_of(kBlog);
  const schema::Model& join = *catalog->find_model("_post_tag");
  EXPECT_TRUE(join.is_join_table);
  ASSERT_EQ(join.fields.size(), 2U);
  EXPECT_EQ(join.fields[0].name, "postId");
  EXPECT_EQ(join.fields[1].name, "tagId");
  const schema::Relation& tags = *catalog->find_model("Post")->find_relation("tags");
  EXPECT_EQ(tags.kind, RelationKind::ManyToMany);
  EXPECT_EQ(tags.join_table, "_post_tag");
  EXPECT_EQ(tags.join_own, "postId");
  EXPECT_EQ(tags.join_target, "tagId");
  const schema::Relation& posts = *catalog->find_model("Tag")->find_relation("posts");
  EXPECT_EQ(posts.join_own, "tagId");
}

TEST(LiteCatalogTest, DerivedFieldsKnowWhatJoinsThem) {
  const auto catalog = catalog_of(kBlog);
  const schema::ModelField& count = *catalog->find_model("User")->find_field("postCount");
  ASSERT_TRUE(count.derived);
  EXPECT_EQ(count.role, schema::FieldRole::Derived);
  EXPECT_EQ(count.derived->target_field, "authorId");
  EXPECT_EQ(count.derived->own_field, "id");
  EXPECT_EQ(count.derived->where_sql, "title <> ''");
  EXPECT_TRUE(count.column.empty());
}

TEST(LiteCatalogTest, TablesAreInThePluralOnRequest) {
  const auto catalog = catalog_of(kBlog, {.database = "main", .pluralize = Pluralize::Yes});
  EXPECT_EQ(catalog->find_model("User")->table, "users");
  EXPECT_EQ(catalog->find_model("PageView")->table, "views");  // said so itself
}

TEST(LiteCatalogTest, EachDatabaseHasItsOwnModels) {
  constexpr std::string_view kTwo = R"(
    database main { path "./a.db" }
    database other { path "./b.db" }
    model A { id Int @id }
    model B { id Int @id
      @@db(other) }
  )";
  EXPECT_EQ(catalog_of(kTwo)->models.size(), 1U);
  const auto other = catalog_of(kTwo, {.database = "other", .pluralize = Pluralize::No});
  ASSERT_EQ(other->models.size(), 1U);
  EXPECT_EQ(other->models.front().name, "B");
}

TEST(LiteCatalogTest, IsReadAgainFromItsSource) {
  const auto catalog = catalog_of(kBlog, {.database = "main", .pluralize = Pluralize::Yes});
  const auto again = load_catalog(catalog->source);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ((*again)->source, catalog->source);
  ASSERT_EQ((*again)->models.size(), catalog->models.size());
  for (std::size_t i = 0; i < catalog->models.size(); ++i) {
    EXPECT_EQ((*again)->models[i].table, catalog->models[i].table);
    EXPECT_EQ((*again)->models[i].fields.size(), catalog->models[i].fields.size());
    EXPECT_EQ((*again)->models[i].relations.size(), catalog->models[i].relations.size());
  }
  EXPECT_EQ(load_catalog(Object()).error().code(), ErrorCode::Corruption);
}

TEST(LiteAstFromJsonTest, GivesTheTreeBack) {
  const Schema schema = parse_valid(read_test_file("golden/everything.lite"));
  const Value json = schema_to_json(schema);
  const auto again = schema_from_json(json);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(to_json_indented(schema_to_json(*again)), to_json_indented(json));
}

TEST(LiteAstFromJsonTest, NamesThePlaceOfWhatIsWrong) {
  const auto message = [](std::string_view text) {
    const auto read = schema_from_json(*parse_json(text));
    return read ? std::string("valid") : read.error().message();
  };
  EXPECT_EQ(message("7"), "$: no schema: an object is expected");
  EXPECT_EQ(message(R"({"models":[{}]})"), "$.models[0].name: is missing");
  EXPECT_EQ(message(R"({"models":[{"name":"A","fields":[{"name":"x","type":{"kind":"scalar",)"
                    R"("name":"Nope"}}]}]})"),
            "$.models[0].fields[0].type: no type of this language");
  EXPECT_EQ(message(R"({"models":[{"name":"A","attributes":[{"kind":"zap"}]}]})"),
            "$.models[0].attributes[0]: no such attribute of a model: zap");
}

}  // namespace
}  // namespace moonstone::lite
