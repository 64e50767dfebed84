// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_cell.h"

#include <algorithm>
#include <string>
#include <utility>

#include <sqlite3.h>

#include "base/json.h"

namespace moonstone::store::sqlite {

namespace {

/// Numbers of JSON as JavaScript sees them.
void use_numbers(Value& value) {
  if (value.is_integer()) {
    if (is_safe_integer(value.as_integer())) value = static_cast<double>(value.as_integer());
  } else if (value.is_array()) {
    std::ranges::for_each(value.as_array(), use_numbers);
  } else if (value.is_object()) {
    for (Member& member : value.as_object())
      use_numbers(member.value);
  }
}

}  // namespace

Value text_cell(CellForm form, std::string_view text) {
  if (form == CellForm::Boolean) return false;
  if (form == CellForm::Json) {
    // The limits of arguments are not for what lies in the database; the budget of bytes is.
    if (auto value = parse_json(text, {.bytes_max = text.size()})) {
      use_numbers(*value);
      return *std::move(value);
    }
  }
  return text;
}

Value cell_of(CellForm form, sqlite3_value* value) {
  const auto size = [&] { return static_cast<std::size_t>(sqlite3_value_bytes(value)); };
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return integer_cell(form, sqlite3_value_int64(value));
    case SQLITE_FLOAT:
      return real_cell(form, sqlite3_value_double(value));
    case SQLITE_TEXT: {
      const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return text == nullptr ? Value("") : text_cell(form, std::string_view(text, size()));
    }
    case SQLITE_BLOB: {
      const auto* const data = static_cast<const char*>(sqlite3_value_blob(value));
      if (form == CellForm::Boolean) return false;
      return Bytes{data == nullptr ? std::string() : std::string(data, size())};
    }
    default:
      return nullptr;
  }
}

}  // namespace moonstone::store::sqlite
