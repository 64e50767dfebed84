// Moonstone. Licence: see LICENSE.
// Full-text search of a model: its FTS5 table (ddl.h), whose rowid is the row's number and
// whose columns are the model's search fields in order (litestone.md 6.6, 32.5).

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/model_terms.h"

namespace moonstone::store::sqlite {

namespace {

using query::Term;

bool is_mark(const Term& term) {
  return term.kind == Term::Kind::SearchHighlight || term.kind == Term::Kind::SearchSnippet;
}

Result<std::size_t> search_column_of(const schema::Model& model, std::string_view field) {
  const auto found = std::ranges::find(model.search_fields, field);
  if (found == model.search_fields.end()) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("field '{}' of model '{}' is not searched. Fields: {}", field,
                             model.name, fmt::join(model.search_fields, ", ")),
                 "unknown_field");
  }
  return static_cast<std::size_t>(found - model.search_fields.begin());
}

/// An argument that may be left out.
Status append_argument(const ModelScope& rows,
                       const query::ExprPtr& value,
                       Value otherwise,
                       SqlFragment& out) {
  out.text += ", ";
  if (value != nullptr) return append_model_operand(rows, *value, out);
  out.append_place(std::move(otherwise));
  return {};
}

Status append_mark(const ModelScope& rows,
                   const std::string& index,
                   const Term& term,
                   SqlFragment& out) {
  constexpr std::int64_t kTokens = 15;
  const bool is_snippet = term.kind == Term::Kind::SearchSnippet;
  MS_TRY(const std::size_t column, search_column_of(*rows.model, term.field));
  out.text += fmt::format("{}({}, {}", is_snippet ? "snippet" : "highlight", index, column);
  MS_TRY_STATUS(append_argument(rows, term.search_open, "<mark>", out));
  MS_TRY_STATUS(append_argument(rows, term.search_close, "</mark>", out));
  if (is_snippet) {
    MS_TRY_STATUS(append_argument(rows, term.search_ellipsis, "…", out));
    MS_TRY_STATUS(append_argument(rows, term.search_tokens, kTokens, out));
  }
  out.text += ")";
  return {};
}

}  // namespace

std::vector<const Term*> marks_of(const query::Select& select) {
  std::vector<const Term*> marks;
  const auto add = [&](const query::TermPtr& term) {
    if (term == nullptr || !is_mark(*term)) return;
    if (std::ranges::find(marks, term.get()) == marks.end()) marks.push_back(term.get());
  };
  for (const query::Output& output : select.outputs)
    add(output.term);
  for (const query::OrderKey& key : select.order)
    add(key.term);
  return marks;
}

Status append_search_source(const SelectScope& scope, SqlFragment& out) {
  const schema::Model& model = *scope.rows.model;
  if (model.search_fields.empty()) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("search is not available on '{}': it has no @@fts", model.name));
  }
  const std::string index = quoted(search_table_of(model));
  out.text += "(SELECT rowid AS \"_fts.row\", rank AS \"_fts.rank\"";
  for (std::size_t i = 0; i < scope.marks.size(); ++i) {
    out.text += ", ";
    MS_TRY_STATUS(append_mark(scope.rows, index, *scope.marks[i], out));
    out.text += fmt::format(" AS \"_fts.{}\"", i);
  }
  out.text += fmt::format(" FROM {0} WHERE {0} MATCH ", index);
  MS_TRY(auto source, source_of(*scope.select->search, "the text of a search"));
  out.append_place(FittedPlace{.use = FittedPlace::Use::Search, .source = std::move(source)});
  MS_TRY(const std::string number, row_number_sql(qualified(scope.rows)));
  out.text += fmt::format(") CROSS JOIN {} ON {} = \"_fts.row\"", source_sql(scope.rows), number);
  return {};
}

}  // namespace moonstone::store::sqlite
