// Moonstone. Licence: see LICENSE.
#pragma once
// The JSON Schema of one field's value: its base and what its validators add.
// Threads: pure functions. Source: litestone.md 38

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "schema/lite/ast.h"
#include "schema/lite/json_schema.h"

namespace moonstone::lite {

/// One line of text per line of a comment.
[[nodiscard]] std::string joined_lines(const std::vector<std::string>& lines);

/// A reference to a definition of that name.
[[nodiscard]] Object reference_to(std::string_view name, JsonSchemaFormat format);

/// `{type: 'string', enum: [..]}`.
[[nodiscard]] Object enum_values_schema(const Enum& subject);

/// The value, without whether it may be null.
[[nodiscard]] Object value_schema(const Field& field,
                                  const Schema& schema,
                                  const JsonSchemaOptions& options);

/// The same or null.
[[nodiscard]] Object nullable(Object schema);

/// Adds what describes a field without checking it: comments, default, marks.
void add_annotations(const Field& field, const JsonSchemaOptions& options, Object& schema);

}  // namespace moonstone::lite
