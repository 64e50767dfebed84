// Moonstone. Licence: see LICENSE.
#include "schema/lite/ast_from_json.h"

#include <utility>

#include "schema/lite/internal/json_reader.h"

namespace moonstone::lite {
namespace {

Result<FieldType> read_type(const JsonReader& json) {
  FieldType type;
  MS_TRY(const std::string kind, json.text("kind"));
  MS_TRY(type.name, json.text("name"));
  type.array = json.flag("array", false);
  type.optional = json.flag("optional", false);
  if (kind == "relation") {
    type.kind = TypeKind::Relation;
  } else if (kind == "implicitM2M") {
    type.kind = TypeKind::ImplicitManyToMany;
  } else if (kind == "enum") {
    type.kind = TypeKind::Enum;
  } else {
    const auto scalar = find_scalar_type(type.name);
    if (kind != "scalar" || !scalar) return json.wrong("no type of this language");
    type.kind = TypeKind::Scalar;
    type.scalar = *scalar;
  }
  return type;
}

Result<Field> read_field(const JsonReader& json) {
  Field field;
  MS_TRY(field.name, json.text("name"));
  MS_TRY(const JsonReader type, json.member("type"));
  MS_TRY(field.type, read_type(type));
  MS_TRY(field.comments, json.texts("comments"));
  MS_TRY_STATUS(json.each("attributes", [&](const JsonReader& attribute) -> Status {
    MS_TRY(FieldAttribute read, read_field_attribute(attribute));
    field.attributes.push_back(std::move(read));
    return {};
  }));
  return field;
}

Result<Model> read_model(const JsonReader& json) {
  Model model;
  MS_TRY(model.name, json.text("name"));
  MS_TRY(model.comments, json.texts("comments"));
  MS_TRY_STATUS(json.each("fields", [&](const JsonReader& field) -> Status {
    MS_TRY(Field read, read_field(field));
    model.fields.push_back(std::move(read));
    return {};
  }));
  MS_TRY_STATUS(json.each("attributes", [&](const JsonReader& attribute) -> Status {
    MS_TRY(ModelAttribute read, read_model_attribute(attribute));
    model.attributes.push_back(std::move(read));
    return {};
  }));
  return model;
}

Result<Database> read_database(const JsonReader& json) {
  Database database;
  MS_TRY(database.name, json.text("name"));
  MS_TRY(const JsonReader path, json.member("path"));
  MS_TRY(const std::string kind, path.text("kind"));
  if (kind == "env") {
    EnvironmentPath environment;
    MS_TRY(environment.variable, path.text("var"));
    environment.fallback = path.optional_text("default");
    database.path = std::move(environment);
  } else {
    MS_TRY(std::string value, path.text("value"));
    database.path = LiteralPath{std::move(value)};
  }
  const std::string driver = json.optional_text("driver").value_or("sqlite");
  for (const DatabaseDriver known :
       {DatabaseDriver::Sqlite, DatabaseDriver::Jsonl, DatabaseDriver::Logger}) {
    if (to_string(known) == driver) database.driver = known;
  }
  database.replication = json.flag("replication", false);
  database.retention = json.optional_text("retention");
  database.max_size = json.optional_text("maxSize");
  database.log_model = json.optional_text("logModel");
  return database;
}

Result<Enum> read_enum(const JsonReader& json) {
  Enum read;
  MS_TRY(read.name, json.text("name"));
  MS_TRY(read.comments, json.texts("comments"));
  MS_TRY_STATUS(json.each("values", [&](const JsonReader& value) -> Status {
    EnumValue added;
    MS_TRY(added.name, value.text("name"));
    MS_TRY(added.comments, value.texts("comments"));
    read.values.push_back(std::move(added));
    return {};
  }));
  const Value* const transitions = json.find("transitions");
  if (transitions == nullptr || !transitions->is_object()) return read;
  read.transitions.emplace();
  MS_TRY(const JsonReader block, json.member("transitions"));
  for (const moonstone::Member& member : transitions->as_object()) {
    MS_TRY(const JsonReader each, block.member(member.name));
    Transition transition{.name = member.name, .from = {}, .to = {}, .position = {}};
    MS_TRY(transition.from, each.texts("from"));
    MS_TRY(transition.to, each.text("to"));
    read.transitions->push_back(std::move(transition));
  }
  return read;
}

Result<Function> read_function(const JsonReader& json) {
  Function function;
  MS_TRY(function.name, json.text("name"));
  MS_TRY(function.return_type, json.text("returnType"));
  MS_TRY(function.expression, json.text("expr"));
  MS_TRY(function.comments, json.texts("comments"));
  MS_TRY_STATUS(json.each("params", [&](const JsonReader& parameter) -> Status {
    FunctionParameter added;
    MS_TRY(added.name, parameter.text("name"));
    MS_TRY(added.type, parameter.text("type"));
    function.parameters.push_back(std::move(added));
    return {};
  }));
  return function;
}

Result<View> read_view(const JsonReader& json) {
  View view;
  MS_TRY(view.name, json.text("name"));
  MS_TRY(view.sql, json.text("sql"));
  view.materialized = json.flag("materialized", false);
  view.database = json.optional_text("db");
  MS_TRY(view.refresh_on, json.texts("refreshOn"));
  MS_TRY(view.comments, json.texts("comments"));
  MS_TRY_STATUS(json.each("fields", [&](const JsonReader& field) -> Status {
    ViewField added;
    MS_TRY(added.name, field.text("name"));
    MS_TRY(const JsonReader type, field.member("type"));
    MS_TRY(added.type, read_type(type));
    MS_TRY(added.comments, field.texts("comments"));
    view.fields.push_back(std::move(added));
    return {};
  }));
  return view;
}

/// Reads every element of a list with one of the functions above.
template <class Item>
Status read_list(const JsonReader& json,
                 std::string_view name,
                 Result<Item> (*read)(const JsonReader&),
                 std::vector<Item>& items) {
  return json.each(name, [&](const JsonReader& element) -> Status {
    MS_TRY(Item item, read(element));
    items.push_back(std::move(item));
    return {};
  });
}

}  // namespace

Result<Schema> schema_from_json(const Value& value) {
  const JsonReader json(value, "$");
  if (!value.is_object()) return json.wrong("no schema: an object is expected");
  Schema schema;
  MS_TRY(schema.imports, json.texts("imports"));
  MS_TRY_STATUS(read_list(json, "databases", read_database, schema.databases));
  MS_TRY_STATUS(read_list(json, "models", read_model, schema.models));
  MS_TRY_STATUS(read_list(json, "views", read_view, schema.views));
  MS_TRY_STATUS(read_list(json, "enums", read_enum, schema.enums));
  MS_TRY_STATUS(read_list(json, "functions", read_function, schema.functions));
  MS_TRY_STATUS(read_list(json, "traits", read_model, schema.traits));
  MS_TRY_STATUS(read_list(json, "types", read_model, schema.types));
  return schema;
}

}  // namespace moonstone::lite
