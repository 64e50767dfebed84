// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/row_codec.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "query/storage_json.h"

namespace moonstone::store::sqlite {

namespace {

using schema::StorageClass;

/// What a column costs in a budget beside its text: about what a Value takes.
constexpr std::uint64_t kCellBytes = 16;

/// Columns of a statement.
class StatementCells {
 public:
  explicit StatementCells(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] int type(int i) const { return sqlite3_column_type(statement_, i); }
  [[nodiscard]] std::int64_t integer(int i) const { return sqlite3_column_int64(statement_, i); }
  [[nodiscard]] double real(int i) const { return sqlite3_column_double(statement_, i); }
  [[nodiscard]] std::string_view text(int i) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, i));
    return sized(data, sqlite3_column_bytes(statement_, i));
  }
  [[nodiscard]] std::string_view blob(int i) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, i));
    return sized(data, sqlite3_column_bytes(statement_, i));
  }

 private:
  static std::string_view sized(const char* data, int size) {
    return data == nullptr ? std::string_view() : std::string_view(data, static_cast<size_t>(size));
  }
  sqlite3_stmt* statement_;
};

/// Values of a pre-update hook.
class ValueCells {
 public:
  explicit ValueCells(const std::vector<sqlite3_value*>& values) : values_(values) {}
  [[nodiscard]] int type(int i) const { return sqlite3_value_type(at(i)); }
  [[nodiscard]] std::int64_t integer(int i) const { return sqlite3_value_int64(at(i)); }
  [[nodiscard]] double real(int i) const { return sqlite3_value_double(at(i)); }
  [[nodiscard]] std::string_view text(int i) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(at(i)));
    return sized(data, sqlite3_value_bytes(at(i)));
  }
  [[nodiscard]] std::string_view blob(int i) const {
    const auto* data = static_cast<const char*>(sqlite3_value_blob(at(i)));
    return sized(data, sqlite3_value_bytes(at(i)));
  }

 private:
  static std::string_view sized(const char* data, int size) {
    return data == nullptr ? std::string_view() : std::string_view(data, static_cast<size_t>(size));
  }
  [[nodiscard]] sqlite3_value* at(int i) const { return values_[static_cast<std::size_t>(i)]; }
  const std::vector<sqlite3_value*>& values_;
};

bool bit_is_set(std::string_view bits, std::uint32_t id) {
  const std::size_t byte = id / 8;
  return byte < bits.size() && ((static_cast<unsigned char>(bits[byte]) >> (id % 8)) & 1U) != 0;
}

void set_bit(std::string& bits, std::uint32_t id) {
  const std::size_t byte = id / 8;
  if (bits.size() <= byte) bits.resize(byte + 1, '\0');
  bits[byte] = static_cast<char>(static_cast<unsigned char>(bits[byte]) | (1U << (id % 8)));
}

Error damaged(const TableLayout& layout, std::size_t field, std::string_view what) {
  return {ErrorCode::Corruption,
          fmt::format("table \"{}\", field \"{}\": {}", layout.table->name,
                      layout.table->fields[field].name, what),
          "corrupt"};
}

Value missing_value(const FieldLayout& field, std::string_view null_bits) {
  if (field.null_meaning == NullMeaning::Null) return nullptr;
  if (field.null_meaning == NullMeaning::Absent) return {};
  return bit_is_set(null_bits, field.id) ? Value(nullptr) : Value();
}

template <class Cells>
Result<Value> decode_field(const TableLayout& layout,
                           std::size_t index,
                           const Cells& cells,
                           std::string_view null_bits,
                           std::uint64_t& size_bytes) {
  const FieldLayout& field = layout.fields[index];
  const int column = static_cast<int>(index) + 2;
  size_bytes += kCellBytes;
  switch (cells.type(column)) {
    case SQLITE_NULL:
      return missing_value(field, null_bits);
    case SQLITE_INTEGER: {
      const std::int64_t integer = cells.integer(column);
      if (field.storage == StorageClass::Real) return Value(static_cast<double>(integer));
      const bool is_boolean = field.storage == StorageClass::Boolean ||
                              (field.storage == StorageClass::Scalar && field.holds_booleans);
      return is_boolean ? Value(integer != 0) : Value(integer);
    }
    case SQLITE_FLOAT:
      return Value(cells.real(column));
    case SQLITE_BLOB: {
      const std::string_view blob = cells.blob(column);
      size_bytes += blob.size();
      return Value(Bytes{std::string(blob)});
    }
    default:
      break;
  }
  const std::string_view text = cells.text(column);
  size_bytes += text.size();
  if (field.storage != StorageClass::Json) return Value(text);
  auto parsed = query::parse_storage_json(text);
  if (!parsed) return damaged(layout, index, parsed.error().message());
  return parsed;
}

