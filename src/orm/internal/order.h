// Moonstone. Licence: see LICENSE.
#pragma once
// orderBy: by fields, by fields of rows that a row belongs to, by counts and sums of related rows.
// Threads: pure functions. Source: litestone.md 12.

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "query/select.h"
#include "schema/catalog.h"

namespace moonstone::orm {

[[nodiscard]] query::TermPtr make_field_term(std::string_view field);

/// The column of a recursive read that tells how far a row is from where it began.
inline constexpr std::string_view kDepthName = "_depth";

/// By what a read can be ordered: a recursive one also by "_depth".
enum class OrderNames : unsigned char { Fields, FieldsAndDepth };

/// One entry after the other, as given. Null: no order.
/// Errors: InvalidArgument with the texts of litestone.md 12.
[[nodiscard]] Result<std::vector<query::OrderKey>> decode_order(
    const schema::Catalog& catalog,
    const schema::Model& model,
    const Value* order_by,
    OrderNames names = OrderNames::Fields);

/// "asc" or "desc" in any case, or {dir, nulls}. The term is left empty.
[[nodiscard]] Result<query::OrderKey> decode_direction(const Value& direction);

/// sum, avg, min, max (without an underscore); nothing for other names.
[[nodiscard]] std::optional<query::AggregateFunction> find_aggregate(std::string_view name);

/// Appends the fields of the key that the order does not have yet, so that it is total: in the
/// direction of its last one, so that an index serves both.
void append_key(const schema::Model& model, std::vector<query::OrderKey>& order);

}  // namespace moonstone::orm
