// Moonstone. Licence: see LICENSE.
// How the commands of `moonstone lite` speak.
#include <filesystem>

#include <fmt/format.h>

#include "cli/files.h"
#include "cli/lite_commands.h"

namespace moonstone::cli {

ExitCode lite_failure(Terminal& terminal, const Error& error) {
  terminal.error_line(fmt::format(" ✗  {}", error.message()));
  return ExitCode::Failure;
}

void lite_success(Terminal& terminal, std::string_view text) {
  terminal.line(fmt::format(" {}  {}", terminal.styled(Style::Green, "✓"), text));
}

void print_lite_places(Terminal& terminal, const LiteFlags& flags) {
  const auto say = [&terminal](std::string_view what, std::string_view where) {
    terminal.error_line(fmt::format(" ·  {}: {}", what, where));
  };
  const auto places = find_lite_places(flags);
  if (!places) return;
  for (const std::string& file : places->environment.files())
    say("environment", file);
  say("config", places->config.empty() ? "none" : places->config);
  say("schema", places->schema);
  say("migrations", places->migrations);
  const auto project = load_lite_project(flags);
  if (!project) return say("database", places->db);
  for (const LiteDatabase& database : project->databases)
    say(fmt::format("database {}", database.name), database.path);
}

void print_lite_warnings(Terminal& terminal, const LiteProject& project) {
  for (const std::string& warning : project.warnings)
    terminal.error_line(fmt::format(" ⚠  {}", warning));
}

Status write_lite_output(Terminal& terminal,
                         const LiteOutput& out,
                         const std::string& usual,
                         std::string_view text) {
  if (out.is_stdout) {
    terminal.print(text);
    return {};
  }
  const std::string path = out.path.empty() ? usual : out.path;
  MS_TRY_STATUS(write_file(std::filesystem::absolute(path).string(), text));
  lite_success(terminal, fmt::format("Wrote {}", path));
  return {};
}

}  // namespace moonstone::cli
