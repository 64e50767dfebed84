// Moonstone. Licence: see LICENSE.
#pragma once
// Values and types written as JSON text, for tests. Bad text fails the test at once.

#include <string_view>

#include <gtest/gtest.h>

#include "base/json.h"
#include "schema/schema.h"
#include "schema/type.h"

namespace moonstone::schema {

inline Value json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *std::move(value) : Value();
}

/// "string" is short for {"type":"string"}.
inline TypePtr type_of(std::string_view text) {
  auto type = parse_type(text.starts_with('{') ? json(text) : Value(Object{{"type", text}}));
  EXPECT_TRUE(type.has_value()) << text << ": " << type.error().message();
  return type ? *std::move(type) : Type::scalar(TypeKind::Any);
}

inline Schema schema_of(std::string_view text) {
  auto schema = parse_schema_json(json(text));
  EXPECT_TRUE(schema.has_value()) << schema.error().message();
  return schema ? *std::move(schema) : Schema();
}

}  // namespace moonstone::schema
