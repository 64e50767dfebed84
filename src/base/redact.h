// Moonstone. Licence: see LICENSE.
#pragma once
// Secrets out of what is logged: values under telling names, and tokens inside texts.
// Threads: pure functions. Cost: one pass over the text.

#include <string>
#include <string_view>

#include "base/value.h"

namespace moonstone {

/// What stands in a secret's place.
inline constexpr std::string_view kRedacted = "[redacted]";

/// Whether a field or header of that name holds a secret, however it is written: `apiKey`,
/// `X-Api-Key` and `api_key` are one.
[[nodiscard]] bool names_secret(std::string_view name);

/// Masks `Bearer <token>`, JSON web tokens, and the values of telling names in query strings and
/// `name=value` or `name: value` lists. Other text stays as it is.
[[nodiscard]] std::string redact_text(std::string_view text);

/// Masks texts and, at any depth, members with telling names.
[[nodiscard]] Value redact(std::string_view name, const Value& value);

}  // namespace moonstone
