// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/model_select.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/internal/expr_sql.h"
#include "store/sqlite/internal/model_terms.h"
#include "store/sqlite/internal/read_charge.h"

namespace moonstone::store::sqlite {

namespace {

using query::Output;
using query::Select;
using query::Term;

/// What SQLite takes as columns of a result and as keys of an order.
constexpr std::size_t kTermsMax = 2'000;

Error refused(std::string_view what) {
  return {ErrorCode::InvalidArgument, std::string(what)};
}

/// A limit or an offset that is there.
bool is_given(const query::ExprPtr& count) {
  return count != nullptr &&
         !(count->kind == query::ExprKind::Literal && count->literal.is_missing());
}

bool has_aggregates(const Select& select) {
  return !select.group_by.empty() || std::ranges::any_of(select.outputs, [](const Output& output) {
    return output.term->kind == Term::Kind::Aggregate;
  });
}

/// Writes the text of one Select, from left to right, as its places must stand.
class SelectWriter {
 public:
  explicit SelectWriter(const SelectScope& scope) : scope_(scope), select_(*scope.select) {}

  Result<SqlFragment> write() {
    if (select_.recursion) MS_TRY_STATUS(append_walk(scope_, out_));
    const bool has_pages = !select_.limit_by.empty();
    if (has_pages) {
      MS_TRY_STATUS(append_pages());
    } else {
      MS_TRY_STATUS(append_rows());
      MS_TRY_STATUS(append_order_by());
      MS_TRY_STATUS(append_limit());
    }
    if (out_.places.size() > kParametersMax) {
      return Error(ErrorCode::LimitExceeded, "the query has too many values", "places");
    }
    return std::move(out_);
  }

 private:
  /// SELECT .. FROM .. WHERE .. GROUP BY .. HAVING
  Status append_rows() {
    out_.text += select_.is_distinct ? "SELECT DISTINCT " : "SELECT ";
    MS_TRY_STATUS(append_outputs(NamesOutputs::No));
    return append_source();
  }

  enum class NamesOutputs : unsigned char { No, Yes };
  Status append_outputs(NamesOutputs names) {
    if (select_.outputs.empty()) out_.text += "NULL";
    for (std::size_t i = 0; i < select_.outputs.size(); ++i) {
      if (i > 0) out_.text += ", ";
      MS_TRY_STATUS(append_term(scope_, *select_.outputs[i].term, out_));
      if (names == NamesOutputs::Yes) out_.text += fmt::format(" AS \"_page.{}\"", i);
    }
    return {};
  }

  Status append_source() {
    out_.text += " FROM ";
    if (select_.recursion) {
      MS_TRY_STATUS(append_walk_source(scope_, out_));
    } else if (select_.search != nullptr) {
      MS_TRY_STATUS(append_search_source(scope_, out_));
    } else {
      out_.text += source_sql(scope_.rows);
    }
    if (select_.where != nullptr && !select_.recursion) {
      out_.text += " WHERE ";
      MS_TRY_STATUS(append_model_expr(scope_.rows, *select_.where, out_));
    }
    return append_groups();
  }

  Status append_groups() {
    bool is_first = true;
    for (const query::TermPtr& term : select_.group_by) {
      out_.text += std::exchange(is_first, false) ? " GROUP BY " : ", ";
      const bool can_group =
          term != nullptr && (term->kind == Term::Kind::Field || term->kind == Term::Kind::Bucket);
      if (!can_group) return refused("rows are grouped by fields and by buckets of time");
      MS_TRY_STATUS(append_term(scope_, *term, out_));
    }
    is_first = true;
    for (const query::GroupCondition& condition : select_.having) {
      out_.text += std::exchange(is_first, false) ? " HAVING " : " AND ";
      MS_TRY_STATUS(append_group_condition(condition));
    }
    return {};
  }

