// Moonstone. Licence: see LICENSE.
#include "query/row_key.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"

namespace moonstone::query {

namespace {

using schema::Model;
using schema::ModelField;
using schema::ScalarKind;

/// Texts that could be taken for something else as they are.
bool needs_json(std::string_view text) {
  return text.starts_with('[') || std::ranges::any_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7f;
         });
}

/// Whether values of the field are texts.
bool is_text_field(const ModelField& field) {
  if (field.is_list) return false;
  return field.scalar == ScalarKind::Text || field.scalar == ScalarKind::DateTime ||
         field.scalar == ScalarKind::File;
}

/// A value of a key, as JSON says it, as the field has it.
std::optional<Value> value_of(const ModelField& field, Value value) {
  if (value.is_array() || value.is_object()) return std::nullopt;
  if (field.scalar != ScalarKind::Bytes || !value.is_text()) return value;
  auto bytes = from_base64(value.as_text());
  if (!bytes) return std::nullopt;
  return Value(Bytes{*std::move(bytes)});
}

std::optional<std::vector<Value>> parse_several(const Model& model, std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array() || parsed->as_array().size() != model.key.size()) {
    return std::nullopt;
  }
  std::vector<Value> key;
  for (std::size_t i = 0; i < model.key.size(); ++i) {
    const ModelField* const field = model.find_field(model.key[i]);
    if (field == nullptr) return std::nullopt;
    auto value = value_of(*field, std::move(parsed->as_array()[i]));
    if (!value) return std::nullopt;
    key.push_back(*std::move(value));
  }
  return key;
}

std::optional<std::vector<Value>> parse_text_key(const Model& model, std::string_view text) {
  if (text.starts_with('[')) {
    auto several = parse_several(model, text);
    if (several && several->front().is_text()) return several;
    return std::nullopt;
  }
  return std::vector<Value>{Value(text)};
}

std::optional<std::vector<Value>> parse_key(const Model& model, std::string_view text) {
  if (model.key.size() > 1) return parse_several(model, text);
  const ModelField* const field = model.key.empty() ? nullptr : model.find_field(model.key.front());
  if (field != nullptr && is_text_field(*field)) return parse_text_key(model, text);
  auto parsed = parse_json(text);
  if (!parsed) return std::nullopt;
  if (field == nullptr) {
    if (!parsed->is_integer()) return std::nullopt;
    return std::vector<Value>{*std::move(parsed)};
  }
  auto value = value_of(*field, *std::move(parsed));
  if (!value) return std::nullopt;
  return std::vector<Value>{*std::move(value)};
}

}  // namespace

std::string make_row_id(std::string_view table, std::span<const Value> key) {
  std::string id(table);
  id += ':';
  if (key.size() == 1) {
    const Value& value = key.front();
    if (!value.is_text()) return id + to_json(value);
    if (!needs_json(value.as_text())) return id + value.as_text();
  }
  return id + to_json(Value(Array(key.begin(), key.end())));
}

std::string make_row_id(std::string_view table, std::int64_t row_number) {
  return std::string(table) + ":" + std::to_string(row_number);
}

std::optional<std::vector<Value>> parse_row_id(const schema::Table& table, std::string_view id) {
  if (!id.starts_with(table.name) || id.size() <= table.name.size() ||
      id[table.name.size()] != ':') {
    return std::nullopt;
  }
  auto key = parse_key(*table.model, id.substr(table.name.size() + 1));
  // 07 and 7 would be one row with two ids.
  if (!key || make_row_id(table.name, *key) != id) return std::nullopt;
  return key;
}

}  // namespace moonstone::query
