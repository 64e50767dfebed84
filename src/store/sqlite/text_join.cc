// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/text_join.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "base/value.h"
#include "query/expr.h"
#include "store/sqlite/internal/sqlite_error.h"

namespace moonstone::store::sqlite {

namespace {

struct TextJoin {
  struct Part {
    Value key;
    std::size_t number;  // as the rows came
    std::string text;
  };
  std::vector<Part> parts;
  std::string separator;
};

std::string text_of(sqlite3_value* value) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

Value key_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_TEXT:
      return text_of(value);
    case SQLITE_BLOB: {
      const auto* const data = static_cast<const char*>(sqlite3_value_blob(value));
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
      return Bytes{data == nullptr ? std::string() : std::string(data, size)};
    }
    default:
      return nullptr;
  }
}

/// SQLite keeps the pointer between the calls of one group, zeroed at first.
TextJoin** state_of(sqlite3_context* context, int size) {
  return static_cast<TextJoin**>(sqlite3_aggregate_context(context, size));
}

void add(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
  TextJoin** const state = state_of(context, static_cast<int>(sizeof(TextJoin*)));
  if (state == nullptr) {
    sqlite3_result_error_nomem(context);
    return;
  }
  if (*state == nullptr) *state = std::make_unique<TextJoin>().release();
  (*state)->separator = text_of(arguments[1]);
  std::vector<TextJoin::Part>& parts = (*state)->parts;
  parts.push_back(
      {.key = key_of(arguments[2]), .number = parts.size(), .text = text_of(arguments[0])});
}

void finish(sqlite3_context* context) {
  TextJoin** const state = state_of(context, 0);
  if (state == nullptr || *state == nullptr) return;
  const std::unique_ptr<TextJoin> join(std::exchange(*state, nullptr));
  std::ranges::sort(join->parts, [](const TextJoin::Part& a, const TextJoin::Part& b) {
    const auto order = query::compare_values(a.key, b.key);
    return order == 0 ? a.number < b.number : order < 0;
  });
  std::string text;
  for (std::size_t i = 0; i < join->parts.size(); ++i) {
    if (i > 0) text += join->separator;
    text += join->parts[i].text;
  }
  // Also says so if the text is longer than SQLite allows.
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

Status register_text_join(sqlite3* db) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  const int code = sqlite3_create_function_v2(db, "moonstone_join", 3, kFlags, nullptr, nullptr,
                                              add, finish, nullptr);
  if (code != SQLITE_OK) return sqlite_error(db, code, "register functions");
  return {};
}

}  // namespace moonstone::store::sqlite
