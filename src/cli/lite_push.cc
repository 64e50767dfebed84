// Moonstone. Licence: see LICENSE.
// moonstone lite db push: brings the databases to the schema without files.
#include <fmt/format.h>

#include "cli/lite_commands.h"

namespace moonstone::cli {
namespace {

using State = store::AutoMigration::State;

Result<bool> push(const LiteProject& project,
                  const LiteDatabase& database,
                  bool is_verbose,
                  Terminal& terminal) {
  MS_TRY(const LiteTarget target, open_lite_target(project, database));
  MS_TRY(const auto gap, store::find_schema_gap(target.place(), *target.catalog));
  MS_TRY(const auto outcome, store::auto_migrate(target.place(), *target.catalog));
  for (const std::string& line : gap.summary)
    terminal.line(line);
  switch (outcome.state) {
    case State::InSync:
      lite_success(terminal, fmt::format("{}schema is in sync", database.prefix));
      return true;
    case State::Migrated:
      if (is_verbose) terminal.print(outcome.sql);
      lite_success(terminal, fmt::format("{}migrated: {} {}", database.prefix, outcome.applied,
                                         outcome.applied == 1 ? "statement" : "statements"));
      return true;
    case State::Skipped:
      terminal.error_line(fmt::format(" ✗  {}skipped: {}", database.prefix, outcome.reason));
      return false;
  }
  return false;
}

}  // namespace

ExitCode run_lite_push(const LitePushOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  print_lite_warnings(terminal, *project);
  bool is_fine = true;
  for (const LiteDatabase& database : sqlite_databases(*project)) {
    const auto done = push(*project, database, options.is_verbose, terminal);
    if (!done) return lite_failure(terminal, done.error());
    is_fine = is_fine && *done;
  }
  return is_fine ? ExitCode::Success : ExitCode::Failure;
}

}  // namespace moonstone::cli
