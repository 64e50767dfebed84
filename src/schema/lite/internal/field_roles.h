// Moonstone. Licence: see LICENSE.
#pragma once
// What a field is for somebody who reads and writes rows: what the generators of types agree on.
// Threads: pure functions. Source: litestone.md 37, 38

#include <string>
#include <string_view>

#include "schema/lite/ast.h"

namespace moonstone::lite {

/// Another model's row or rows, which are no part of the own row.
[[nodiscard]] bool is_relation(const Field& field);

enum class Derivation : unsigned char { None, Computed, Generated, From };
/// Where the value comes from if nobody writes it.
[[nodiscard]] Derivation derivation_of(const Field& field);

/// `createdAt`, `updatedAt` and `deletedAt`, which the database looks after.
[[nodiscard]] bool is_managed_time(std::string_view name);

/// Whether a row can be made without giving the field.
[[nodiscard]] bool has_value_by_itself(const Field& field);

/// With a capital first letter: the name of a type in TypeScript.
[[nodiscard]] std::string type_name_of(std::string_view name);

}  // namespace moonstone::lite
