// Moonstone. Licence: see LICENSE.
#include "orm/internal/cursor_token.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "orm/internal/errors.h"

namespace moonstone::orm {

std::string make_cursor_token(const Object& values) {
  std::string token = to_base64(to_json(values));
  std::ranges::replace(token, '+', '-');
  std::ranges::replace(token, '/', '_');
  token.erase(std::ranges::find(token, '='), token.end());
  return token;
}

Result<Object> parse_cursor_token(const Value& token) {
  const Error invalid = bad_argument("Invalid cursor token");
  if (!token.is_text() || token.as_text().size() > kCursorTokenBytesMax) return invalid;
  const auto json = from_base64(token.as_text());
  if (!json) return invalid;
  auto values = parse_json(*json);
  if (!values || !values->is_object()) return invalid;
  const bool has_containers = std::ranges::any_of(values->as_object(), [](const Member& member) {
    return member.value.is_array() || member.value.is_object();
  });
  if (has_containers) return invalid;
  return std::move(values->as_object());
}

}  // namespace moonstone::orm
