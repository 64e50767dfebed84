// Moonstone. Licence: see LICENSE.
// Outcomes as JSON and as values.

#include <utility>

#include "base/json.h"
#include "orm/orm.h"

namespace moonstone::orm {
namespace {

void write_rows(const query::RowSetPtr& rows, std::string& out) {
  if (rows == nullptr) {
    out += "[]";
  } else {
    query::write_json(*rows, out);
  }
}

Value rows_value(const query::RowSetPtr& rows) {
  return rows == nullptr ? Array() : query::to_array(*rows);
}

Value cursor_value(const Outcome& outcome) {
  return outcome.next_cursor ? Value(*outcome.next_cursor) : Value(nullptr);
}

Value total_value(const Outcome& outcome) {
  return static_cast<double>(outcome.total);
}

bool has_row(const Outcome& outcome) {
  return outcome.rows != nullptr && outcome.rows->count > 0;
}

}  // namespace

void write_json(const Outcome& outcome, std::string& out) {
  switch (outcome.form) {
    case Outcome::Form::Rows:
      write_rows(outcome.rows, out);
      return;
    case Outcome::Form::Row:
      if (has_row(outcome)) {
        query::write_row_json(*outcome.rows, 0, out);
      } else {
        out += "null";
      }
      return;
    case Outcome::Form::Value:
      moonstone::write_json(outcome.value, out);
      return;
    case Outcome::Form::Page:
      out += R"({"items":)";
      write_rows(outcome.rows, out);
      out += R"(,"nextCursor":)";
      moonstone::write_json(cursor_value(outcome), out);
      out += outcome.has_more ? R"(,"hasMore":true})" : R"(,"hasMore":false})";
      return;
    case Outcome::Form::RowsAndTotal:
      out += R"({"rows":)";
      write_rows(outcome.rows, out);
      out += R"(,"total":)";
      moonstone::write_json(total_value(outcome), out);
      out += '}';
      return;
  }
}

Value to_value(const Outcome& outcome) {
  switch (outcome.form) {
    case Outcome::Form::Rows:
      return rows_value(outcome.rows);
    case Outcome::Form::Row:
      return has_row(outcome) ? Value(query::to_object(*outcome.rows, 0)) : Value(nullptr);
    case Outcome::Form::Value:
      return outcome.value;
    case Outcome::Form::Page:
      return Object{{"items", rows_value(outcome.rows)},
                    {"nextCursor", cursor_value(outcome)},
                    {"hasMore", outcome.has_more}};
    case Outcome::Form::RowsAndTotal:
      return Object{{"rows", rows_value(outcome.rows)}, {"total", total_value(outcome)}};
  }
  return {};
}

}  // namespace moonstone::orm
