// Moonstone. Licence: see LICENSE.
#pragma once
// Statement: one compiled read with what its parameters are and on what its answer depends.
// Threads: immutable after making; a Run belongs to one call.
// Source: design.md decision 13.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "engine/transaction.h"
#include "orm/internal/core.h"
#include "orm/internal/parameters.h"
#include "query/footprint.h"
#include "query/row_set.h"
#include "query/select.h"

namespace moonstone::orm {

/// What makes plans: a call and where its leaves are.
struct Planner {
  const Core& core;
  engine::DocumentReader& reader;
  const Caller& caller;
  const LeafMap& leaves;
};

/// What a Select reads beside the rows that its `where` keeps.
struct ReadFacts {
  bool is_exact = false;            // `where` can be evaluated on rows, and nothing else matters
  bool is_everything = false;       // SQL that may read any table
  std::vector<std::string> tables;  // others, as a whole
};
[[nodiscard]] ReadFacts facts_of(const schema::Catalog& catalog,
                                 const schema::Model& model,
                                 const query::Select& select);

struct Statement {
  const schema::Model* model = nullptr;
  query::Select select;
  store::CompiledStatementPtr compiled;
  std::vector<ParameterSource> parameters;
  ReadFacts facts;
};

/// Compiles. Errors: those of DocumentReader::compile.
[[nodiscard]] Result<Statement> make_statement(const Planner& planner,
                                               const schema::Model& model,
                                               query::Select select,
                                               Parameters parameters);

/// One call that runs a plan.
struct Run {
  const Core& core;
  engine::DocumentReader& reader;
  const ModelCall& call;
  std::span<const Value* const> leaves;
};

/// Runs the statement and records its dependency. `slots`: values that the plan itself gives.
/// Errors: those of DocumentReader::read, and of conversions.
[[nodiscard]] Result<query::RowSet> run_statement(
    const Run& run,
    const Statement& statement,
    std::span<const Value> slots = {},
    query::DependencyKind kind = query::DependencyKind::Rows);

/// The same for the statement that stands for the call: whoever watches queries is told.
[[nodiscard]] Result<query::RowSet> run_main_statement(
    const Run& run,
    const Statement& statement,
    std::string_view operation,
    query::DependencyKind kind = query::DependencyKind::Rows);

}  // namespace moonstone::orm
