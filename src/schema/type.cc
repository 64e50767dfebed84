// Moonstone. Licence: see LICENSE.
#include "schema/type.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace moonstone::schema {
namespace {

/// Levels of one validator. The readings of a type recurse; nobody writes deeper ones by hand.
constexpr std::size_t kTypeDepthMax = 32;

struct KindName {
  TypeKind kind;
  std::string_view name;
};

constexpr std::array<KindName, 15> kKindNames{{
    {TypeKind::String, "string"},
    {TypeKind::Number, "number"},
    {TypeKind::Float64, "float64"},
    {TypeKind::Int64, "int64"},
    {TypeKind::Boolean, "boolean"},
    {TypeKind::Null, "null"},
    {TypeKind::Any, "any"},
    {TypeKind::Bytes, "bytes"},
    {TypeKind::Id, "id"},
    {TypeKind::Literal, "literal"},
    {TypeKind::Object, "object"},
    {TypeKind::Array, "array"},
    {TypeKind::Union, "union"},
    {TypeKind::Record, "record"},
    {TypeKind::Optional, "optional"},
}};

std::string_view name_of(TypeKind kind) {
  return std::ranges::find(kKindNames, kind, &KindName::kind)->name;
}

/// Reads ValidatorJSON; keeps the place of the part at hand for error messages.
class TypeParser {
 public:
  Result<TypePtr> parse(const Value& json) {
    if (depth_ == kTypeDepthMax) {
      return Error(
          ErrorCode::LimitExceeded,
          "validator is nested deeper than " + std::to_string(kTypeDepthMax) + " levels" + place());
    }
    ++depth_;
    auto type = parse_node(json);
    --depth_;
    return type;
  }

 private:
  [[nodiscard]] std::string place() const { return path_.empty() ? "" : " at " + path_; }

  [[nodiscard]] Error bad(std::string_view what) const {
    return Error(ErrorCode::InvalidArgument, std::string(what) + place());
  }

  /// Parses a part whose place is the current one plus `segment`.
  Result<TypePtr> parse_part(const Value* json, std::string_view segment) {
    const std::size_t length = path_.size();
    if (!path_.empty()) path_ += '.';
    path_ += segment;
    auto type = json == nullptr ? Result<TypePtr>(bad("a validator is missing")) : parse(*json);
    path_.resize(length);
    return type;
  }

  Result<TypePtr> parse_node(const Value& json) {
    if (!json.is_object()) return bad("a validator must be an object with a member \"type\"");
    const Object& object = json.as_object();
    const Value* name = object.find("type");
    if (name == nullptr || !name->is_text()) {
      return bad("a validator must have a text member \"type\"");
    }
    const auto found = std::ranges::find(kKindNames, name->as_text(), &KindName::name);
    if (found == kKindNames.end()) {
      return bad("Unknown validator type \"" + name->as_text() + "\"");
    }
    switch (found->kind) {
      case TypeKind::String:
      case TypeKind::Number:
      case TypeKind::Float64:
      case TypeKind::Int64:
      case TypeKind::Boolean:
      case TypeKind::Null:
      case TypeKind::Any:
      case TypeKind::Bytes:
        return Type::scalar(found->kind);
      case TypeKind::Id:
        return parse_id(object);
      case TypeKind::Literal:
        return parse_literal(object);
      case TypeKind::Object:
        return parse_object(object);
      case TypeKind::Union:
        return parse_union(object);
      case TypeKind::Record:
        return parse_record(object);
      case TypeKind::Array: {
        MS_TRY(TypePtr element, parse_part(object.find("value"), "value"));
        return Type::array(std::move(element));
      }
      case TypeKind::Optional: {
        MS_TRY(TypePtr inner, parse_part(object.find("value"), "value"));
        return Type::optional(std::move(inner));
      }
    }
    return bad("Unknown validator type");
  }

  Result<TypePtr> parse_id(const Object& object) {
    const Value* table = object.find("tableName");
    if (table == nullptr || !table->is_text() || table->as_text().empty()) {
      return bad("an id validator must name its table in \"tableName\"");
    }
    return Type::id(table->as_text());
  }

  Result<TypePtr> parse_literal(const Object& object) {
    const Value* value = object.find("value");
    if (value == nullptr ||
        !(value->is_text() || value->is_boolean() || value->is_integer() || value->is_number())) {
      return bad("a literal validator must have a text, number or boolean as \"value\"");
    }
    return Type::literal(*value);
  }

  Result<TypePtr> parse_object(const Object& object) {
    const Value* members = object.find("value");
    if (members == nullptr || !members->is_object()) {
      return bad("an object validator must have an object of validators as \"value\"");
    }
    std::vector<Type::Property> properties;
    properties.reserve(members->as_object().size());
    for (const Member& member : members->as_object()) {
      MS_TRY(TypePtr type, parse_part(&member.value, member.name));
      properties.push_back({member.name, std::move(type)});
    }
    return Type::object(std::move(properties));
  }

  Result<TypePtr> parse_union(const Object& object) {
    const Value* members = object.find("value");
    if (members == nullptr || !members->is_array()) {
      return bad("a union validator must have an array of validators as \"value\"");
    }
    std::vector<TypePtr> types;
    types.reserve(members->as_array().size());
    for (const Value& member : members->as_array()) {
      MS_TRY(TypePtr type, parse_part(&member, std::to_string(types.size())));
      types.push_back(std::move(type));
    }
    return Type::one_of(std::move(types));
  }

