// Moonstone. Licence: see LICENSE.
#include "protocol/functions/live_query_key.h"

#include <utility>

#include "base/json.h"

namespace moonstone::protocol::functions {

// A JSON array of the name and, if there are any, the arguments.

std::string live_query_key(std::string_view function, const Value& args) {
  std::string key = "[";
  write_json_string(function, key);
  if (!args.is_undefined()) key.append(",").append(canonical_json(args));
  key.append("]");
  return key;
}

std::optional<NamedQuery> read_live_query_key(std::string_view key) {
  auto parts = parse_json(key);
  if (!parts || !parts->is_array() || parts->as_array().empty()) return std::nullopt;
  Array& fields = parts->as_array();
  if (!fields[0].is_text()) return std::nullopt;
  return NamedQuery{.function = fields[0].as_text(),
                    .args = fields.size() > 1 ? std::move(fields[1]) : Value()};
}

}  // namespace moonstone::protocol::functions
