// Moonstone. Licence: see LICENSE.
#include "cli/lite_project.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "cli/env_file.h"
#include "cli/files.h"
#include "cli/lite_config.h"
#include "schema/lite/catalog.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchemaFile = "schema.lite";
constexpr std::string_view kDatabaseFile = "./development.db";
constexpr std::string_view kMigrationsFolder = "migrations";
constexpr std::array<std::string_view, 2> kConfigFiles = {"litestone.config.js",
                                                          "litestone.config.ts"};

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// A path of the configuration starts from its folder.
std::string beside(const std::string& config, const std::string& path) {
  if (fs::path(path).is_absolute()) return path;
  return (fs::path(folder_of(config)) / path).lexically_normal().string();
}

std::string text_of(const Object& config, std::string_view key) {
  const Value* const value = config.find(key);
  return value != nullptr && value->is_text() ? value->as_text() : std::string();
}

Result<std::string> find_config(const LiteFlags& flags) {
  if (!flags.config.empty()) {
    if (!is_file(flags.config)) {
      return Error(ErrorCode::NotFound, fmt::format("Config not found: {}", flags.config));
    }
    return flags.config;
  }
  for (const std::string_view name : kConfigFiles) {
    if (is_file(std::string(name))) return std::string(name);
  }
  return std::string();
}

std::string find_schema(const LiteFlags& flags, const std::string& config, const Object& settings) {
  if (!flags.schema.empty()) return flags.schema;
  if (const std::string named = text_of(settings, "schema"); !named.empty()) {
    return beside(config, named);
  }
  if (!config.empty()) {
    const std::string path = beside(config, std::string(kSchemaFile));
    if (is_file(path)) return path;
  }
  return std::string(kSchemaFile);
}

/// Where the database of a `database` block lies. Errors: InvalidArgument (its variable is unset).
Result<std::string> path_of(const lite::Database& database, const LiteEnvironment& environment) {
  if (const auto* literal = std::get_if<lite::LiteralPath>(&database.path)) return literal->value;
  const auto& variable = std::get<lite::EnvironmentPath>(database.path);
  if (const auto found = environment.find(variable.variable)) return *found;
  if (variable.fallback) return *variable.fallback;
  return Error(ErrorCode::InvalidArgument,
               fmt::format("Database '{}': the environment variable {} is not set", database.name,
                           variable.variable));
}

bool is_in_main(const lite::Model& model) {
  return model.find<lite::DatabaseOf>() == nullptr;
}

Result<std::vector<LiteDatabase>> databases_of(const LiteProject& project,
                                               const std::string& db_flag) {
  const lite::Schema& schema = project.schema;
  std::vector<LiteDatabase> databases;
  const bool has_main = schema.find_database("main") != nullptr;
  if (!has_main && (schema.databases.empty() || std::ranges::any_of(schema.models, is_in_main))) {
    databases.push_back(
        {.name = "main", .path = project.places.db, .migrations = {}, .prefix = {}});
  }
  for (const lite::Database& declared : schema.databases) {
    LiteDatabase database{.name = declared.name,
                          .path = {},
                          .driver = declared.driver,
                          .migrations = {},
                          .prefix = {}};
    MS_TRY(database.path, declared.name == "main" && !db_flag.empty()
                              ? Result<std::string>(db_flag)
                              : path_of(declared, project.places.environment));
    databases.push_back(std::move(database));
  }
  const auto is_sqlite = [](const LiteDatabase& database) {
    return database.driver == lite::DatabaseDriver::Sqlite;
  };
  const bool has_several = std::ranges::count_if(databases, is_sqlite) > 1;
  for (LiteDatabase& database : databases) {
    database.migrations = project.places.migrations;
    if (!has_several) continue;
    database.migrations += "/" + database.name;
    database.prefix = database.name + ": ";
  }
  return databases;
}

}  // namespace

Result<LiteEnvironment> LiteEnvironment::load(const LiteFlags& flags) {
  LiteEnvironment environment;
  if (flags.no_env) return environment;
  std::vector<std::string> files = {".env.local", ".env"};
  if (!flags.env_file.empty()) files = {flags.env_file};
  for (const std::string& file : files) {
    if (flags.env_file.empty() && !is_file(file)) continue;
    MS_TRY(const std::string text, read_file(file));
    MS_TRY(const auto variables, parse_env_file(text, file));
    environment.files_.push_back(file);
    environment.from_files_.insert(environment.from_files_.end(), variables.begin(),
                                   variables.end());
  }
  return environment;
}

