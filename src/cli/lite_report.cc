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
