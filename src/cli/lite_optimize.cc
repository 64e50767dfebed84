// Moonstone. Licence: see LICENSE.
// moonstone lite optimize [model]: merges the search indexes.
#include <fmt/format.h>

#include "cli/lite_commands.h"
#include "store/maintenance.h"

namespace moonstone::cli {
namespace {

/// The database that has the model, or every one.
bool concerns(const schema::Catalog& catalog, const std::string& model) {
  return model.empty() || catalog.find_model(model) != nullptr ||
         catalog.find_accessor(model) != nullptr || catalog.find_table(model) != nullptr;
}

Result<std::size_t> optimize(const LiteProject& project,
                             const LiteDatabase& database,
                             const std::string& model,
                             Terminal& terminal) {
  MS_TRY(const LiteTarget target, open_lite_target(project, database));
  if (!concerns(*target.catalog, model)) return std::size_t{0};
  MS_TRY(const auto tables, store::optimize_search(*target.connection, *target.catalog, model));
  for (const std::string& table : tables)
    lite_success(terminal, fmt::format("{}optimized {}", database.prefix, table));
  return tables.size();
}

}  // namespace

ExitCode run_lite_optimize(const LiteOptimizeOptions& options, Terminal& terminal) {
  const auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  std::size_t count = 0;
  for (const LiteDatabase& database : sqlite_databases(*project)) {
    const auto done = optimize(*project, database, options.model, terminal);
    if (!done) return lite_failure(terminal, done.error());
    count += *done;
  }
  if (count == 0 && !options.model.empty()) {
    return lite_failure(
        terminal, Error(ErrorCode::NotFound, fmt::format("there is no model {}", options.model)));
  }
  if (count == 0) terminal.line(" no model has @@fts");
  return ExitCode::Success;
}

}  // namespace moonstone::cli
