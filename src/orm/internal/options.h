// Moonstone. Licence: see LICENSE.
#pragma once
// Options of reads that are the same everywhere: which rows are meant at all, which names are
// known. Threads: pure functions. Source: litestone.md 10, 25, 25a.

#include <span>
#include <string_view>

#include "base/result.h"
#include "orm/internal/where.h"
#include "query/expr.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// Refuses options that no read has; those of other reads are ignored. Undefined and null stand
/// for {}. `known` are those of `method`, as the error lists them.
/// Errors: InvalidArgument naming option and model.
[[nodiscard]] Status check_options(const Value& options,
                                   std::string_view method,
                                   const schema::Model& model,
                                   std::span<const std::string_view> known);

/// withDeleted, onlyDeleted, withTemplates, onlyTemplates: what rows of the model are meant. Null:
/// every row. By default those that are neither deleted nor templates.
[[nodiscard]] query::ExprPtr decode_modes(const schema::Model& model, const Value& options);

/// `where` of the options and its modes. Null: every row.
[[nodiscard]] Result<query::ExprPtr> decode_filter(const ConditionScope& scope,
                                                   const Value& options);

/// A limit or an offset; null if there is none.
[[nodiscard]] Result<query::ExprPtr> decode_bound(Parameters& parameters,
                                                  const Value* value,
                                                  Conversion conversion = Conversion::Limit);

}  // namespace moonstone::orm