  Status append_group_condition(const query::GroupCondition& condition) {
    static constexpr std::string_view kOps[] = {" = ", " != ", " < ", " <= ", " > ", " >= "};
    if (condition.term == nullptr || condition.operand == nullptr) {
      return refused("a condition on groups needs a term and a value");
    }
    MS_TRY_STATUS(append_term(scope_, *condition.term, out_));
    const query::Expr& operand = *condition.operand;
    const bool is_null = operand.kind == query::ExprKind::Literal && operand.literal.is_missing();
    if (is_null && condition.op == query::CompareOp::Eq) {
      out_.text += " IS NULL";
    } else if (is_null && condition.op == query::CompareOp::Neq) {
      out_.text += " IS NOT NULL";
    } else {
      out_.text += kOps[static_cast<std::size_t>(condition.op)];
      return append_model_operand(scope_.rows, operand, out_);
    }
    return {};
  }

  Status append_order_by() {
    if (!select_.order.empty()) {
      out_.text += " ORDER BY ";
      return append_order(scope_, select_.order, out_);
    }
    const bool is_search = select_.search != nullptr && !has_aggregates(select_);
    if (is_search) out_.text += " ORDER BY \"_fts.rank\", \"_fts.row\"";
    return {};
  }

  Status append_limit() {
    if (is_given(select_.limit)) {
      out_.text += " LIMIT ";
      MS_TRY_STATUS(append_count(*select_.limit, FittedPlace::Use::Limit));
    }
    if (!is_given(select_.offset)) return {};
    out_.text += is_given(select_.limit) ? " OFFSET " : " LIMIT -1 OFFSET ";
    return append_count(*select_.offset, FittedPlace::Use::Offset);
  }

  Status append_count(const query::Expr& count, FittedPlace::Use use) {
    const bool is_limit = use == FittedPlace::Use::Limit;
    MS_TRY(auto source, source_of(count, is_limit ? "limit" : "offset"));
    out_.append_place(FittedPlace{.use = use, .source = std::move(source)});
    return {};
  }

  // Pages for each value of a field (Select::limit_by).

  Status append_pages() {
    if (has_aggregates(select_) || select_.is_distinct) {
      return refused("rows that are grouped or distinct have no pages for each value of a field");
    }
    out_.text += "SELECT ";
    if (select_.outputs.empty()) out_.text += "NULL";
    for (std::size_t i = 0; i < select_.outputs.size(); ++i)
      out_.text += fmt::format("{}\"_page.{}\"", i > 0 ? ", " : "", i);
    out_.text += " FROM (SELECT ";
    MS_TRY_STATUS(append_outputs(NamesOutputs::Yes));
    out_.text += ", ";
    MS_TRY_STATUS(append_page_number());
    MS_TRY_STATUS(append_source());
    out_.text += ") WHERE 1 = 1";
    MS_TRY_STATUS(append_page_bounds());
    out_.text += " ORDER BY \"_page.number\"";
    return {};
  }

  Status append_page_number() {
    out_.text += "ROW_NUMBER() OVER (PARTITION BY ";
    MS_TRY(const SqlFragment field, field_sql(scope_.rows, select_.limit_by));
    out_.append(field);
    out_.text += " ORDER BY ";
    if (!select_.order.empty()) {
      MS_TRY_STATUS(append_order(scope_, select_.order, out_));
    } else if (select_.search != nullptr) {
      out_.text += "\"_fts.rank\", \"_fts.row\"";
    } else if (const auto number = row_number_sql(qualified(scope_.rows))) {
      out_.text += *number;
    } else {
      out_.text += "1";  // a view has no order of its own
    }
    out_.text += ") AS \"_page.number\"";
    return {};
  }

