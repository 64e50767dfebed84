// Moonstone. Licence: see LICENSE.
// moonstone lite types: TypeScript declarations of the schema.
#include <filesystem>

#include "cli/lite_commands.h"
#include "schema/lite/typescript.h"

namespace moonstone::cli {

ExitCode run_lite_types(const LiteTypesOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  for (const std::string& model : options.only) {
    if (project->schema.find_model(model) != nullptr) continue;
    return lite_failure(terminal, Error(ErrorCode::NotFound, "--only: there is no model " + model));
  }
  const std::string text = lite::generate_typescript(
      project->schema,
      {.audience = options.audience == "system" ? lite::Audience::System : lite::Audience::Client,
       .include_comments = true,
       .only = options.only});
  const std::string usual =
      std::filesystem::path(project->places.schema).replace_extension(".d.ts").string();
  const Status written = write_lite_output(terminal, options.out, usual, text);
  return written ? ExitCode::Success : lite_failure(terminal, written.error());
}

}  // namespace moonstone::cli
