// Moonstone. Licence: see LICENSE.
#include "tests/store/model_catalog.h"

#include <memory>
#include <utility>

namespace moonstone::store {

using schema::FieldDefault;
using schema::Model;
using schema::ModelField;
using schema::Relation;
using schema::RelationKind;
using schema::ScalarKind;

ModelField model_field(std::string_view name, ScalarKind scalar) {
  ModelField field;
  field.name = name;
  field.column = name;
  field.scalar = scalar;
  return field;
}

ModelField optional_field(std::string_view name, ScalarKind scalar) {
  ModelField field = model_field(name, scalar);
  field.is_optional = true;
  return field;
}

ModelField list_field(std::string_view name) {
  ModelField field = model_field(name);
  field.is_list = true;
  return field;
}

ModelField id_field() {
  ModelField field = model_field("id", ScalarKind::Integer);
  field.is_id = true;
  return field;
}

ModelField generated_field(std::string_view name, std::string_view sql) {
  ModelField field = model_field(name);
  field.role = schema::FieldRole::Generated;
  field.generated_sql = sql;
  return field;
}

ModelField with_default(ModelField field, Value literal) {
  field.default_value.kind = FieldDefault::Kind::Literal;
  field.default_value.literal = std::move(literal);
  return field;
}

ModelField with_default(ModelField field, FieldDefault::Kind kind) {
  field.default_value.kind = kind;
  return field;
}

Model model_of(std::string_view name, std::string_view table, std::vector<ModelField> fields) {
  Model model;
  model.name = name;
  model.accessor = name;
  model.table = table;
  model.fields = std::move(fields);
  for (const ModelField& field : model.fields) {
    if (field.is_id) model.key.push_back(field.name);
  }
  return model;
}

Relation belongs_to(std::string_view name,
                    std::size_t target,
                    std::string_view own_field,
                    std::string_view target_field,
                    std::string_view on_delete) {
  Relation relation;
  relation.name = name;
  relation.target = target;
  relation.own_fields = {std::string(own_field)};
  relation.target_fields = {std::string(target_field)};
  relation.on_delete = on_delete;
  return relation;
}

namespace {

enum Position : std::size_t { kUser, kPost, kTag };

Model user_model() {
  ModelField email = model_field("email");
  email.is_unique = true;
  ModelField role = with_default(model_field("role"), Value("member"));
  role.enum_name = "Role";
  return model_of(
      "User", "user",
      {id_field(), email, optional_field("name"), optional_field("age", ScalarKind::Integer), role,
       with_default(model_field("active", ScalarKind::Boolean), Value(true)),
       optional_field("score", ScalarKind::Real), optional_field("data", ScalarKind::Json),
       list_field("tags"), optional_field("photo", ScalarKind::Bytes)});
}

Model post_model() {
  ModelField updated_at = model_field("updatedAt", ScalarKind::DateTime);
  updated_at.is_updated_at = true;
  Model post =
      model_of("Post", "post",
               {id_field(), model_field("title"), model_field("authorId", ScalarKind::Integer),
                updated_at, optional_field("deletedAt", ScalarKind::DateTime)});
  post.relations.push_back(belongs_to("author", kUser, "authorId", "id", "Cascade"));
  Relation tags;
  tags.name = "tags";
  tags.kind = RelationKind::ManyToMany;
  tags.target = kTag;
  tags.own_fields = {"id"};
  tags.target_fields = {"slug"};
  tags.join_table = "_post_tag";
  tags.join_own = "postId";
  tags.join_target = "tagId";
  post.relations.push_back(std::move(tags));
  post.indexes = {{{"authorId", "title"}}};
  post.search_fields = {"title"};
  post.has_soft_delete = true;
  return post;
}

ModelField key_field(std::string_view name, ScalarKind scalar = ScalarKind::Text) {
  ModelField field = model_field(name, scalar);
  field.is_id = true;
  return field;
}

Model person_model() {
  ModelField full_name = model_field("fullName");
  full_name.column = "full_name";
  return model_of("Person", "person",
                  {id_field(), full_name, generated_field("shout", "upper(\"full_name\")")});
}

Model join_model() {
  Model join = model_of("_post_tag", "_post_tag",
                        {key_field("postId", ScalarKind::Integer), key_field("tagId")});
  join.is_join_table = true;
  join.relations = {belongs_to("post", kPost, "postId", "id", "Cascade"),
                    belongs_to("tag", kTag, "tagId", "slug", "Cascade")};
  return join;
}

Model view_model() {
  Model view =
      model_of("Adult", "adult", {model_field("id", ScalarKind::Integer), model_field("email")});
  view.is_view = true;
  view.view_sql = "SELECT \"id\", \"email\" FROM \"user\" WHERE \"age\" >= 18";
  return view;
}

Model external_model() {
  Model external = model_of("Old", "old", {id_field(), optional_field("text")});
  external.is_external = true;
  return external;
}

}  // namespace

schema::CatalogPtr example_catalog() {
  auto catalog = std::make_shared<schema::Catalog>();
  catalog->enums.push_back({.name = "Role", .values = {"admin", "member"}, .transitions = {}});
  catalog->models = {
      user_model(),
      post_model(),
      model_of("Tag", "tag", {key_field("slug"), model_field("label")}),
      model_of("Setting", "setting",
               {key_field("scope"), key_field("name"), optional_field("value", ScalarKind::Json)}),
      model_of("Event", "event", {model_field("text")}),
      person_model(),
      external_model(),
      join_model(),
      view_model()};
  catalog->source = Object{{"example", true}};
  return catalog;
}

}  // namespace moonstone::store
