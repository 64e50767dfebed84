// Moonstone. Licence: see LICENSE.
#include "query/row.h"

#include <algorithm>

#include "base/json.h"
#include "base/ulid.h"
#include "schema/storage_class.h"

namespace moonstone::query {
namespace {

/// Fields beyond `values` are absent, as they are in a row that an older schema made.
std::size_t field_count(const Row& row) {
  return row.table == nullptr ? 0 : std::min(row.table->fields.size(), row.values.size());
}

/// Whose key is its own: it says nothing of when the row was made.
bool is_of_model(const Row& row) {
  return row.table != nullptr && row.table->model != nullptr;
}

}  // namespace

std::int64_t creation_time_of(const Row& row) {
  if (is_of_model(row)) return 0;
  const std::size_t colon = row.id.find(':');
  if (colon == std::string::npos) return 0;
  return ulid_unix_ms(std::string_view(row.id).substr(colon + 1)).value_or(0);
}

Object document_of(const Row& row) {
  Object document;
  document.reserve(row.values.size() + 2);
  document.append(std::string(schema::kIdField), row.id);
  if (!is_of_model(row)) {
    document.append(std::string(schema::kCreationTimeField),
                    static_cast<double>(creation_time_of(row)));
  }
  for (std::size_t index = 0; index < field_count(row); ++index) {
    if (!row.values[index].is_undefined()) {
      document.append(row.table->fields[index].name, row.values[index]);
    }
  }
  return document;
}

void write_document_json(const Row& row, std::string& out) {
  out += "{\"_id\":";
  write_json_string(row.id, out);
  if (!is_of_model(row)) {
    out += ",\"_creationTime\":";
    out += std::to_string(creation_time_of(row));
  }
  for (std::size_t index = 0; index < field_count(row); ++index) {
    if (row.values[index].is_undefined()) continue;
    out += ',';
    write_json_string(row.table->fields[index].name, out);
    out += ':';
    write_json(row.values[index], out);
  }
  out += '}';
}

const Value* StoredRowView::field(std::string_view name) const {
  if (name == schema::kIdField) {
    system_ = row_.id;
    return &system_;
  }
  if (name == schema::kCreationTimeField) {
    if (is_of_model(row_)) return nullptr;
    system_ = static_cast<double>(creation_time_of(row_));
    return &system_;
  }
  if (name == kRowNumberField) {
    system_ = row_.number;
    return &system_;
  }
  if (row_.table == nullptr) return nullptr;
  const std::optional<std::size_t> position = row_.table->find_field(name);
  if (!position || *position >= row_.values.size()) return nullptr;
  const Value& value = row_.values[*position];
  return value.is_undefined() ? nullptr : &value;
}

Nesting StoredRowView::nesting(std::string_view name) const {
  if (row_.table == nullptr) return Nesting::TopLevel;
  const std::optional<std::size_t> position = row_.table->find_field(name);
  if (!position) return Nesting::TopLevel;
  // Bytes of a model are in columns of their own, and its JSON has none.
  if (is_of_model(row_)) return Nesting::TopLevel;
  const schema::Type& type = *row_.table->fields[*position].type;
  return schema::storage_class_of(type) == schema::StorageClass::Json ? Nesting::Nested
                                                                      : Nesting::TopLevel;
}

}  // namespace moonstone::query
