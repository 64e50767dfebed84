// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/compiled_statement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/encoding.h"
#include "base/json.h"
#include "query/expr.h"
#include "store/sqlite/internal/model_cell.h"

namespace moonstone::store::sqlite {

namespace {

using query::CompareOp;

/// What a cell takes beside its text; an estimate.
constexpr std::uint64_t kCellBytes = 16;

/// For how many rows there is room at once after the first one.
constexpr std::size_t kRowsMore = 32;

/// A text that no text contains: Unicode keeps this code point free of meaning.
constexpr std::string_view kNonCharacter = "\U0010FFFF";

bool is_range(CompareOp op) {
  return op != CompareOp::Eq && op != CompareOp::Neq;
}

/// The number as an integer, if it is whole and exact.
std::optional<std::int64_t> whole_of(double number) {
  constexpr auto kMax = static_cast<double>(kSafeIntegerMax);
  if (!(number >= -kMax && number <= kMax) || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Error nul_error() {
  return {ErrorCode::InvalidArgument, "text must not contain U+0000", "nul_in_text"};
}

/// A member of an In as JSON; bytes as hexadecimal text, of which moonstone_unhex() makes them.
void write_member(const Value& member, std::string& out) {
  switch (member.kind()) {
    case ValueKind::Integer:
      out += std::to_string(member.as_integer());
      break;
    case ValueKind::Number:
      if (std::isinf(member.as_number())) {
        out += member.as_number() < 0 ? "-9e999" : "9e999";
      } else {
        write_json_number(member.as_number(), out);
      }
      break;
    case ValueKind::Text:
      write_json_string(member.as_text(), out);
      break;
    case ValueKind::Bytes:
      write_json_string(to_hex(member.as_bytes().data), out);
      break;
    default:
      out += "null";
      break;
  }
}

/// Whether a value of the column can be equal to the member, a database value that is not missing.
bool may_equal(ColumnClass column, const Value& member) {
  switch (column) {
    case ColumnClass::Any:
      return !member.is_bytes();  // JSON has none
    case ColumnClass::Integer:
    case ColumnClass::Real:
      return member.is_integer() || member.is_number();
    case ColumnClass::Text:
      return member.is_text();
    case ColumnClass::Bytes:
      return member.is_bytes();
  }
  return false;
}

/// The least double above the integer, or the greatest below it; the integer is none itself.
double neighbour_of(std::int64_t integer, bool above) {
  const double nearest = static_cast<double>(integer);
  const bool nearest_is_above =
      query::compare_values(Value(nearest), Value(integer)) == std::strong_ordering::greater;
  if (nearest_is_above == above) return nearest;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return std::nextafter(nearest, above ? kInfinity : -kInfinity);
}

/// Binds the places of one run.
class Binder {
 public:
  Binder(Statement& statement,
         const SqliteCompiled& compiled,
         std::span<const Value> parameters,
         std::vector<std::string>& texts)
      : statement_(statement), compiled_(compiled), parameters_(parameters), texts_(texts) {}

  Status bind_all() {
    for (const SqlPlace& place : compiled_.places()) {
      ++position_;
      if (const auto* const fitted = std::get_if<FittedPlace>(&place)) {
        MS_TRY_STATUS(bind_fitted(*fitted, value_of(place, parameters_)));
      } else {
        MS_TRY_STATUS(bind_plain(value_of(place, parameters_)));
      }
    }
    return {};
  }

 private:
  Status bind_plain(const Value& value) {
    switch (value.kind()) {
      case ValueKind::Text:
        if (value.as_text().contains('\0')) return nul_error();
        statement_.bind_text(position_, value.as_text());
        return {};
      case ValueKind::Number:
        if (const auto whole = whole_of(value.as_number())) {
          statement_.bind_integer(position_, *whole);
        } else {
          statement_.bind_real(position_, value.as_number());
        }
        return {};
      case ValueKind::Array:
      case ValueKind::Object:
        return bind_own(to_json(value));
      default:
        statement_.bind_value(position_, value);
        return {};
    }
  }

  Status bind_own(std::string text) {
    if (text.contains('\0')) return nul_error();
    // Bindings point into the vector, and short texts lie in it.
    if (texts_.empty()) texts_.reserve(compiled_.places().size());
    statement_.bind_text(position_, texts_.emplace_back(std::move(text)));
    return {};
  }

  Status bind_fitted(const FittedPlace& place, const Value& value) {
    switch (place.use) {
      case FittedPlace::Use::Compared:
        return bind_compared(place, value);
      case FittedPlace::Use::Members:
        return bind_members(place, value);
      case FittedPlace::Use::Search:
        return bind_search(value);
      case FittedPlace::Use::Limit:
        return bind_count(value, "limit", -1);
      case FittedPlace::Use::Offset:
        return bind_count(value, "offset", 0);
    }
    return {};
  }

  Status bind_compared(const FittedPlace& place, const Value& value) {
    const bool is_number = value.is_number() || value.is_integer() || value.is_boolean();
    const bool is_text = value.is_text() || value.is_array() || value.is_object();
    if (place.column == ColumnClass::Text && is_number) {
      if (!is_range(place.op)) return bind_stranger();
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("{} holds text, which has no order among numbers", place.subject),
                   "type");
    }
    const bool is_numeric =
        place.column == ColumnClass::Integer || place.column == ColumnClass::Real;
    if (is_numeric && is_text) return bind_stranger();
    if (place.column == ColumnClass::Real && value.is_integer()) {
      return bind_near(place.op, value.as_integer());
    }
    return bind_plain(value);
  }

  /// Bytes are above all numbers and texts, equal to none of them, and never converted.
  Status bind_stranger() {
    statement_.bind_blob(position_, {});
    return {};
  }

  /// SQLite looks an integer beyond 2^53 up in an index over REAL by the double next to it, which
  /// would be found then.
  Status bind_near(CompareOp op, std::int64_t integer) {
    const Value nearest(static_cast<double>(integer));
    if (query::compare_values(nearest, Value(integer)) == std::strong_ordering::equal) {
      statement_.bind_integer(position_, integer);
    } else if (!is_range(op)) {
      return bind_stranger();
    } else {
      const bool above = op == CompareOp::Lt || op == CompareOp::Gte;
      statement_.bind_real(position_, neighbour_of(integer, above));
    }
    return {};
  }

  Status bind_members(const FittedPlace& place, const Value& value) {
    std::string text = "[";
    bool has_stranger = false;
    for (const Value& given : value.is_array() ? value.as_array() : Array()) {
      const Value member = query::comparable(given, query::Nesting::TopLevel);
      const bool is_stranger = !member.is_missing() && !may_equal(place.column, member);
      if (is_stranger && std::exchange(has_stranger, true)) continue;
      if (member.is_text() && member.as_text().contains('\0')) return nul_error();
      if (text.size() > 1) text += ',';
      if (is_stranger) {
        // Equal to nothing, but there: whether NULL is among no values or some makes a difference.
        write_json_string(kNonCharacter, text);
      } else {
        write_member(member, text);
      }
    }
    return bind_own(text + "]");
  }

  Status bind_search(const Value& value) {
    if (!value.is_text()) {
      return Error(ErrorCode::InvalidArgument, "a search needs a text", "search_syntax");
    }
    // At the very beginning an asterisk would ask FTS5 about itself; behind a space it is an error.
    if (value.as_text().starts_with('*')) return bind_own(" " + value.as_text());
    return bind_plain(value);
  }

  Status bind_count(const Value& value, std::string_view name, std::int64_t none) {
    std::int64_t count = none;
    if (value.is_integer()) {
      count = value.as_integer();
    } else if (value.is_number() && whole_of(value.as_number())) {
      count = *whole_of(value.as_number());
    } else if (!value.is_missing()) {
      return Error(ErrorCode::InvalidArgument, fmt::format("{} must be a whole number", name));
    }
    statement_.bind_integer(position_, std::max(count, none));
    return {};
  }

  Statement& statement_;
  const SqliteCompiled& compiled_;
  std::span<const Value> parameters_;
  std::vector<std::string>& texts_;
  int position_ = 0;
};

std::string_view text_in(sqlite3_value* value) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

}  // namespace

const Value& value_of(const SqlPlace& place, std::span<const Value> parameters) {
  static const Value kMissing;
  const auto at = [&](std::size_t position) -> const Value& {
    return position < parameters.size() ? parameters[position] : kMissing;
  };
  if (const auto* const position = std::get_if<std::size_t>(&place)) return at(*position);
  if (const auto* const value = std::get_if<Value>(&place)) return *value;
  const auto& source = std::get<FittedPlace>(place).source;
  if (const auto* const position = std::get_if<std::size_t>(&source)) return at(*position);
  return std::get<Value>(source);
}

std::vector<Value> SqliteCompiled::sql_values(std::span<const Value> parameters) const {
  std::vector<Value> values;
  values.reserve(places().size());
  for (const SqlPlace& place : places()) {
    const Value& value = value_of(place, parameters);
    const bool is_nested = value.is_array() || value.is_object();
    values.push_back(is_nested ? Value(to_json(value)) : value);
  }
  return values;
}

Error sql_refusal(const Connection& connection, Error error) {
  if (error.code() != ErrorCode::Internal || error.reason() != "sqlite") return error;
  return {ErrorCode::InvalidArgument, sqlite3_errmsg(connection.handle()), "sql"};
}

Result<Statement> prepare_compiled(Connection& connection,
                                   const SqliteCompiled& compiled,
                                   std::uint64_t schema_version,
                                   std::span<const Value> parameters,
                                   std::vector<std::string>& texts) {
  if (compiled.schema_version() != schema_version) {
    return Error(ErrorCode::FailedPrecondition, "the plan belongs to another version of the schema",
                 "stale_plan");
  }
  Result<Statement> statement = connection.prepare(compiled.sql());
  if (!statement) return sql_refusal(connection, std::move(statement).error());
  MS_TRY_STATUS(Binder(*statement, compiled, parameters, texts).bind_all());
  return statement;
}

void append_cells(const SqliteCompiled& compiled,
                  const Statement& statement,
                  query::RowSet& rows,
                  std::uint64_t& size_bytes) {
  sqlite3_stmt* const handle = statement.handle();
  const std::vector<CellForm>& forms = compiled.forms();
  std::vector<Value>& cells = rows.cells;
  if (cells.capacity() - cells.size() < forms.size()) {
    // Often there is one row; where there is a second one, there are many.
    const std::size_t rows_more = rows.count == 0 ? 1 : std::max(kRowsMore, 2 * rows.count);
    cells.reserve(cells.size() + rows_more * forms.size());
  }
  for (std::size_t i = 0; i < forms.size(); ++i) {
    // The functions of values cost less than those of columns, each of which looks the value up.
    sqlite3_value* const value = sqlite3_column_value(handle, static_cast<int>(i));
    size_bytes += kCellBytes;
    switch (sqlite3_value_type(value)) {
      case SQLITE_INTEGER: {
        const std::int64_t integer = sqlite3_value_int64(value);
        if (forms[i] != CellForm::Boolean && is_safe_integer(integer)) {
          cells.emplace_back(static_cast<double>(integer));  // in place: most cells are numbers
        } else {
          cells.push_back(integer_cell(forms[i], integer));
        }
        break;
      }
      case SQLITE_FLOAT:
        cells.push_back(real_cell(forms[i], sqlite3_value_double(value)));
        break;
      case SQLITE_TEXT: {
        const std::string_view text = text_in(value);
        size_bytes += text.size();
        if (forms[i] == CellForm::Plain) {
          cells.emplace_back(text);
        } else {
          cells.push_back(text_cell(forms[i], text));
        }
        break;
      }
      case SQLITE_BLOB: {
        const auto* const data = static_cast<const char*>(sqlite3_value_blob(value));
        const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
        size_bytes += size;
        cells.emplace_back(Bytes{data == nullptr ? std::string() : std::string(data, size)});
        break;
      }
      default:
        cells.emplace_back(nullptr);
        break;
    }
  }
  ++rows.count;
}

}  // namespace moonstone::store::sqlite
