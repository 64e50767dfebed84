// Moonstone. Licence: see LICENSE.
#pragma once
// The words of the language for what the tree holds as enumerators.
// Threads: pure functions. Source: litestone.md 3.7

#include <string_view>

#include "schema/lite/attributes.h"

namespace moonstone::lite {

[[nodiscard]] std::string_view word_of(FieldFlag flag);
[[nodiscard]] std::string_view word_of(ModelFlag flag);
[[nodiscard]] std::string_view word_of(ValidatorKind kind);
[[nodiscard]] std::string_view word_of(FromOperation operation);
[[nodiscard]] std::string_view word_of(ReferentialAction action);
[[nodiscard]] std::string_view word_of(CompareOperator compare);

/// Whether the operation names a field of the target.
[[nodiscard]] bool takes_field(FromOperation operation);

}  // namespace moonstone::lite
