// Moonstone. Licence: see LICENSE.
// moonstone lite seed [Class], moonstone lite seed run [name]
#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/files.h"
#include "cli/lite_commands.h"
#include "cli/lite_config.h"
#include "store/seeds.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSeedsFolder = "./seeds";

/// Named seeds of the project: `./seeds/<name>.sql` and `.js`.
std::map<std::string, std::string> project_seeds() {
  std::map<std::string, std::string> seeds;
  std::error_code failure;
  for (fs::directory_iterator entry(kSeedsFolder, failure);
       !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    const std::string extension = entry->path().extension().string();
    if (extension != ".sql" && extension != ".js") continue;
    seeds.emplace(entry->path().stem().string(), entry->path().string());
  }
  return seeds;
}

class Seeding {
 public:
  Seeding(const LiteSeedOptions& options, LiteProject project, Terminal& terminal)
      : options_(options), project_(std::move(project)), terminal_(terminal) {}

  Status run() {
    const std::vector<LiteDatabase> databases = sqlite_databases(project_);
    if (databases.empty()) return Error(ErrorCode::NotFound, "there is no database of SQLite");
    MS_TRY(target_, open_lite_target(project_, databases.front()));
    switch (options_.action) {
      case LiteSeedOptions::Action::Seeder:
        return run_seeder();
      case LiteSeedOptions::Action::Named:
        return run_named();
      case LiteSeedOptions::Action::List:
        return list();
    }
    return {};
  }

 private:
  Status run_script(const std::string& file, const std::string& name) {
    MS_TRY(const std::string printed,
           run_lite_script({.kind = LiteScript::Seeder,
                            .file = file,
                            .name = name,
                            .schema = project_.places.schema,
                            .db = target_.database.path,
                            .environment = project_.places.environment.for_children()}));
    if (!printed.empty()) terminal_.line(printed);
    return {};
  }

  Status run_seeder() {
    const std::string& file = project_.places.seeder;
    if (!is_file(file)) {
      return Error(ErrorCode::NotFound, fmt::format("Seeder not found: {}", file));
    }
    MS_TRY_STATUS(run_script(file, options_.name));
    lite_success(terminal_, fmt::format("Ran {}", file));
    return {};
  }

  Result<bool> was_applied(const std::string& name) {
    MS_TRY(const auto records, store::read_seed_records(*target_.connection));
    return std::ranges::any_of(records, [&](const store::SeedRecord& record) {
      return record.name == name && record.status == "applied";
    });
  }

  Status run_named() {
    const std::string& name = options_.name;
    MS_TRY(const bool is_done, was_applied(name));
    if (is_done && !options_.flags.force) {
      terminal_.line(fmt::format(" ·  {} was applied already; --force runs it again", name));
      return {};
    }
    const auto own = project_seeds();
    const auto file = own.find(name);
    if (file != own.end() && file->second.ends_with(".js")) {
      const Status done = run_script(file->second, {});
      MS_TRY_STATUS(store::record_seed(*target_.connection, name, done, system_clock()));
      MS_TRY_STATUS(done);
    } else {
      MS_TRY(const std::string sql, sql_of(name, file != own.end() ? file->second : ""));
      MS_TRY_STATUS(store::run_seed(*target_.connection, name, sql, system_clock()));
    }
    lite_success(terminal_, fmt::format("Seeded {}", name));
    return {};
  }

  static Result<std::string> sql_of(const std::string& name, const std::string& file) {
    if (!file.empty()) return read_file(file);
    if (auto sql = store::builtin_seed(name)) return *std::move(sql);
    return Error(ErrorCode::NotFound, fmt::format("there is no seed {}; without a name `seed run` "
                                                  "lists those that there are",
                                                  name));
  }

  Status list() {
    MS_TRY(const auto records, store::read_seed_records(*target_.connection));
    std::map<std::string, std::string> states;
    for (const std::string& name : store::builtin_seed_names())
      states.emplace(name, "");
    for (const auto& [name, file] : project_seeds())
      states.emplace(name, "");
    for (const store::SeedRecord& record : records)
      states[record.name] = fmt::format("{}  {}", record.status, record.applied_at);
    for (const auto& [name, state] : states)
      terminal_.line(fmt::format("  {:<20} {}", name, state.empty() ? "-" : state));
    return {};
  }

  const LiteSeedOptions& options_;
  LiteProject project_;
  Terminal& terminal_;
  LiteTarget target_;
};

}  // namespace

ExitCode run_lite_seed(const LiteSeedOptions& options, Terminal& terminal) {
  auto project = load_lite_project(options.flags);
  if (!project) return lite_failure(terminal, project.error());
  const Status done = Seeding(options, *std::move(project), terminal).run();
  return done ? ExitCode::Success : lite_failure(terminal, done.error());
}

}  // namespace moonstone::cli
