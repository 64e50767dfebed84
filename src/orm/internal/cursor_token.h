// Moonstone. Licence: see LICENSE.
#pragma once
// Tokens of pages: base64url of the JSON object with the last row's values of the columns by which
// the pages are ordered. They are no secret: whoever reads the rows has the values.
// Threads: pure functions. Source: litestone.md 13.5.

#include <string>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::orm {

/// Longer tokens are refused before they are decoded: the values are keys of an index.
inline constexpr std::size_t kCursorTokenBytesMax = std::size_t{64} * 1024;

[[nodiscard]] std::string make_cursor_token(const Object& values);
/// Errors: InvalidArgument "Invalid cursor token".
[[nodiscard]] Result<Object> parse_cursor_token(const Value& token);

}  // namespace moonstone::orm
