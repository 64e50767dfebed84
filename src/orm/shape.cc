// Moonstone. Licence: see LICENSE.
#include "orm/internal/shape.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace moonstone::orm {
namespace {

/// Deeper arguments are refused: they would exceed query::kExprDepthMax too.
constexpr std::size_t kDepthMax = 64;

/// Kinds of values as a key has them. One letter says what a conversion may do with the value.
char kind_letter(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
      return 'u';
    case ValueKind::Null:
      return 'n';
    case ValueKind::Boolean:
      return 'b';
    case ValueKind::Integer:
    case ValueKind::Number:
      return 'd';
    case ValueKind::Text:
      return 't';
    case ValueKind::Bytes:
      return 'y';
    case ValueKind::Array:
      return 'a';
    case ValueKind::Object:
      return 'o';
  }
  return '?';
}

bool is_container(const Value& value) {
  return value.is_array() || value.is_object();
}

template <class Number>
void append_bytes(Number number, std::pmr::string& key) {
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &number, sizeof(number));
  key.append(bytes.data(), bytes.size());
}

}  // namespace

void Shape::add_text(std::string_view text) {
  append_bytes(static_cast<std::uint32_t>(text.size()), key_);
  key_ += text;
}

void Shape::add_options(const Value& options) {
  add_options_at(options, 0);
}

void Shape::add_condition(const Value& where) {
  add_value(where, where.is_object() ? Place::Condition : Place::Structure, 0);
}

void Shape::add_structure(const Value& value) {
  add_value(value, Place::Structure, 0);
}

void Shape::add_leaf(const Value& value) {
  add_tag('L');
  add_tag(kind_letter(value));
  if (value.is_missing()) return;
  leaves_.push_back(&value);
}

void Shape::add_members(const Object& members) {
  add_tag('{');
  for (const Member& member : members) {
    add_text(member.name);
    add_leaf(member.value);
  }
  add_tag('}');
}

/// A value that decides.
void Shape::add_scalar(const Value& value) {
  add_tag(kind_letter(value));
  switch (value.kind()) {
    case ValueKind::Boolean:
      add_tag(value.as_boolean() ? '1' : '0');
      break;
    case ValueKind::Integer:
    case ValueKind::Number:
      append_bytes(value.to_double(), key_);
      if (value.is_integer()) append_bytes(value.as_integer(), key_);
      break;
    case ValueKind::Text:
      add_text(value.as_text());
      break;
    case ValueKind::Bytes:
      add_text(value.as_bytes().data);
      break;
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Array:
    case ValueKind::Object:
      break;
  }
}

void Shape::add_elements(const Array& elements) {
  add_tag('[');
  for (const Value& element : elements)
    add_leaf(element);
  add_tag(']');
}

/// A list of values is one leaf; bytes cannot stand in it, so each is a leaf of its own then.
void Shape::add_list_leaf(const Value& list) {
  const Array& elements = list.as_array();
  if (std::ranges::any_of(elements, &Value::is_bytes)) {
    add_elements(elements);
    return;
  }
  add_tag('A');
  if (elements.empty()) add_tag('0');
  if (std::ranges::any_of(elements, &Value::is_undefined)) add_tag('u');
  add_tag('.');
  leaves_.push_back(&list);
}

void Shape::add_value(const Value& value, Place place, std::size_t depth) {
  if (!enter(depth)) return;
  if (value.is_object()) {
    if (!add_raw(value.as_object())) add_object(value.as_object(), place, depth);
    return;
  }
  if (value.is_array()) {
    const Array& elements = value.as_array();
    if (place == Place::Condition && std::ranges::none_of(elements, is_container)) {
      add_list_leaf(value);
      return;
    }
    add_tag('[');
    const Place inner = place == Place::Alternatives ? Place::Condition : place;
    for (const Value& element : elements)
      add_value(element, inner, depth + 1);
    add_tag(']');
    return;
  }
  const bool is_leaf = place == Place::Condition && !value.is_missing() && !value.is_boolean();
  if (is_leaf) {
    add_leaf(value);
  } else {
    add_scalar(value);
  }
}

void Shape::add_object(const Object& object, Place place, std::size_t depth) {
  add_tag('{');
  for (const auto& [name, value] : object) {
    add_text(name);
    if (place == Place::Structure) {
      add_value(value, Place::Structure, depth + 1);
    } else if (name == "$raw" && !is_container(value)) {
      add_scalar(value);
    } else if ((name == "hasEvery" || name == "hasSome") && value.is_array()) {
      add_elements(value.as_array());  // each becomes a condition of its own
    } else {
      const bool is_list = (name == "AND" || name == "OR" || name == "NOT") && value.is_array();
      add_value(value, is_list ? Place::Alternatives : Place::Condition, depth + 1);
    }
  }
  add_tag('}');
}

