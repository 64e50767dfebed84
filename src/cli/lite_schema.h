// Moonstone. Licence: see LICENSE.
#pragma once
// schema.lite of a functions folder: read, checked, and made a module that the bundle imports.
// Threads: works on the file system; blocks its caller.
// Source: litestone.md 3.5; design.md section 4.

#include <string>

#include "base/result.h"
#include "cli/project.h"
#include "runtime/bundle.h"

namespace moonstone::cli {

/// The name of the file in the root of the functions folder.
inline constexpr std::string_view kLiteSchemaName = "schema.lite";

/// Writes the module `lite_schema.js` into `build_folder`, if its text has changed, and returns it
/// as the schema's. What the schema is warned about is appended to `warnings`.
/// Errors: InvalidArgument (reason "build") with all errors of the schema, a line each.
[[nodiscard]] Result<Module> make_lite_module(const std::string& path,
                                              const std::string& build_folder,
                                              std::vector<std::string>& warnings);

/// The declarations of the bundle's models for `_generated/models.d.ts`; empty if it has none.
[[nodiscard]] Result<std::string> models_declaration(const runtime::Bundle& bundle);

}  // namespace moonstone::cli