template <class Cells>
Result<query::Row> decode(const TableLayout& layout, const Cells& cells, std::uint64_t& size) {
  query::Row row;
  row.table = layout.table;
  row.number = cells.integer(0);
  row.id = cells.text(1);
  size += row.id.size() + kCellBytes;
  const std::string_view null_bits = cells.blob(static_cast<int>(layout.fields.size()) + 2);
  row.values.reserve(layout.fields.size());
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    MS_TRY(Value value, decode_field(layout, i, cells, null_bits, size));
    row.values.push_back(std::move(value));
  }
  return row;
}

/// Whether the value may lie in a column of that class as it is.
bool fits(StorageClass storage, const Value& value) {
  switch (storage) {
    case StorageClass::Text:
      return value.is_text();
    case StorageClass::Real:
      return value.is_number();
    case StorageClass::Integer:
      return value.is_integer();
    case StorageClass::Boolean:
      return value.is_boolean();
    case StorageClass::Blob:
      return value.is_bytes();
    case StorageClass::Scalar:
      return !value.is_array() && !value.is_object();
    case StorageClass::Json:
      return true;
  }
  return false;
}

Error not_stored_form(const TableLayout& layout, std::size_t field) {
  return {ErrorCode::InvalidArgument,
          fmt::format("table \"{}\", field \"{}\": the value is not in the stored form of its type",
                      layout.table->name, layout.table->fields[field].name)};
}

Status bind_field(const TableLayout& layout,
                  std::size_t index,
                  const Value& value,
                  Statement& statement,
                  EncodedTexts& texts) {
  const FieldLayout& field = layout.fields[index];
  const int position = static_cast<int>(index) + 3;
  if (contains_nul(value)) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("table \"{}\", field \"{}\": text must not contain U+0000",
                             layout.table->name, layout.table->fields[index].name),
                 "nul_in_text");
  }
  if (field.storage == StorageClass::Json) {
    if (value.is_undefined()) {
      statement.bind_null(position);
    } else {
      statement.bind_text(position, texts.json.emplace_back(query::storage_json(value)));
    }
    return {};
  }
  if (value.is_missing()) {
    if (value.is_null() && field.null_meaning == NullMeaning::Marked) {
      set_bit(texts.null_bits, field.id);
    }
    statement.bind_null(position);
    return {};
  }
  if (!fits(field.storage, value)) return not_stored_form(layout, index);
  statement.bind_value(position, value);
  return {};
}

}  // namespace

bool contains_nul(const Value& value) {
  if (value.is_text()) return value.as_text().find('\0') != std::string::npos;
  if (value.is_array()) return std::ranges::any_of(value.as_array(), contains_nul);
  if (!value.is_object()) return false;
  return std::ranges::any_of(value.as_object(), [](const Member& member) {
    return member.name.find('\0') != std::string::npos || contains_nul(member.value);
  });
}

Status bind_fields(const TableLayout& layout,
                   const query::Row& row,
                   Statement& statement,
                   EncodedTexts& texts) {
  if (row.values.size() != layout.fields.size()) {
    return Error(ErrorCode::Internal,
                 fmt::format("table \"{}\" has {} fields, the row {}", layout.table->name,
                             layout.fields.size(), row.values.size()));
  }
  texts.json.reserve(layout.fields.size());  // bindings point into it
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    MS_TRY_STATUS(bind_field(layout, i, row.values[i], statement, texts));
  }
  const int position = static_cast<int>(layout.fields.size()) + 3;
  if (texts.null_bits.empty()) {
    statement.bind_null(position);
  } else {
    statement.bind_blob(position, texts.null_bits);
  }
  return {};
}

Result<query::Row> decode_row(const TableLayout& layout,
                              const Statement& statement,
                              std::uint64_t& size_bytes) {
  return decode(layout, StatementCells(statement.handle()), size_bytes);
}

Result<query::Row> decode_values(const TableLayout& layout,
                                 const std::vector<sqlite3_value*>& values) {
  std::uint64_t size_bytes = 0;
  return decode(layout, ValueCells(values), size_bytes);
}

}  // namespace moonstone::store::sqlite