bool Shape::add_raw(const Object& object) {
  const Value* const tag = object.find("_litestoneRaw");
  if (tag == nullptr || *tag != Value(true)) return false;
  const Value* const sql = object.find("sql");
  if (sql == nullptr || !sql->is_text()) return false;
  add_tag('R');
  add_text(sql->as_text());
  const Value* const values = object.find("params");
  if (values == nullptr || !values->is_array()) {
    add_tag('-');
    return true;
  }
  add_elements(values->as_array());
  return true;
}

void Shape::add_options_at(const Value& options, std::size_t depth) {
  if (!enter(depth)) return;
  if (!options.is_object()) {
    add_value(options, Place::Structure, depth);
    return;
  }
  add_tag('{');
  for (const auto& [name, value] : options.as_object()) {
    add_text(name);
    if (name == "where" || name == "having" || name == "fillGaps") {
      add_value(value, value.is_object() ? Place::Condition : Place::Structure, depth + 1);
    } else if (name == "limit" || name == "offset") {
      add_leaf(value);
    } else if (name == "include" || name == "select") {
      add_relations(value, depth + 1);
    } else if (name == "recursive") {
      add_options_at(value, depth + 1);
    } else if (name != "cursor") {
      add_value(value, Place::Structure, depth + 1);
    }
  }
  add_tag('}');
}

void Shape::add_relations(const Value& relations, std::size_t depth) {
  if (!relations.is_object()) {
    add_value(relations, Place::Structure, depth);
    return;
  }
  add_tag('{');
  for (const auto& [name, value] : relations.as_object()) {
    add_text(name);
    if (name == "_count") {
      add_counts(value, depth + 1);
    } else {
      add_options_at(value, depth + 1);
    }
  }
  add_tag('}');
}

void Shape::add_counts(const Value& counts, std::size_t depth) {
  if (!enter(depth)) return;
  if (!counts.is_object()) {
    add_value(counts, Place::Structure, depth);
    return;
  }
  add_tag('{');
  for (const auto& [name, value] : counts.as_object()) {
    add_text(name);
    if (name == "select" && value.is_object()) {
      add_counts(value, depth + 1);
    } else {
      add_options_at(value, depth + 1);
    }
  }
  add_tag('}');
}

bool Shape::enter(std::size_t depth) {
  if (depth < kDepthMax) return true;
  is_too_deep_ = true;
  return false;
}

LeafMap::LeafMap(std::span<const Value* const> leaves) {
  positions_.reserve(leaves.size());
  for (std::size_t index = 0; index < leaves.size(); ++index)
    positions_.emplace(leaves[index], index);
}

std::size_t LeafMap::find(const Value& value) const {
  const auto found = positions_.find(&value);
  return found == positions_.end() ? kNone : found->second;
}

RawSql raw_sql_of(const Value& value) {
  if (!value.is_object()) return {};
  const Object& object = value.as_object();
  const Value* const tag = object.find("_litestoneRaw");
  const Value* const sql = object.find("sql");
  if (tag == nullptr || *tag != Value(true) || sql == nullptr || !sql->is_text()) return {};
  const Value* const values = object.find("params");
  const bool has_values = values != nullptr && values->is_array();
  return {.sql = &sql->as_text(), .values = has_values ? &values->as_array() : nullptr};
}

bool is_truthy(const Value& value) {
  switch (value.kind()) {
    case ValueKind::Undefined:
    case ValueKind::Null:
      return false;
    case ValueKind::Boolean:
      return value.as_boolean();
    case ValueKind::Integer:
      return value.as_integer() != 0;
    case ValueKind::Number:
      return value.as_number() < 0 || value.as_number() > 0;  // not NaN
    case ValueKind::Text:
      return !value.as_text().empty();
    case ValueKind::Bytes:
    case ValueKind::Array:
    case ValueKind::Object:
      return true;
  }
  return false;
}

bool is_truthy(const Value* value) {
  return value != nullptr && is_truthy(*value);
}

const Value* option_of(const Value& options, std::string_view name) {
  if (!options.is_object()) return nullptr;
  const Value* const value = options.as_object().find(name);
  return value == nullptr || value->is_missing() ? nullptr : value;
}

}  // namespace moonstone::orm
