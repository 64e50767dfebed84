// Moonstone. Licence: see LICENSE.
// typescript_of: types as code generation prints them.

#include <algorithm>

#include "base/json.h"
#include "schema/names.h"
#include "schema/type.h"

namespace moonstone::schema {
namespace {

std::string print(const Type& type);

std::string quoted(std::string_view text) {
  std::string out;
  write_json_string(text, out);
  return out;
}

std::string join_members(const std::vector<TypePtr>& members) {
  std::string out;
  for (const TypePtr& member : members) {
    if (!out.empty()) out += " | ";
    out += print(*member);
  }
  return out.empty() ? "never" : out;
}

std::string print_object(const Type& type) {
  if (type.properties().empty()) return "{}";
  std::string out = "{ ";
  for (const Type::Property& property : type.properties()) {
    if (out.size() > 2) out += ", ";
    out += is_javascript_identifier(property.name) ? property.name : quoted(property.name);
    out += property.type->is_optional() ? "?: " : ": ";
    out += print(property.type->required());
  }
  return out + " }";
}

/// Whether the text has an operator that binds more loosely than `[]`.
bool needs_parentheses(const Type& element) {
  switch (element.kind()) {
    case TypeKind::Int64:
    case TypeKind::Optional:
      return true;
    case TypeKind::Union:
      return element.children().size() > 1 ||
             (element.children().size() == 1 && needs_parentheses(*element.children().front()));
    case TypeKind::String:
    case TypeKind::Number:
    case TypeKind::Float64:
    case TypeKind::Boolean:
    case TypeKind::Null:
    case TypeKind::Any:
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

std::string print(const Type& type) {
  switch (type.kind()) {
    case TypeKind::String:
      return "string";
    case TypeKind::Number:
    case TypeKind::Float64:
      return "number";
    case TypeKind::Int64:
      return "number | bigint";
    case TypeKind::Boolean:
      return "boolean";
    case TypeKind::Null:
      return "null";
    case TypeKind::Any:
      return "any";
    case TypeKind::Bytes:
      return "ArrayBuffer";
    case TypeKind::Id:
      return "Id<" + quoted(type.table()) + ">";
    case TypeKind::Literal:
      return to_json(type.literal_value());
    case TypeKind::Object:
      return print_object(type);
    case TypeKind::Array: {
      const Type& element = *type.children().front();
      return needs_parentheses(element) ? "(" + print(element) + ")[]" : print(element) + "[]";
    }
    case TypeKind::Union:
      return join_members(type.children());
    case TypeKind::Record:
      return "Record<" + print(*type.children()[0]) + ", " + print(*type.children()[1]) + ">";
    case TypeKind::Optional:
      return print(type.required()) + " | undefined";
  }
  return "any";
}

}  // namespace

std::string typescript_of(const Type& type) {
  return print(type);
}

}  // namespace moonstone::schema
