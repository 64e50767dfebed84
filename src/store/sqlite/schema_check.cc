// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/schema_check.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "schema/names.h"
#include "store/sqlite/internal/row_codec.h"

namespace moonstone::store::sqlite {

namespace {

using schema::StorageClass;

/// Offending ids that a message names; enough to look, few enough to read.
constexpr std::size_t kIdsNamed = 5;

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

Result<std::int64_t> row_count(Connection& connection, const schema::Table& table) {
  return connection.integer_of(
      fmt::format("SELECT count(*) FROM {}", quoted(sql_table_name(table.name))), "count rows");
}

Result<std::int64_t> value_count(Connection& connection,
                                 const schema::Table& table,
                                 const schema::Field& field) {
  const FieldLayout layout = field_layout_of(field);
  return connection.integer_of(
      fmt::format("SELECT count(*) FROM {} WHERE {} IS NOT NULL{}",
                  quoted(sql_table_name(table.name)), layout.column,
                  layout.storage == StorageClass::Json ? " AND " + layout.column + "<>'null'" : ""),
      "count values");
}

Status collect_field_losses(Connection& connection,
                            const schema::Table& previous,
                            const schema::Table& next,
                            std::vector<std::string>& losses) {
  for (const schema::Field& field : previous.fields) {
    if (next.find_field(field.name)) continue;
    MS_TRY(const std::int64_t values, value_count(connection, previous, field));
    if (values > 0) {
      losses.push_back(
          fmt::format("field \"{}.{}\" ({})", previous.name, field.name, counted(values, "value")));
    }
  }
  return {};
}

/// What is wrong with one field, over all rows.
struct FieldViolation {
  std::int64_t rows = 0;
  std::string reason;  // of the first row
  std::vector<std::string> ids;

  void add(std::string_view id, std::string_view why) {
    if (++rows == 1) reason = why;
    if (ids.size() < kIdsNamed) ids.emplace_back(id);
  }
  [[nodiscard]] std::string named_ids() const {
    const bool is_cut = rows > static_cast<std::int64_t>(ids.size());
    return fmt::format("{}{}", fmt::join(ids, ", "),
                       is_cut ? fmt::format(" (first {})", kIdsNamed) : "");
  }
};

/// A field of both schemas, as it is checked row by row.
struct CheckedField {
  const schema::Field* from = nullptr;
  const schema::Field* to = nullptr;
  std::size_t kept_index = 0;
  bool must_rewrite = false;
  FieldViolation violation;
};

class TableCheck {
 public:
  TableCheck(Connection& connection, const schema::Table& previous, const schema::Table& next)
      : connection_(connection), previous_(previous), next_(next) {}

  Result<TableStep> run(std::vector<std::string>& violations) {
    compare_fields();
    if (!changed_.empty()) MS_TRY_STATUS(check_rows());
    for (const CheckedField& field : changed_) {
      if (field.violation.rows > 0) violations.push_back(sentence_of(field));
      if (field.must_rewrite) step_.rewritten_fields.push_back(field.to->name);
    }
    MS_TRY_STATUS(check_added(violations));
    return std::move(step_);
  }

 private:
  void compare_fields() {
    step_.previous = &previous_;
    step_.next = &next_;
    step_.kept = previous_;
    std::erase_if(step_.kept.fields, [this](const schema::Field& field) {
      if (next_.find_field(field.name)) return false;
      step_.removed_fields.push_back(field.name);
      return true;
    });
    for (const schema::Field& field : next_.fields) {
      const auto kept = step_.kept.find_field(field.name);
      if (!kept) {
        step_.added_fields.push_back(field.name);
        continue;
      }
      const schema::Field& from = step_.kept.fields[*kept];
      if (*from.type == *field.type) continue;
      const bool lies_otherwise = field_layout_of(from) != field_layout_of(field);
      changed_.push_back({&from, &field, *kept, lies_otherwise, {}});
    }
  }

  Status check_rows() {
    const TableLayout layout = make_table_layout(step_.kept);
    MS_TRY(Statement select, connection_.prepare(fmt::format("SELECT {} FROM {} ORDER BY _row",
                                                             layout.columns, layout.name)));
    while (true) {
      MS_TRY(const bool has_row, select.step("check the rows of a table"));
      if (!has_row) return {};
      std::uint64_t size_bytes = 0;
      MS_TRY(const query::Row row, decode_row(layout, select, size_bytes));
      for (CheckedField& field : changed_)
        check_value(row, field);
    }
  }

  static void check_value(const query::Row& row, CheckedField& field) {
    const Value& before = row.values[field.kept_index];
    Value after = before;
    if (const Status status = convert_value(*field.from, *field.to, after); !status) {
      field.violation.add(row.id, status.error().message());
    } else if (after != before) {
      field.must_rewrite = true;
    }
  }

