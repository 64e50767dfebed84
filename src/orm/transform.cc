// Moonstone. Licence: see LICENSE.
#include "orm/internal/transform.h"

#include <utility>

#include "orm/internal/date_text.h"
#include "orm/internal/unicode.h"

namespace moonstone::orm {

namespace {

bool is_slug_character(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string slug_of(std::string_view text) {
  const std::string lower = to_lower_case(text);
  std::string slug;
  bool at_gap = false;
  for (std::size_t position = 0; position < lower.size();) {
    const char32_t c = next_code_point(lower, position);
    if (c == '-' || c == '_' || is_white_space(c)) {
      at_gap = true;
    } else if (is_slug_character(c)) {
      if (at_gap && !slug.empty()) slug += '-';
      at_gap = false;
      slug += static_cast<char>(c);
    }
  }
  return slug;
}

void apply_transform(schema::Transform transform, Value& value) {
  if (value.is_missing()) return;
  const std::string text = text_of(value);
  switch (transform) {
    case schema::Transform::Trim:
      value = Value(trimmed(text));
      return;
    case schema::Transform::Lower:
      value = to_lower_case(text);
      return;
    case schema::Transform::Upper:
      value = to_upper_case(text);
      return;
    case schema::Transform::Slug:
      value = slug_of(text);
      return;
  }
}

bool coerce_date_time(Value& value) {
  if (value.is_missing()) return true;
  if (value.is_text()) return is_date_time_text(value.as_text());
  if (!value.is_number() && !value.is_integer()) return false;
  auto text = iso_text_of(value.to_double());
  if (!text) return false;
  value = *std::move(text);
  return true;
}

}  // namespace moonstone::orm
