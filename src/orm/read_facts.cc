// Moonstone. Licence: see LICENSE.
// facts_of: which tables a Select reads, and whether its condition can be told from a row.

#include <algorithm>
#include <cctype>
#include <string>

#include "orm/internal/statement.h"

namespace moonstone::orm {
namespace {

using query::Expr;
using query::ExprKind;
using query::Term;
using schema::Catalog;
using schema::Model;
using schema::ModelField;

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Whether SQL may read a table that the statement does not name: with a sub-select, or as in
/// `x IN other`. Errs towards true.
bool may_read_tables(std::string_view sql) {
  for (std::size_t at = 0; at < sql.size();) {
    if (!is_word_character(sql[at])) {
      ++at;
      continue;
    }
    std::string word;
    for (; at < sql.size() && is_word_character(sql[at]); ++at)
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(sql[at])));
    if (word == "select" || word == "values" || word == "with" || word == "table") return true;
    const std::size_t next = sql.find_first_not_of(" \t\r\n", at);
    if (word == "in" && (next == std::string_view::npos || sql[next] != '(')) return true;
  }
  return false;
}

class Finder {
 public:
  Finder(const Catalog& catalog, const Model& model) : catalog_(catalog), model_(model) {
    if (model.is_view) facts_.is_everything = true;
    facts_.is_exact = !model.is_view;
  }

  void visit_where(const Expr& expr) {
    if (query::is_opaque(expr)) facts_.is_exact = false;
    for (const std::string& name : query::fields_of(expr)) {
      const ModelField* const field = model_.find_field(name);
      if (field != nullptr && field->derived) facts_.is_exact = false;
    }
    visit_expr(model_, expr);
  }

  void visit_expr(const Model& model, const Expr& expr) {
    if (expr.kind == ExprKind::Raw && may_read_tables(expr.sql)) facts_.is_everything = true;
    if (expr.kind == ExprKind::Field && !expr.path.empty()) visit_field(model, expr.path.front());
    for (const query::ExprPtr& operand : expr.operands)
      visit_expr(model, *operand);
  }

  void visit_optional(const query::ExprPtr& expr) {
    if (expr == nullptr) return;
    visit_expr(model_, *expr);
    // Whether a row is counted may depend on fields that `where` does not name, but only on rows
    // that it keeps: the dependency on these rows covers it.
  }

  void visit_term(const Term& term) {
    switch (term.kind) {
      case Term::Kind::Field:
        visit_path(term);
        break;
      case Term::Kind::RelationAggregate:
        visit_relation(term.relation);
        visit_optional(term.aggregate.filter);
        break;
      case Term::Kind::Aggregate:
        visit_field(model_, term.aggregate.field);
        visit_optional(term.aggregate.filter);
        break;
      case Term::Kind::Window:
        visit_window(term.window);
        break;
      case Term::Kind::Bucket:
        visit_field(model_, term.field);
        break;
      case Term::Kind::Expression:
        visit_optional(term.expression);
        break;
      case Term::Kind::SearchRank:
      case Term::Kind::SearchHighlight:
      case Term::Kind::SearchSnippet:
      case Term::Kind::Depth:
        break;
    }
  }

  void set_inexact() { facts_.is_exact = false; }

  [[nodiscard]] ReadFacts take() && { return std::move(facts_); }

 private:
  void visit_window(const query::Window& window) {
    visit_field(model_, window.field);
    visit_optional(window.filter);
    for (const std::string& field : window.partition_by)
      visit_field(model_, field);
    for (const query::OrderKey& key : window.order)
      visit_term(*key.term);
  }

  void visit_path(const Term& term) {
    const Model* model = &model_;
    for (const std::string& name : term.via) {
      const schema::Relation* const relation = model->find_relation(name);
      if (relation == nullptr) return;
      model = &catalog_.models[relation->target];
      add(*model);
    }
    visit_field(*model, term.field);
  }

  void visit_relation(std::string_view name) {
    const schema::Relation* const relation = model_.find_relation(name);
    if (relation == nullptr) return;
    add(catalog_.models[relation->target]);
    if (relation->join_table.empty()) return;
    if (const Model* const join = catalog_.find_table(relation->join_table)) add(*join);
  }

  void visit_field(const Model& model, std::string_view name) {
    const ModelField* const field = model.find_field(name);
    if (field == nullptr || !field->derived) return;
    const Model& target = catalog_.models[field->derived->target];
    add(target);
    if (may_read_tables(field->derived->where_sql)) facts_.is_everything = true;
  }

  void add(const Model& model) {
    if (model.is_view) facts_.is_everything = true;
    if (std::ranges::find(facts_.tables, model.table) == facts_.tables.end()) {
      facts_.tables.push_back(model.table);
    }
  }

  const Catalog& catalog_;
  const Model& model_;
  ReadFacts facts_;
};

}  // namespace

ReadFacts facts_of(const Catalog& catalog, const Model& model, const query::Select& select) {
  Finder finder(catalog, model);
  if (select.where != nullptr) finder.visit_where(*select.where);
  for (const query::Output& output : select.outputs)
    finder.visit_term(*output.term);
  for (const query::TermPtr& term : select.group_by)
    finder.visit_term(*term);
  for (const query::GroupCondition& condition : select.having)
    finder.visit_term(*condition.term);
  for (const query::OrderKey& key : select.order)
    finder.visit_term(*key.term);
  if (select.recursion) {
    finder.set_inexact();
    if (select.recursion->filter != nullptr) finder.visit_expr(model, *select.recursion->filter);
  }
  if (select.search != nullptr) finder.set_inexact();
  return std::move(finder).take();
}

}  // namespace moonstone::orm
