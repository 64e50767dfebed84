// Moonstone. Licence: see LICENSE.
// moonstone lite jsonschema: a JSON Schema of the models.
#include <array>
#include <filesystem>
#include <utility>

#include "base/json.h"
#include "cli/lite_commands.h"
#include "schema/lite/json_schema.h"

namespace moonstone::cli {
namespace {

using Mode = lite::JsonSchemaMode;
using NamedMode = std::pair<std::string_view, Mode>;

constexpr std::array<NamedMode, 3> kModes = {{
    {"create", Mode::Create},
    {"update", Mode::Update},
    {"full", Mode::Full},
}};

Status write_mode(const LiteJsonSchemaOptions& options,
                  const LiteProject& project,
                  const NamedMode& mode,
                  Terminal& terminal) {
  const bool is_flat = options.format == "flat";
  const bool is_system = options.audience == "system";
  const Object schema = lite::generate_json_schema(
      project.schema,
      {.format = is_flat ? lite::JsonSchemaFormat::Flat : lite::JsonSchemaFormat::Definitions,
       .mode = mode.second,
       .audience = is_system ? lite::Audience::System : lite::Audience::Client,
       .include_timestamps = options.include_timestamps,
       .include_deleted_at = options.include_deleted_at,
       .include_computed = options.include_computed});
  const std::string ending = options.all_modes ? "." + std::string(mode.first) + ".json" : ".json";
  std::filesystem::path usual(project.places.schema);
  LiteOutput out = options.out;
  if (options.all_modes && !out.path.empty()) {
    out.path = std::filesystem::path(out.path).replace_extension(ending).string();
  }
  return write_lite_output(terminal, out, usual.replace_extension(ending).string(),
                           to_json_indented(schema) + "\n");
}

}  // namespace

ExitCode run_lite_json_schema(const LiteJsonSchemaOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  for (const NamedMode& mode : kModes) {
    if (!options.all_modes && mode.first != options.mode) continue;
    const Status written = write_mode(options, *project, mode, terminal);
    if (!written) return lite_failure(terminal, written.error());
  }
  return ExitCode::Success;
}

}  // namespace moonstone::cli