std::optional<std::string> LiteEnvironment::find(const std::string& name) const {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  if (const char* const value = std::getenv(name.c_str())) return std::string(value);
  for (const auto& [variable, value] : from_files_) {
    if (variable == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> LiteEnvironment::for_children() const {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    out.emplace_back(*entry);
  for (const auto& [name, value] : from_files_) {
    const bool is_there = std::ranges::any_of(
        out, [&](const std::string& entry) { return entry.starts_with(name + "="); });
    if (!is_there) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

Result<LitePlaces> find_lite_places(const LiteFlags& flags) {
  LitePlaces places;
  MS_TRY(places.environment, LiteEnvironment::load(flags));
  MS_TRY(places.config, find_config(flags));
  Object settings;
  if (!places.config.empty()) {
    MS_TRY(settings, load_lite_config(places.config, places.environment.for_children()));
  }
  places.schema = find_schema(flags, places.config, settings);
  const auto choose = [&](const std::string& flag, std::string_view key, const std::string& usual) {
    if (!flag.empty()) return flag;
    const std::string named = text_of(settings, key);
    return named.empty() ? usual : beside(places.config, named);
  };
  places.db = choose(flags.db, "db", std::string(kDatabaseFile));
  places.migrations = choose(flags.migrations, "migrations",
                             fmt::format("{}/{}", folder_of(places.schema), kMigrationsFolder));
  places.seeder = choose("", "seeder", "./seeders/DatabaseSeeder.js");
  const Value* const pluralize = settings.find("pluralize");
  places.pluralize = pluralize != nullptr && *pluralize == Value(true);
  return places;
}

Result<schema::CatalogPtr> LiteProject::catalog(const LiteDatabase& database) const {
  return lite::make_catalog(
      schema, {.database = database.name,
               .pluralize = places.pluralize ? lite::Pluralize::Yes : lite::Pluralize::No});
}

Result<LiteProject> load_lite_project(const LiteFlags& flags) {
  MS_TRY(LitePlaces places, find_lite_places(flags));
  // A flag also stands for the path of a `database main` block.
  MS_TRY(LiteProject project, load_lite_project(std::move(places)));
  MS_TRY(project.databases, databases_of(project, flags.db));
  return project;
}

Result<LiteProject> load_lite_project(LitePlaces places) {
  if (!is_file(places.schema)) {
    return Error(ErrorCode::NotFound,
                 fmt::format("Schema not found: {}. Run `moonstone lite init`, or name it with "
                             "--schema",
                             places.schema));
  }
  LiteProject project;
  project.places = std::move(places);
  lite::ParseResult parsed = lite::parse_file(project.places.schema);
  if (!parsed.valid || !parsed.schema) {
    std::string text = fmt::format("{} has errors:", project.places.schema);
    for (const lite::Problem& problem : parsed.errors)
      text += "\n  " + problem.text;
    return Error(ErrorCode::InvalidArgument, text);
  }
  project.schema = *std::move(parsed.schema);
  for (const lite::Problem& problem : parsed.warnings)
    project.warnings.push_back(problem.text);
  MS_TRY(project.databases, databases_of(project, {}));
  return project;
}

std::vector<LiteDatabase> sqlite_databases(const LiteProject& project) {
  std::vector<LiteDatabase> out;
  std::ranges::copy_if(project.databases, std::back_inserter(out), [](const auto& database) {
    return database.driver == lite::DatabaseDriver::Sqlite;
  });
  return out;
}

store::MigrationPlace LiteTarget::place() const {
  return {.connection = *connection,
          .folder = database.migrations,
          .database = database.name,
          .prefix = database.prefix};
}

Result<LiteTarget> open_lite_target(const LiteProject& project, const LiteDatabase& database) {
  LiteTarget target;
  target.database = database;
  MS_TRY(target.catalog, project.catalog(database));
  MS_TRY(target.connection, store::RawConnection::open({.path = database.path}));
  return target;
}

}  // namespace moonstone::cli
