// Moonstone. Licence: see LICENSE.
#pragma once
// The TypeScript files in `_generated`, from what a bundle declares.
//
//   api.ts        references to all functions, with the types of arguments and results
//   server.ts     the makers of functions, bound to the data model
//   dataModel.ts  the type of every document and of the indexes
//   manifest.ts   all functions and the schema as values
//   models.d.ts   of a `.lite` schema: its models, as ctx.db has them
// Invariant: the same input gives the same text; names are in order.
// Threads: pure functions, but for write_generated.
// Source: functions.md section 15, 21.5, 21.12.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/project.h"
#include "runtime/bundle.h"

namespace moonstone::cli {

struct CodegenInput {
  const runtime::Bundle* bundle = nullptr;
  const Layout* layout = nullptr;  // for manifest.ts and for modules without types (.js)
  std::string package;             // what schema.ts imports from: "@moonstone/server"
};

struct GeneratedFile {
  std::string name;  // "api.ts"
  std::string text;
};

/// Errors: a stored schema that cannot be read.
[[nodiscard]] Result<std::vector<GeneratedFile>> generate(const CodegenInput& input);

/// What stands in `_generated` before the first build, so that imports resolve: `server.ts` with
/// all six makers and `v`, `api.ts` with references to whatever is asked for, and their
/// `dataModel.ts`.
[[nodiscard]] std::vector<GeneratedFile> generate_stubs(const std::string& package);
/// The `api.ts` of these.
[[nodiscard]] GeneratedFile stub_of_api();

/// Writes the files that differ from what is there. Returns the names of those.
[[nodiscard]] Result<std::vector<std::string>> write_generated(
    const std::string& folder, const std::vector<GeneratedFile>& files);

/// Whether the schema is a `.lite` file: then server.ts has `defineModels`, too.
enum class HasModels : unsigned char { No, Yes };
/// Writes the stubs that are missing altogether; present files are left alone, but for a server.ts
/// that another schema, or an older program, has left without what models need.
[[nodiscard]] Status write_missing_stubs(const std::string& folder,
                                         const std::string& package,
                                         HasModels models = HasModels::No);

}  // namespace moonstone::cli
