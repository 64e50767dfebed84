// Moonstone. Licence: see LICENSE.
// moonstone lite migrate create|dry-run|apply|status|verify
#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/lite_commands.h"
#include "cli/lite_config.h"

namespace moonstone::cli {
namespace {

using Action = LiteMigrateOptions::Action;

/// A database without tables, as one that is not there yet.
constexpr const char* kNoFile = ":memory:";

/// Runs files of JavaScript with Node.
class NodeScripts final : public store::MigrationScripts {
 public:
  NodeScripts(const LiteProject& project, const LiteDatabase& database)
      : project_(project), database_(database) {}

  Status run(const store::MigrationRun::Script& script) override {
    MS_TRY_STATUS(run_lite_script({.kind = LiteScript::Migration,
                                   .file = script.path,
                                   .name = {},
                                   .schema = project_.places.schema,
                                   .db = database_.path,
                                   .environment = project_.places.environment.for_children()}));
    return {};
  }

 private:
  const LiteProject& project_;
  const LiteDatabase& database_;
};

class Migrator {
 public:
  Migrator(const LiteMigrateOptions& options, const LiteProject& project, Terminal& terminal)
      : options_(options), project_(project), terminal_(terminal) {}

  /// Whether the command has succeeded for this database.
  Result<bool> run(LiteDatabase database) {
    // Who only looks leaves no file behind, least of all one with a misspelt name.
    std::error_code ignored;
    const bool is_there = std::filesystem::exists(database.path, ignored);
    if (!is_there && options_.action != Action::Apply) database.path = kNoFile;
    MS_TRY(const LiteTarget target, open_lite_target(project_, database));
    switch (options_.action) {
      case Action::Create:
      case Action::DryRun:
        return create(target);
      case Action::Apply:
        return apply(target);
      case Action::Status:
        return status(target);
      case Action::Verify:
        return verify(target);
    }
    return false;
  }

 private:
  Result<bool> create(const LiteTarget& target) {
    const bool is_dry = options_.action == Action::DryRun;
    MS_TRY(const auto created,
           store::create_migration(
               target.place(), *target.catalog, options_.label, system_clock(),
               is_dry ? store::MigrationFile::DryRun : store::MigrationFile::Write));
    if (!created.created) {
      lite_success(terminal_, created.message);
      return true;
    }
    for (const std::string& line : created.summary)
      terminal_.line(line);
    if (is_dry) {
      terminal_.line();
      terminal_.print(created.sql);
    } else {
      lite_success(terminal_, fmt::format("Created {}", created.path));
    }
    return true;
  }

  Result<bool> apply(const LiteTarget& target) {
    NodeScripts scripts(project_, target.database);
    MS_TRY(const auto outcome, store::apply_migrations(target.place(), system_clock(), &scripts));
    if (!outcome.message.empty()) {
      terminal_.line(fmt::format(" {}", outcome.message));
      return true;
    }
    for (const store::AppliedMigration& entry : outcome.applied) {
      if (entry.ok) {
        lite_success(terminal_, fmt::format("{}{}  ({} ms)", target.database.prefix, entry.file,
                                            entry.elapsed_ms));
      } else {
        terminal_.error_line(
            fmt::format(" ✗  {}{}: {}", target.database.prefix, entry.file, entry.error));
      }
    }
    return !outcome.has_failed();
  }

  Result<bool> status(const LiteTarget& target) {
    MS_TRY(const auto entries, store::migration_status(target.place()));
    if (entries.empty()) {
      terminal_.line(fmt::format(" {}no migration files found", target.database.prefix));
      return true;
    }
    for (const store::MigrationStatus& entry : entries) {
      terminal_.line(fmt::format("  {:<9} {}{}{}", to_string(entry.state), target.database.prefix,
                                 entry.file,
                                 entry.applied_at ? "  " + *entry.applied_at : std::string()));
    }
    return true;
  }

  Result<bool> verify(const LiteTarget& target) {
    MS_TRY(const auto found, store::verify_schema(target.place(), *target.catalog));
    terminal_.line(fmt::format(" {}", found.message));
    if (found.state == store::Verification::State::InSync) return true;
    for (const std::string& file : found.pending)
      terminal_.line(fmt::format("  pending   {}", file));
    for (const std::string& line : found.gap.summary)
      terminal_.line(line);
    return found.state != store::Verification::State::Drift;
  }

  const LiteMigrateOptions& options_;
  const LiteProject& project_;
  Terminal& terminal_;
};

}  // namespace

ExitCode run_lite_migrate(const LiteMigrateOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  print_lite_warnings(terminal, *project);
  Migrator migrator(options, *project, terminal);
  bool is_fine = true;
  for (const LiteDatabase& database : sqlite_databases(*project)) {
    const auto done = migrator.run(database);
    if (!done) {
      return lite_failure(terminal,
                          Error(done.error().code(), database.prefix + done.error().message()));
    }
    is_fine = is_fine && *done;
    // A later database may need what this one lacks now.
    if (!is_fine && options.action == Action::Apply) break;
  }
  return is_fine ? ExitCode::Success : ExitCode::Failure;
}

}  // namespace moonstone::cli