  Status append_page_bounds() {
    if (is_given(select_.offset)) {
      out_.text += " AND \"_page.number\" > ";
      MS_TRY_STATUS(append_count(*select_.offset, FittedPlace::Use::Offset));
    }
    if (!is_given(select_.limit)) return {};
    out_.text += " AND (";
    MS_TRY_STATUS(append_count(*select_.limit, FittedPlace::Use::Limit));
    out_.text += " < 0 OR \"_page.number\" - ";
    if (is_given(select_.offset)) {
      MS_TRY_STATUS(append_count(*select_.offset, FittedPlace::Use::Offset));
    } else {
      out_.text += "0";
    }
    out_.text += " <= ";
    MS_TRY_STATUS(append_count(*select_.limit, FittedPlace::Use::Limit));
    out_.text += ")";
    return {};
  }

  const SelectScope& scope_;
  const Select& select_;
  SqlFragment out_;
};

Status check_shape(const Select& select) {
  if (select.outputs.size() > kTermsMax || select.order.size() > kTermsMax ||
      select.group_by.size() > kTermsMax) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("a query has at most {} outputs and keys", kTermsMax), "terms");
  }
  if (select.recursion && select.search != nullptr) {
    return refused("a search cannot be recursive");
  }
  std::unordered_set<std::string_view> names;
  for (const Output& output : select.outputs) {
    if (output.term == nullptr) return refused(fmt::format("output '{}' is nothing", output.name));
    if (!names.insert(output.name).second) {
      return refused(fmt::format("two outputs have the name '{}'", output.name));
    }
  }
  return {};
}

}  // namespace

Result<CompiledStatementPtr> compile_select(const Layout& layout, const Select& select) {
  const schema::CatalogPtr& catalog = layout.schema->catalog;
  const schema::Model* const model =
      catalog == nullptr ? nullptr : catalog->find_table(select.table);
  if (model == nullptr) return layout.schema->unknown_table(select.table);
  MS_TRY_STATUS(check_shape(select));
  const SelectScope scope{.select = &select,
                          .rows = {.catalog = catalog.get(), .model = model},
                          .marks = marks_of(select)};
  MS_TRY(SqlFragment sql, SelectWriter(scope).write());
  auto shape = std::make_shared<query::RowShape>();
  std::vector<CellForm> forms;
  for (const Output& output : select.outputs) {
    MS_TRY(const CellForm form, form_of_term(scope, *output.term));
    forms.push_back(form);
    shape->names.push_back(output.name);
    shape->is_hidden.push_back(output.is_hidden);
  }
  std::shared_ptr<const schema::Model> owner;
  if (!has_aggregates(select)) owner = {catalog, model};
  return std::make_shared<const SqliteCompiled>(
      layout.schema_version, std::move(sql), std::move(shape), std::move(forms), std::move(owner));
}

Result<query::RowSet> run_select(Connection& connection,
                                 const CompiledStatement& statement,
                                 std::uint64_t schema_version,
                                 std::span<const Value> parameters,
                                 ReadBudget& budget) {
  // A store gets back what it has compiled.
  const auto& compiled = static_cast<const SqliteCompiled&>(statement);
  MS_TRY_STATUS(check_deadline(budget));
  std::vector<std::string> texts;
  MS_TRY(Statement run, prepare_compiled(connection, compiled, schema_version, parameters, texts));
  if (sqlite3_stmt_readonly(run.handle()) == 0) return refused("the statement does not only read");
  const ReadDeadline deadline(connection, budget.deadline);
  query::RowSet rows;
  rows.model = compiled.model();
  rows.shape = compiled.shape();
  while (true) {
    Result<bool> has_row = run.step("read rows");
    if (!has_row) {
      Error error = search_error(connection.handle(), std::move(has_row).error());
      return sql_refusal(connection, std::move(error));
    }
    if (!*has_row) return rows;
    MS_TRY_STATUS(charge_rows(budget, 1));
    std::uint64_t size_bytes = 0;
    append_cells(compiled, run, rows, size_bytes);
    MS_TRY_STATUS(charge_bytes(budget, size_bytes));
  }
}

}  // namespace moonstone::store::sqlite