  Result<TypePtr> parse_record(const Object& object) {
    MS_TRY(TypePtr keys, parse_part(object.find("keys"), "keys"));
    MS_TRY(TypePtr values, parse_part(object.find("values"), "values"));
    return Type::record(std::move(keys), std::move(values));
  }

  std::string path_;
  std::size_t depth_ = 0;
};

bool same_types(const std::vector<TypePtr>& a, const std::vector<TypePtr>& b) {
  return std::ranges::equal(a, b, [](const TypePtr& x, const TypePtr& y) { return *x == *y; });
}

}  // namespace

TypePtr Type::scalar(TypeKind kind) {
  return std::make_shared<Type>(kind);
}

TypePtr Type::id(std::string table) {
  auto type = std::make_shared<Type>(TypeKind::Id);
  type->table_ = std::move(table);
  return type;
}

TypePtr Type::literal(Value value) {
  auto type = std::make_shared<Type>(TypeKind::Literal);
  // A JavaScript literal is a number also where JSON text shows it as an integer.
  type->literal_ = value.is_integer() ? Value(value.to_double()) : std::move(value);
  return type;
}

TypePtr Type::object(std::vector<Property> properties) {
  auto type = std::make_shared<Type>(TypeKind::Object);
  type->properties_ = std::move(properties);
  return type;
}

TypePtr Type::array(TypePtr element) {
  auto type = std::make_shared<Type>(TypeKind::Array);
  type->children_ = {std::move(element)};
  return type;
}

TypePtr Type::one_of(std::vector<TypePtr> members) {
  auto type = std::make_shared<Type>(TypeKind::Union);
  type->children_ = std::move(members);
  return type;
}

TypePtr Type::record(TypePtr keys, TypePtr values) {
  auto type = std::make_shared<Type>(TypeKind::Record);
  type->children_ = {std::move(keys), std::move(values)};
  return type;
}

TypePtr Type::optional(TypePtr inner) {
  auto type = std::make_shared<Type>(TypeKind::Optional);
  type->children_ = {std::move(inner)};
  return type;
}

bool Type::accepts_null() const {
  switch (kind_) {
    case TypeKind::Null:
    case TypeKind::Any:
      return true;
    case TypeKind::Optional:
    case TypeKind::Union:
      return std::ranges::any_of(children_,
                                 [](const TypePtr& child) { return child->accepts_null(); });
    case TypeKind::String:
    case TypeKind::Number:
    case TypeKind::Float64:
    case TypeKind::Int64:
    case TypeKind::Boolean:
    case TypeKind::Bytes:
    case TypeKind::Id:
    case TypeKind::Literal:
    case TypeKind::Object:
    case TypeKind::Array:
    case TypeKind::Record:
      return false;
  }
  return false;
}

const Type& Type::required() const {
  return is_optional() ? *children_.front() : *this;
}

bool operator==(const Type& a, const Type& b) {
  if (&a == &b) return true;
  return a.kind_ == b.kind_ && a.table_ == b.table_ && a.literal_ == b.literal_ &&
         std::ranges::equal(a.properties_, b.properties_,
                            [](const Type::Property& x, const Type::Property& y) {
                              return x.name == y.name && *x.type == *y.type;
                            }) &&
         same_types(a.children_, b.children_);
}

Result<TypePtr> parse_type(const Value& validator_json) {
  return TypeParser().parse(validator_json);
}

Value type_to_json(const Type& type) {
  Object json{{"type", name_of(type.kind())}};
  switch (type.kind()) {
    case TypeKind::String:
    case TypeKind::Number:
    case TypeKind::Float64:
    case TypeKind::Int64:
    case TypeKind::Boolean:
    case TypeKind::Null:
    case TypeKind::Any:
    case TypeKind::Bytes:
      break;
    case TypeKind::Id:
      json.append("tableName", type.table());
      break;
    case TypeKind::Literal:
      json.append("value", type.literal_value());
      break;
    case TypeKind::Object: {
      Object members;
      for (const Type::Property& property : type.properties()) {
        members.set(property.name, type_to_json(*property.type));
      }
      json.append("value", std::move(members));
      break;
    }
    case TypeKind::Array:
    case TypeKind::Optional:
      json.append("value", type_to_json(*type.children().front()));
      break;
    case TypeKind::Union: {
      Array members;
      for (const TypePtr& member : type.children())
        members.push_back(type_to_json(*member));
      json.append("value", std::move(members));
      break;
    }
    case TypeKind::Record:
      json.append("keys", type_to_json(*type.children()[0]));
      json.append("values", type_to_json(*type.children()[1]));
      break;
  }
  return json;
}

bool mentions_int64(const Type& type) {
  if (type.kind() == TypeKind::Int64) return true;
  for (const Type::Property& property : type.properties()) {
    if (mentions_int64(*property.type)) return true;
  }
  for (const TypePtr& child : type.children()) {
    if (mentions_int64(*child)) return true;
  }
  return false;
}

}  // namespace moonstone::schema
