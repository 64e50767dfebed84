// Moonstone. Licence: see LICENSE.
#pragma once
// JSON of JavaScript programs, which may say what parse_json refuses.
//
// A JavaScript text may hold half of a surrogate pair (a text that was cut within an emoji), and
// JSON.stringify writes it as an escape. Text here is UTF-8, where no such thing exists.
// Threads: pure functions.

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/value.h"

namespace moonstone {

/// parse_json, but a lone surrogate becomes U+FFFD, as it does in stored text.
[[nodiscard]] Result<Value> parse_script_json(std::string_view text, const JsonLimits& limits = {});

/// The JSON text of the first member of that name of an object, found without reading the values
/// before it: of a text beyond the limits one can still tell what it was about. Empty if there is
/// none. `name` has nothing that must be escaped.
[[nodiscard]] std::string_view member_text(std::string_view object, std::string_view name);

}  // namespace moonstone
