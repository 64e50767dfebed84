// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/catalog_fields.h"

#include <utility>

#include <fmt/format.h>

namespace moonstone::lite {
namespace {

schema::ScalarKind scalar_kind_of(const FieldType& type) {
  if (type.kind != TypeKind::Scalar) return schema::ScalarKind::Text;
  switch (type.scalar) {
    case ScalarType::String:
      return schema::ScalarKind::Text;
    case ScalarType::Int:
      return schema::ScalarKind::Integer;
    case ScalarType::Float:
      return schema::ScalarKind::Real;
    case ScalarType::Boolean:
      return schema::ScalarKind::Boolean;
    case ScalarType::DateTime:
      return schema::ScalarKind::DateTime;
    case ScalarType::Json:
      return schema::ScalarKind::Json;
    case ScalarType::Bytes:
      return schema::ScalarKind::Bytes;
    case ScalarType::File:
      return schema::ScalarKind::File;
  }
  return schema::ScalarKind::Text;
}

schema::FieldDefault call_default(const Default& declared) {
  using Kind = schema::FieldDefault::Kind;
  constexpr std::pair<std::string_view, Kind> kFunctions[] = {
      {"now", Kind::Now},   {"uuid", Kind::Uuid},     {"ulid", Kind::Ulid},
      {"cuid", Kind::Cuid}, {"nanoid", Kind::Nanoid}, {"auth", Kind::Auth},
  };
  for (const auto& [name, kind] : kFunctions) {
    if (declared.function == name) {
      return {.kind = kind, .literal = {}, .name = declared.claim.value_or("id")};
    }
  }
  return {};
}

schema::FieldDefault default_of(const Default& declared) {
  using Kind = schema::FieldDefault::Kind;
  switch (declared.kind) {
    case DefaultKind::Call:
      return call_default(declared);
    case DefaultKind::FieldReference:
      return {.kind = Kind::Field, .literal = {}, .name = declared.field};
    case DefaultKind::Text:
    case DefaultKind::Number:
    case DefaultKind::Boolean:
    case DefaultKind::Enum:
      break;
  }
  return {.kind = Kind::Literal, .literal = declared.value, .name = {}};
}

std::optional<double> number_of(const Value& value) {
  if (value.is_integer() || value.is_number()) return value.to_double();
  return std::nullopt;
}

schema::Validator validator_of(const Validator& declared) {
  using Kind = schema::Validator::Kind;
  // In the order of ValidatorKind.
  constexpr Kind kKinds[] = {
      Kind::Email,  Kind::Url,        Kind::Phone,    Kind::Date,     Kind::DateTime,   Kind::Regex,
      Kind::Length, Kind::StartsWith, Kind::EndsWith, Kind::Contains, Kind::Lt,         Kind::Lte,
      Kind::Gt,     Kind::Gte,        Kind::MinItems, Kind::MaxItems, Kind::UniqueItems};
  const Kind kind = kKinds[static_cast<std::size_t>(declared.kind)];
  schema::Validator validator{.kind = kind,
                              .text = declared.text,
                              .low = declared.minimum,
                              .high = declared.maximum,
                              .message = declared.message};
  if (kind == Kind::Gt || kind == Kind::Gte || kind == Kind::MinItems) {
    validator.low = number_of(declared.value);
  } else if (kind == Kind::Lt || kind == Kind::Lte || kind == Kind::MaxItems) {
    validator.high = number_of(declared.value);
  }
  return validator;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string column_of(const Field& field) {
  const auto* const map = field.find<FieldMap>();
  return map == nullptr ? field.name : map->name;
}

/// The SQL of a generated column: its text names fields, the table has columns.
std::string generated_sql(const Model& model, const Generated& generated) {
  std::string sql = generated.sql;
  for (const std::string& name : generated.fields) {
    const Field* const sibling = model.find_field(name);
    if (sibling == nullptr || column_of(*sibling) == name) continue;
    replace_all(sql, fmt::format("\"{}\"", name), fmt::format("\"{}\"", column_of(*sibling)));
  }
  return sql;
}

/// The expression of a schema function with columns in place of its parameters.
std::string call_sql(const Schema& schema, const Model& model, const FunctionCall& call) {
  const Function* const function = schema.find_function(call.function);
  if (function == nullptr) return {};
  std::string sql = function->expression;
  for (std::size_t i = 0; i < function->parameters.size() && i < call.arguments.size(); ++i) {
    const Field* const sibling = model.find_field(call.arguments[i]);
    const std::string column = sibling == nullptr ? call.arguments[i] : column_of(*sibling);
    replace_all(sql, fmt::format("{{{}}}", function->parameters[i].name),
                fmt::format("\"{}\"", column));
  }
  return sql;
}

/// Puts what the attributes say into a field.
class AttributeReader {
 public:
  AttributeReader(const Schema& schema, const Model& model, schema::ModelField& field)
      : schema_(schema), model_(model), field_(field) {}

  void operator()(FieldFlag flag) const {
    switch (flag) {
      case FieldFlag::Id:
        field_.is_id = true;
        break;
      case FieldFlag::Unique:
        field_.is_unique = true;
        break;
      case FieldFlag::Computed:
        field_.role = schema::FieldRole::Computed;
        break;
      case FieldFlag::Trim:
        field_.transforms.push_back(schema::Transform::Trim);
        break;
      case FieldFlag::Lower:
        field_.transforms.push_back(schema::Transform::Lower);
        break;
      case FieldFlag::Upper:
        field_.transforms.push_back(schema::Transform::Upper);
        break;
      case FieldFlag::Slug:
        field_.transforms.push_back(schema::Transform::Slug);
        break;
      case FieldFlag::UpdatedAt:
        field_.is_updated_at = true;
        break;
      case FieldFlag::HardDelete:    // of relations
      case FieldFlag::KeepVersions:  // of files
      case FieldFlag::Markdown:      // for people
        break;
    }
  }
  void operator()(const FieldMap& map) const { field_.column = map.name; }
  void operator()(const Default& declared) const { field_.default_value = default_of(declared); }
  void operator()(const Generated& generated) const {
    field_.role = schema::FieldRole::Generated;
    field_.generated_sql = generated_sql(model_, generated);
    field_.is_generated_stored = generated.stored;
  }
  void operator()(const FunctionCall& call) const {
    field_.role = schema::FieldRole::Generated;
    field_.generated_sql = call_sql(schema_, model_, call);
    field_.is_generated_stored = true;
  }
  void operator()(const From& /*from*/) const { field_.role = schema::FieldRole::Derived; }
  void operator()(const Omit& omit) const {
    field_.visibility =
        omit.level == OmitLevel::All ? schema::Visibility::OmitAll : schema::Visibility::OmitLists;
  }
  void operator()(const Guarded& guarded) const {
    field_.visibility = guarded.level == GuardLevel::All ? schema::Visibility::GuardedAll
                                                         : schema::Visibility::GuardedLists;
  }
  void operator()(const Encrypted& encrypted) const {
    field_.is_encrypted = true;
    field_.is_searchable = encrypted.searchable;
  }
  void operator()(const Check& check) const { field_.check_sql = check.sql; }
  void operator()(const UpdatedBy& updated_by) const { field_.updated_by = updated_by.claim; }
  void operator()(const Sequence& sequence) const { field_.sequence_scope = sequence.scope; }
  void operator()(const TypeReference& type) const {
    field_.json_type = type.name;
    field_.json_is_strict = type.strict;
  }
  void operator()(const Validator& validator) const {
    field_.validators.push_back(validator_of(validator));
  }
  // Relations are made with the whole schema in view; the rest belongs to later faces.
  void operator()(const Relation& /*relation*/) const {}
  void operator()(const Secret& /*secret*/) const {}
  void operator()(const FieldAllow& /*allow*/) const {}
  void operator()(const Log& /*log*/) const {}
  void operator()(const Accept& /*accept*/) const {}

 private:
  const Schema& schema_;
  const Model& model_;
  schema::ModelField& field_;
};

schema::ModelField field_of_type(const std::string& name, const FieldType& type) {
  schema::ModelField field;
  field.name = name;
  field.column = name;
  field.scalar = scalar_kind_of(type);
  field.type_name = type.name;
  if (type.kind == TypeKind::Enum) field.enum_name = type.name;
  field.is_list = type.array;
  field.is_optional = type.optional;
  return field;
}

}  // namespace

schema::ModelField make_model_field(const Schema& schema, const Model& model, const Field& field) {
  schema::ModelField made = field_of_type(field.name, field.type);
  const AttributeReader read(schema, model, made);
  for (const FieldAttribute& attribute : field.attributes)
    std::visit(read, attribute);
  if (!made.is_stored()) made.column.clear();
  return made;
}

schema::ModelField make_view_field(const ViewField& field) {
  schema::ModelField made = field_of_type(field.name, field.type);
  made.is_id = field.name == "id";
  return made;
}

schema::DerivedField make_derived_field(const From& from, std::size_t target) {
  using Operation = schema::DerivedField::Operation;
  // In the order of FromOperation.
  constexpr Operation kOperations[] = {Operation::First,  Operation::Last, Operation::Count,
                                       Operation::Exists, Operation::Sum,  Operation::Max,
                                       Operation::Min};
  return {.target = target,
          .operation = kOperations[static_cast<std::size_t>(*from.operation)],
          .exists_when = from.flag,
          .field = from.field,
          .where_sql = from.where.value_or(""),
          .order_by = from.order_by.value_or(""),
          .target_field = {},
          .own_field = {}};
}

}  // namespace moonstone::lite
