// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_write.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include "store/sqlite/internal/model_expr.h"

namespace moonstone::store::sqlite {

namespace {

using query::Assignment;
using query::Expr;
using query::ExprKind;
using query::WritePlan;
using schema::FieldRole;
using schema::Model;
using schema::ModelField;

Error bad(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "plan"};
}

class WriteCompiler {
 public:
  WriteCompiler(const Layout& layout, const schema::Table& table, const WritePlan& plan)
      : layout_(layout),
        table_(table),
        plan_(plan),
        scope_{.catalog = layout.schema->catalog.get(), .model = table.model.get()} {}

  Result<CompiledStatementPtr> compile() {
    if (table_.model->is_view) {
      return bad(
          fmt::format("\"{}\" is a view \u2014 write operations are not supported", table_.name));
    }
    switch (plan_.kind) {
      case WritePlan::Kind::Insert:
        MS_TRY_STATUS(append_insert());
        break;
      case WritePlan::Kind::Update:
        MS_TRY_STATUS(append_update());
        break;
      case WritePlan::Kind::Delete:
        out_.text += fmt::format("DELETE FROM {}", quoted(table_.name));
        MS_TRY_STATUS(append_where());
        break;
    }
    MS_TRY_STATUS(append_returning());
    auto shape = std::make_shared<const query::RowShape>(std::move(shape_));
    return std::make_shared<const SqliteCompiled>(
        layout_.schema_version, std::move(out_), std::move(shape), std::move(forms_), table_.model);
  }

 private:
  /// The column of a field that is written, quoted.
  Result<std::string> column_of(std::string_view name) const {
    if (name == query::kRowNumberField) return row_number_sql(scope_);
    const ModelField* const field = table_.model->find_field(name);
    if (field == nullptr) {
      return bad(fmt::format("unknown field '{}' on model '{}'", name, table_.model->name));
    }
    if (field->role == FieldRole::Stored) return quoted(field->column);
    return bad(fmt::format("field '{}' of model '{}' is computed and cannot be written", name,
                           table_.model->name));
  }

  Result<std::string> columns_of(const std::vector<std::string>& names) const {
    std::vector<std::string> columns;
    for (const std::string& name : names) {
      MS_TRY(columns.emplace_back(), column_of(name));
    }
    return fmt::format("{}", fmt::join(columns, ", "));
  }

  Status append_value(const Expr& value) {
    if (value.kind == ExprKind::Parameter) {
      out_.append_place(value.parameter);
    } else if (value.kind == ExprKind::Literal) {
      out_.append_place(value.literal);
    } else {
      return bad("a value that is written must be a literal or a parameter");
    }
    return {};
  }

  Status append_insert() {
    out_.text += fmt::format("INSERT INTO {}", quoted(table_.name));
    if (plan_.assignments.empty()) {
      out_.text += " DEFAULT VALUES";
    } else {
      std::vector<std::string> names;
      for (const Assignment& assignment : plan_.assignments)
        names.push_back(assignment.field);
      MS_TRY(const std::string columns, columns_of(names));
      out_.text += fmt::format(" ({}) VALUES (", columns);
      std::string_view separator;
      for (const Assignment& assignment : plan_.assignments) {
        out_.text += separator;
        separator = ", ";
        MS_TRY_STATUS(append_value(*assignment.value));
      }
      out_.text += ')';
    }
    return append_conflict();
  }

  Status append_conflict() {
    if (plan_.conflict_target.empty()) return {};
    if (plan_.assignments.empty()) return bad("an insert of defaults alone has no conflict target");
    MS_TRY(const std::string target, columns_of(plan_.conflict_target));
    out_.text += fmt::format(" ON CONFLICT ({}) DO ", target);
    if (plan_.conflict_update.empty()) {
      out_.text += "NOTHING";
      return {};
    }
    out_.text += "UPDATE SET ";
    std::string_view separator;
    for (const std::string& name : plan_.conflict_update) {
      MS_TRY(const std::string column, column_of(name));
      out_.text += fmt::format("{0}{1} = excluded.{1}", separator, column);
      separator = ", ";
    }
    return {};
  }

  Status append_update() {
    if (plan_.assignments.empty()) return bad("an update needs something to set");
    out_.text += fmt::format("UPDATE {} SET ", quoted(table_.name));
    std::string_view separator;
    for (const Assignment& assignment : plan_.assignments) {
      MS_TRY(const std::string column, column_of(assignment.field));
      out_.text += fmt::format("{}{} = ", separator, column);
      separator = ", ";
      MS_TRY_STATUS(append_value(*assignment.value));
    }
    return append_where();
  }

