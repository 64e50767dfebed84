// Moonstone. Licence: see LICENSE.
#pragma once
// A JSON Schema (draft 7) of the models: for forms, validators of requests and other tools.
// Threads: pure functions. Source: litestone.md 38

#include <optional>
#include <string>

#include "base/value.h"
#include "schema/lite/ast.h"
#include "schema/lite/typescript.h"

namespace moonstone::lite {

/// Where the definitions stand: under `$defs`, or at the root.
enum class JsonSchemaFormat : unsigned char { Definitions, Flat };

/// What the objects are: data for create, data for update, or rows.
enum class JsonSchemaMode : unsigned char { Create, Update, Full };

struct JsonSchemaOptions {
  JsonSchemaFormat format = JsonSchemaFormat::Definitions;
  JsonSchemaMode mode = JsonSchemaMode::Create;
  Audience audience = Audience::Client;
  bool include_timestamps = false;  // createdAt and updatedAt, in data
  bool include_deleted_at = false;  // deletedAt, in data
  bool include_computed = false;    // computed, generated and @from fields, in data
  bool inline_enums = false;        // instead of references
  std::optional<std::string> title = std::nullopt;
};

/// Requires a valid schema. Cost: linear.
[[nodiscard]] Object generate_json_schema(const Schema& schema,
                                          const JsonSchemaOptions& options = {});

}  // namespace moonstone::lite
