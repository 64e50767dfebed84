// Moonstone. Licence: see LICENSE.
#pragma once
// Transforms: what @trim, @lower, @upper and @slug make of a value, and DateTime coercion.
// Threads: pure functions. Source: litestone.md 5.3, 9.3 and 28.

#include <string>
#include <string_view>

#include "base/value.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// Lower case, words joined by "-", nothing but letters, digits and "-".
[[nodiscard]] std::string slug_of(std::string_view text);

/// Makes a text of the value first. A missing value stays.
void apply_transform(schema::Transform transform, Value& value);

/// A number of milliseconds becomes ISO text; text stays. Whether the value is one that a DateTime
/// field takes; a missing one is.
[[nodiscard]] bool coerce_date_time(Value& value);

}  // namespace moonstone::orm
