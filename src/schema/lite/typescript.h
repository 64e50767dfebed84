// Moonstone. Licence: see LICENSE.
#pragma once
// TypeScript declarations of a schema: rows, what creates and updates them, filters, the client.
// Threads: pure functions. Source: litestone.md 37

#include <string>
#include <vector>

#include "schema/lite/ast.h"

namespace moonstone::lite {

/// Who reads what is generated: somebody whose rows lack what is guarded, or the system.
enum class Audience : unsigned char { Client, System };

struct TypeScriptOptions {
  Audience audience = Audience::Client;
  /// Documentation comments and marks such as `@guarded`.
  bool include_comments = true;
  /// Models by name; empty for all. Relations to others are left out.
  std::vector<std::string> only = {};
};

/// The text of a `.d.ts` file. Requires a valid schema. Cost: linear.
[[nodiscard]] std::string generate_typescript(const Schema& schema,
                                              const TypeScriptOptions& options = {});

}  // namespace moonstone::lite
