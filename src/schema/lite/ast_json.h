// Moonstone. Licence: see LICENSE.
#pragma once
// The tree as the JSON that `parse`, `db.$schema` and the hooks show.
//
// What the source left out is absent, where the list below says `| null` it is null. Positions are
// not shown. The order of the members is the order of the specification.
// Threads: pure functions. Source: litestone.md 3.7

#include "base/value.h"
#include "schema/lite/ast.h"
#include "schema/lite/parse.h"

namespace moonstone::lite {

/// The whole schema.
[[nodiscard]] Object schema_to_json(const Schema& schema);

/// `{schema | null, valid, errors: [text], warnings: [text]}`: what `parse` and `parseFile` return.
[[nodiscard]] Object parse_result_to_json(const ParseResult& result);

/// One model, trait or type: what a hook gets as `schema`.
[[nodiscard]] Object model_to_json(const Model& model);

[[nodiscard]] Object expression_to_json(const Expression& expression);

/// `{name: {from: [..], to}}`, as the enum has it.
[[nodiscard]] Object transitions_to_json(const std::vector<Transition>& transitions);

}  // namespace moonstone::lite
