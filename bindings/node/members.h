// Moonstone. Licence: see LICENSE.
#pragma once
// Members of objects that JavaScript gave. What is missing or of another kind counts as not given.

#include <string>
#include <string_view>

#include "base/value.h"

namespace moonstone::node {

/// Undefined if there is none.
[[nodiscard]] inline const Value& member(const Value& object, std::string_view name) {
  static const Value kNone;
  const Value* const found = object.is_object() ? object.as_object().find(name) : nullptr;
  return found == nullptr ? kNone : *found;
}

[[nodiscard]] inline std::string text_of(const Value& value) {
  return value.is_text() ? value.as_text() : std::string();
}

[[nodiscard]] inline bool flag_of(const Value& value, bool otherwise = false) {
  return value.is_boolean() ? value.as_boolean() : otherwise;
}

}  // namespace moonstone::node
