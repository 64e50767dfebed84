// Moonstone. Licence: see LICENSE.
// moonstone reset: deletes the local data of an environment.

#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/format.h>

#include "cli/app.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/report.h"
#include "store/sqlite/sqlite_store.h"

namespace moonstone::cli {
namespace {

/// The project, or the folder itself if its functions are gone but its state is not.
Project project_for(const ResetOptions& options) {
  if (auto project = find_project(options.functions_folder)) return *std::move(project);
  return project_of(options.functions_folder.empty() ? "moonstone" : options.functions_folder);
}

/// Holds the store's lock while the files go, so that no server can open them meanwhile.
Status remove_data(const std::string& folder) {
  auto held = store::open_sqlite_store({.path = folder + "/" + std::string(kDatabaseFile)});
  // A damaged database cannot be opened, and is all the more to be deleted.
  if (!held && held.error().reason() == "locked") return Error(std::move(held).error());
  // The folder may be a link to where the data lies: that is to go, and the link has to lead there
  // still.
  std::error_code failed;
  const bool is_link = std::filesystem::is_symlink(folder, failed);
  const std::filesystem::path place = std::filesystem::canonical(folder, failed);
  if (!failed) std::filesystem::remove_all(place, failed);
  if (!failed && is_link) std::filesystem::create_directory(place, failed);
  if (!failed) return ok();
  return Error(ErrorCode::Unavailable,
               fmt::format("cannot delete {}: {}", folder, failed.message()));
}

}  // namespace

ExitCode run_reset(const ResetOptions& options, Terminal& terminal) {
  if (const Status named = check_environment_name(options.environment); !named) {
    print_error(terminal, named.error());
    return ExitCode::Usage;
  }
  const Project project = project_for(options);
  const std::string folder = project.data_folder(options.environment);
  const std::string shown = shown_path(folder, project.root);
  if (!is_folder(folder)) {
    terminal.line(fmt::format("  Nothing to reset: {} does not exist", shown));
    return ExitCode::Success;
  }
  // Scripts mean what they say; a person is asked once more.
  if (options.confirmation == ResetOptions::Confirmation::Ask && terminal.is_interactive()) {
    const auto answer = terminal.confirm(fmt::format("  Delete all data in {}?", shown));
    if (!answer.value_or(false)) return ExitCode::Failure;
  }
  if (const Status removed = remove_data(folder); !removed) {
    print_error(terminal, removed.error());
    return exit_code_of(removed.error());
  }
  terminal.line(fmt::format("  {} Deleted {}. The next start begins with an empty database.",
                            terminal.styled(Style::Green, "✓"), shown));
  return ExitCode::Success;
}

}  // namespace moonstone::cli