  Status check_added(std::vector<std::string>& violations) {
    for (const std::string& name : step_.added_fields) {
      Value absent;
      const schema::Field& field = next_.fields[*next_.find_field(name)];
      if (schema::check_and_convert(*field.type, absent)) continue;
      MS_TRY(FieldViolation violation, all_rows());
      if (violation.rows == 0) continue;
      violations.push_back(fmt::format(
          "table \"{}\", field \"{}\": {} the new required field: {}. Make it optional, fill it "
          "in all rows, then require it",
          next_.name, name,
          violation.rows == 1 ? "1 row lacks" : counted(violation.rows, "row") + " lack",
          violation.named_ids()));
    }
    return {};
  }

  Result<FieldViolation> all_rows() {
    FieldViolation violation;
    MS_TRY(Statement select,
           connection_.prepare(fmt::format("SELECT _id FROM {} ORDER BY _row LIMIT {}",
                                           quoted(sql_table_name(previous_.name)), kIdsNamed)));
    while (true) {
      MS_TRY(const bool has_row, select.step("read ids"));
      if (!has_row) break;
      violation.add(select.text(0), "");
    }
    MS_TRY(violation.rows, row_count(connection_, previous_));
    return violation;
  }

  [[nodiscard]] std::string sentence_of(const CheckedField& field) const {
    const FieldViolation& violation = field.violation;
    return fmt::format("table \"{}\", field \"{}\": {} not fit the new type ({}): {}", next_.name,
                       field.to->name,
                       violation.rows == 1 ? "1 row does" : counted(violation.rows, "row") + " do",
                       violation.reason, violation.named_ids());
  }

  Connection& connection_;
  const schema::Table& previous_;
  const schema::Table& next_;
  TableStep step_;
  std::vector<CheckedField> changed_;
};

}  // namespace

Result<std::optional<std::int64_t>> rows_left_behind(Connection& connection,
                                                     const schema::Schema& previous,
                                                     const schema::Table& next) {
  const std::string name = schema::fold_case(next.name);
  const bool is_known = std::ranges::any_of(previous.tables, [&name](const schema::Table& table) {
    return schema::fold_case(table.name) == name;
  });
  if (is_known) return std::optional<std::int64_t>();
  MS_TRY(Statement found, connection.prepare("SELECT 1 FROM sqlite_schema WHERE type='table' AND "
                                             "name=?1 COLLATE NOCASE"));
  const std::string table = sql_table_name(next.name);
  found.bind_text(1, table);
  MS_TRY(const bool is_there, found.step("look for a table"));
  if (!is_there) return std::optional<std::int64_t>();
  MS_TRY(const std::int64_t rows, row_count(connection, next));
  return std::optional(rows);
}

Status find_losses(Connection& connection,
                   const schema::Schema& previous,
                   const schema::Schema& next,
                   std::vector<std::string>& losses) {
  for (const schema::Table& table : previous.tables) {
    // What the program drops from its own tables it no longer needs.
    if (table.owner == schema::TableOwner::System) continue;
    if (const schema::Table* staying = next.find_table(table.name)) {
      MS_TRY_STATUS(collect_field_losses(connection, table, *staying, losses));
      continue;
    }
    MS_TRY(const std::int64_t rows, row_count(connection, table));
    if (rows > 0) {
      losses.push_back(fmt::format("table \"{}\" ({})", table.name, counted(rows, "row")));
    }
  }
  for (const schema::Table& table : next.tables) {
    MS_TRY(const auto rows, rows_left_behind(connection, previous, table));
    if (rows.value_or(0) == 0) continue;
    losses.push_back(fmt::format("table \"{}\" of a model that was removed ({})", table.name,
                                 counted(*rows, "row")));
  }
  return {};
}

Status check_losses(Connection& connection,
                    const schema::Schema& previous,
                    const schema::Schema& next) {
  std::vector<std::string> losses;
  MS_TRY_STATUS(find_losses(connection, previous, next, losses));
  if (losses.empty()) return {};
  return Error(
      ErrorCode::FailedPrecondition,
      fmt::format("the new schema would delete data: {}. Pass --accept-data-loss to accept "
                  "that",
                  fmt::join(losses, ", ")),
      "data_loss");
}

Status find_violations(Connection& connection,
                       const schema::Schema& previous,
                       const schema::Schema& next,
                       std::vector<std::string>& violations) {
  for (const schema::Table& table : next.tables) {
    const schema::Table* old = previous.find_table(table.name);
    if (old == nullptr) continue;
    MS_TRY_STATUS(check_table(connection, *old, table, violations));
  }
  return {};
}

Result<TableStep> check_table(Connection& connection,
                              const schema::Table& previous,
                              const schema::Table& next,
                              std::vector<std::string>& violations) {
  return TableCheck(connection, previous, next).run(violations);
}

Status convert_value(const schema::Field& from, const schema::Field& to, Value& value) {
  const FieldLayout layout = field_layout_of(from);
  const bool is_stored_nan = value.is_null() && layout.null_meaning == NullMeaning::Null &&
                             layout.storage != StorageClass::Json && !from.type->accepts_null();
  if (is_stored_nan) value = std::numeric_limits<double>::quiet_NaN();
  return schema::check_and_convert(*to.type, value);
}

}  // namespace moonstone::store::sqlite
