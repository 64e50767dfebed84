// Moonstone. Licence: see LICENSE.
#pragma once
// Values of SQLite as cells of rows of models, as litestone.md 4 and 5.1 say.
// Threads: pure functions.

#include <cstdint>
#include <string_view>

#include "base/value.h"
#include "store/sqlite/internal/compiled_statement.h"

struct sqlite3_value;

namespace moonstone::store::sqlite {

/// Up to here every whole number is a double and looks the same in JavaScript.
inline constexpr std::int64_t kSafeIntegerMax = std::int64_t{1} << 53;

[[nodiscard]] inline bool is_safe_integer(std::int64_t integer) {
  return integer >= -kSafeIntegerMax && integer <= kSafeIntegerMax;
}

[[nodiscard]] inline Value integer_cell(CellForm form, std::int64_t integer) {
  if (form == CellForm::Boolean) return integer == 1;
  if (is_safe_integer(integer)) return static_cast<double>(integer);
  return integer;
}
[[nodiscard]] inline Value real_cell(CellForm form, double number) {
  if (form == CellForm::Boolean) return number == 1;
  return number;
}
[[nodiscard]] Value text_cell(CellForm form, std::string_view text);

/// Any value, such as the pre-update hook has.
[[nodiscard]] Value cell_of(CellForm form, sqlite3_value* value);

}  // namespace moonstone::store::sqlite
