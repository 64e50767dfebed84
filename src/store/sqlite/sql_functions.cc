// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/sql_functions.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "base/encoding.h"
#include "base/ulid.h"
#include "base/value.h"
#include "query/expr.h"
#include "query/storage_json.h"
#include "store/sqlite/internal/sqlite_error.h"
#include "store/sqlite/internal/text_join.h"

namespace moonstone::store::sqlite {

namespace {

std::string_view text_of(sqlite3_value* value) {
  const unsigned char* text = sqlite3_value_text(value);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void return_value(sqlite3_context* context, const Value& value) {
  switch (value.kind()) {
    case ValueKind::Integer:
      sqlite3_result_int64(context, value.as_integer());
      break;
    case ValueKind::Number:
      sqlite3_result_double(context, value.as_number());
      break;
    case ValueKind::Text:
      sqlite3_result_text64(context, value.as_text().data(), value.as_text().size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8);
      break;
    case ValueKind::Bytes:
      sqlite3_result_blob64(context, value.as_bytes().data.data(), value.as_bytes().data.size(),
                            SQLITE_TRANSIENT);
      break;
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Boolean:
    case ValueKind::Array:
    case ValueKind::Object:
      sqlite3_result_null(context);
      break;
  }
}

void json_function(sqlite3_context* context, int count, sqlite3_value** raw) {
  const std::span<sqlite3_value*> arguments(raw, static_cast<std::size_t>(count));
  if (arguments.empty() || sqlite3_value_type(arguments[0]) != SQLITE_TEXT) return;
  auto parsed = query::parse_storage_json(text_of(arguments[0]));
  if (!parsed) {
    sqlite3_result_error(context, "malformed storage JSON", -1);
    return;
  }
  const Value* place = &*parsed;
  for (sqlite3_value* const member : arguments.subspan(1)) {
    if (!place->is_object()) return;
    place = place->as_object().find(text_of(member));
    if (place == nullptr) return;
  }
  return_value(context, query::comparable(*place, query::Nesting::Nested));
}

void base64_function(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  if (sqlite3_value_type(arguments[0]) == SQLITE_NULL) return;
  const auto* const data = static_cast<const char*>(sqlite3_value_blob(arguments[0]));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
  return_value(context,
               to_base64(data == nullptr ? std::string_view() : std::string_view(data, size)));
}

/// The bytes of a hexadecimal text; anything else as it is.
void unhex_function(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  const bool is_text = sqlite3_value_type(arguments[0]) == SQLITE_TEXT;
  std::optional<std::string> bytes = is_text ? from_hex(text_of(arguments[0])) : std::nullopt;
  if (!bytes) return sqlite3_result_value(context, arguments[0]);
  return_value(context, Bytes{*std::move(bytes)});
}

void time_function(sqlite3_context* context, int /*count*/, sqlite3_value** arguments) {
  const std::string_view id = text_of(arguments[0]);
  const std::size_t colon = id.find(':');
  const auto time =
      colon == std::string_view::npos ? std::nullopt : ulid_unix_ms(id.substr(colon + 1));
  sqlite3_result_int64(context, time.value_or(0));
}

}  // namespace

Status register_functions(sqlite3* db) {
  struct Function {
    const char* name;
    int arguments;
    void (*run)(sqlite3_context*, int, sqlite3_value**);
  };
  static constexpr Function kFunctions[] = {{"moonstone_json", -1, json_function},
                                            {"moonstone_time", 1, time_function},
                                            {"moonstone_base64", 1, base64_function},
                                            {"moonstone_unhex", 1, unhex_function}};
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  for (const Function& function : kFunctions) {
    const int code = sqlite3_create_function_v2(db, function.name, function.arguments, kFlags,
                                                nullptr, function.run, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(db, code, "register functions");
  }
  return register_text_join(db);
}

}  // namespace moonstone::store::sqlite
