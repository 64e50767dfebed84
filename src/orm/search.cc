// Moonstone. Licence: see LICENSE.
// search: rows whose text matches, the most relevant first (litestone.md 32.5).

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "orm/internal/errors.h"
#include "orm/internal/options.h"
#include "orm/internal/projection.h"
#include "orm/internal/read_plan.h"

namespace moonstone::orm {
namespace {

using query::Expr;
using query::ExprPtr;
using query::Term;
using schema::Model;

constexpr std::array<std::string_view, 12> kSearchOptions = {
    "where",   "limit",    "offset",      "select",      "include",       "highlight",
    "snippet", "withRank", "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"};

constexpr std::int64_t kSearchRows = 20;
constexpr std::int64_t kSnippetTokens = 15;

class SearchPlan final : public ReadPlan {
 public:
  SearchPlan(Statement rows, RelatedPtr related)
      : rows_(std::move(rows)), related_(std::move(related)) {}

  Result<Outcome> run(const Run& run) const override {
    MS_TRY(query::RowSet rows, run_main_statement(run, rows_, name_of(Method::Search)));
    if (related_ != nullptr) MS_TRY_STATUS(attach_related(run, *related_, rows));
    return rows_outcome(Outcome::Form::Rows, std::move(rows));
  }

 private:
  Statement rows_;
  RelatedPtr related_;
};

ExprPtr text_option(const Value& options, std::string_view name, std::string_view fallback) {
  const Value* const given = option_of(options, name);
  return Expr::make_literal(given != nullptr && given->is_text() ? given->as_text()
                                                                 : std::string(fallback));
}

/// The indexed field that a highlight or a snippet is of.
Result<std::string> searched_field(const Model& model,
                                   std::string_view option,
                                   const Value& given) {
  const Value* const field = option_of(given, "field");
  const bool is_known =
      field != nullptr && field->is_text() &&
      std::ranges::find(model.search_fields, field->as_text()) != model.search_fields.end();
  if (is_known) return field->as_text();
  return bad_argument(fmt::format("search: {}.field {} is not in @@fts of \"{}\". FTS fields: {}",
                                  option, printed(field == nullptr ? Value() : *field), model.table,
                                  fmt::join(model.search_fields, ", ")));
}

Status add_marks(const Model& model, const Value& options, Outputs& outputs) {
  if (const Value* const highlight = option_of(options, "highlight"); is_truthy(highlight)) {
    Term term{.kind = Term::Kind::SearchHighlight};
    MS_TRY(term.field, searched_field(model, "highlight", *highlight));
    term.search_open = text_option(*highlight, "open", "<mark>");
    term.search_close = text_option(*highlight, "close", "</mark>");
    outputs.show_term("_highlight", std::make_shared<Term>(std::move(term)));
  }
  if (const Value* const snippet = option_of(options, "snippet"); is_truthy(snippet)) {
    Term term{.kind = Term::Kind::SearchSnippet};
    MS_TRY(term.field, searched_field(model, "snippet", *snippet));
    term.search_open = text_option(*snippet, "open", "<mark>");
    term.search_close = text_option(*snippet, "close", "</mark>");
    term.search_ellipsis = text_option(*snippet, "ellipsis", "…");
    const Value* const length = option_of(*snippet, "length");
    MS_TRY(Value tokens,
           convert(length == nullptr ? Value(kSnippetTokens) : *length, Conversion::Limit));
    term.search_tokens = Expr::make_literal(std::move(tokens));
    outputs.show_term("_snippet", std::make_shared<Term>(std::move(term)));
  }
  return {};
}

}  // namespace

Result<ReadPlanPtr> make_search_plan(const Planner& planner, const ModelCall& call) {
  const Model& model = call.model;
  // By reference throughout: leaves are known by where they stand.
  static const Value kNothing;
  const Array* const list = call.arguments.is_array() ? &call.arguments.as_array() : nullptr;
  const bool has_text = list != nullptr && !list->empty();
  const bool has_options = list != nullptr && list->size() > 1;
  const Value& text = has_text ? list->front() : call.arguments;
  const Value& options = options_or_empty(has_options ? (*list)[1] : kNothing);
  if (model.search_fields.empty()) {
    return bad_argument(fmt::format(
        "search is not available on \"{}\": the model has no @@fts([...])", model.table));
  }
  if (!text.is_text()) {
    return bad_argument(
        fmt::format("search on \"{}\" takes a text, got: {}", model.table, printed(text)));
  }
  MS_TRY_STATUS(check_options(options, name_of(call.method), model, kSearchOptions));
  MS_TRY(Projection projection, make_projection(planner, model, options, ReadMode::List));
  Parameters parameters(planner.leaves);
  query::Select select;
  MS_TRY(select.search, parameters.operand(text, Conversion::None));
  MS_TRY(select.where, decode_filter({*planner.core.catalog, model, parameters}, options));
  const Value* const with_rank = option_of(options, "withRank");
  if (with_rank == nullptr || is_truthy(with_rank)) {
    projection.outputs.show_term("_rank",
                                 std::make_shared<Term>(Term{.kind = Term::Kind::SearchRank}));
  }
  MS_TRY_STATUS(add_marks(model, options, projection.outputs));
  MS_TRY(select.limit, decode_bound(parameters, option_of(options, "limit")));
  if (select.limit == nullptr) select.limit = Expr::make_literal(kSearchRows);
  MS_TRY(select.offset, decode_bound(parameters, option_of(options, "offset")));
  select.outputs = projection.outputs.list();
  MS_TRY(Statement rows, make_statement(planner, model, std::move(select), std::move(parameters)));
  return std::make_shared<const SearchPlan>(std::move(rows), std::move(projection.related));
}

}  // namespace moonstone::orm