  Status append_where() {
    if (plan_.where == nullptr) return {};
    out_.text += " WHERE ";
    return append_model_expr(scope_, *plan_.where, out_);
  }

  Status append_returning() {
    std::string_view separator = " RETURNING ";
    for (const query::Output& output : plan_.returning) {
      if (output.term->kind != query::Term::Kind::Field || !output.term->via.empty()) {
        return bad("a write gives back fields of the rows that it wrote, and nothing else");
      }
      out_.text += separator;
      separator = ", ";
      MS_TRY(const SqlFragment field, field_sql(scope_, output.term->field));
      out_.append(field);
      shape_.names.push_back(output.name);
      shape_.is_hidden.push_back(output.is_hidden);
      const ModelField* const declared = table_.model->find_field(output.term->field);
      forms_.push_back(declared == nullptr ? CellForm::Plain : form_of(*declared));
    }
    return {};
  }

  const Layout& layout_;
  const schema::Table& table_;
  const WritePlan& plan_;
  ModelScope scope_;
  SqlFragment out_;
  query::RowShape shape_;
  std::vector<CellForm> forms_;
};

/// The names by which other programs know these refusals (litestone.md 34).
struct Refusal {
  int code;
  std::string_view name;
  std::string_view reason;
};
constexpr Refusal kRefusals[] = {
    {SQLITE_CONSTRAINT_UNIQUE, "SQLITE_CONSTRAINT_UNIQUE", "unique"},
    {SQLITE_CONSTRAINT_PRIMARYKEY, "SQLITE_CONSTRAINT_PRIMARYKEY", "unique"},
    {SQLITE_CONSTRAINT_ROWID, "SQLITE_CONSTRAINT_ROWID", "unique"},
    {SQLITE_CONSTRAINT_NOTNULL, "SQLITE_CONSTRAINT_NOTNULL", "not_null"},
    {SQLITE_CONSTRAINT_FOREIGNKEY, "SQLITE_CONSTRAINT_FOREIGNKEY", "foreign_key"},
    {SQLITE_CONSTRAINT_CHECK, "SQLITE_CONSTRAINT_CHECK", "check"},
    {SQLITE_CONSTRAINT_TRIGGER, "SQLITE_CONSTRAINT_TRIGGER", "check"},
    {SQLITE_CONSTRAINT_DATATYPE, "SQLITE_CONSTRAINT_DATATYPE", "type"},
    {SQLITE_MISMATCH, "SQLITE_MISMATCH", "type"},
};

/// What SQLite says of values that it does not take.
Error write_refusal(const Connection& connection, Error error) {
  const int code = sqlite3_extended_errcode(connection.handle());
  for (const Refusal& refusal : kRefusals) {
    if (refusal.code != code) continue;
    const ErrorCode kind =
        refusal.reason == "unique" ? ErrorCode::AlreadyExists : ErrorCode::FailedPrecondition;
    return Error(kind, sqlite3_errmsg(connection.handle()), refusal.reason)
        .with_details(Object{{"name", "SQLiteError"},
                             {"code", std::string(refusal.name)},
                             {"errno", static_cast<std::int64_t>(code)}});
  }
  return sql_refusal(connection, std::move(error));
}

}  // namespace

Result<CompiledStatementPtr> compile_model_write(const Layout& layout, const WritePlan& plan) {
  const TableLayout* const table = layout.find(plan.table);
  if (table == nullptr) return layout.schema->unknown_table(plan.table);
  if (table->model() == nullptr) {
    return bad(fmt::format("table \"{}\" belongs to no model", plan.table));
  }
  return WriteCompiler(layout, *table->table, plan).compile();
}

Result<Writer::Written> run_model_write(Connection& connection,
                                        const CompiledStatement& statement,
                                        std::uint64_t schema_version,
                                        std::span<const Value> parameters) {
  const auto& compiled = static_cast<const SqliteCompiled&>(statement);
  std::vector<std::string> texts;
  MS_TRY(Statement prepared,
         prepare_compiled(connection, compiled, schema_version, parameters, texts));
  Writer::Written written;
  written.rows.model = compiled.model();
  written.rows.shape = compiled.shape();
  std::uint64_t size_bytes = 0;
  while (true) {
    Result<bool> has_row = prepared.step("write rows");
    if (!has_row) return write_refusal(connection, std::move(has_row).error());
    if (!*has_row) break;
    append_cells(compiled, prepared, written.rows, size_bytes);
  }
  written.count = static_cast<std::uint64_t>(connection.changes());
  return written;
}

}  // namespace moonstone::store::sqlite
