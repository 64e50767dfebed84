// Moonstone. Licence: see LICENSE.
#pragma once
// A `.lite` project as the commands of `moonstone lite` see it: schema, databases, migrations.
//
// A flag wins over the configuration file, which wins over what is usual: `schema.lite` beside the
// configuration or in the current folder, `./development.db`, `migrations` beside the schema. The
// configuration is JavaScript or TypeScript: Node runs it and prints its default export.
// Threads: on the main thread. Source: litestone.md 39.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "schema/catalog.h"
#include "schema/lite/ast.h"
#include "schema/lite/parse.h"
#include "store/migrations.h"
#include "store/raw_connection.h"

namespace moonstone::cli {

/// What every command of `moonstone lite` takes.
struct LiteFlags {
  std::string config;
  std::string schema;
  std::string db;
  std::string migrations;
  std::string env_file;
  bool no_env = false;
  bool force = false;
  bool debug = false;
};

/// The variables of the process and of `.env.local` and `.env`, or of the file that was named.
class LiteEnvironment {
 public:
  /// Errors: those of parse_env_file and read_file.
  [[nodiscard]] static Result<LiteEnvironment> load(const LiteFlags& flags);
  /// What the process has wins; then `.env.local`, then `.env`.
  [[nodiscard]] std::optional<std::string> find(const std::string& name) const;
  /// "NAME=value", for child processes.
  [[nodiscard]] std::vector<std::string> for_children() const;
  /// The files that were read.
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

 private:
  std::vector<std::string> files_;
  std::vector<std::pair<std::string, std::string>> from_files_;
};

struct LiteDatabase {
  std::string name;  // "main"
  std::string path;
  lite::DatabaseDriver driver = lite::DatabaseDriver::Sqlite;
  std::string migrations;  // its folder
  std::string prefix;      // "logs: " where there are several
};

/// Where things are, before the schema is read.
struct LitePlaces {
  std::string config;  // empty: none
  std::string schema;
  std::string db;
  std::string migrations;
  std::string seeder;  // of the configuration
  bool pluralize = false;
  LiteEnvironment environment;
};

/// Errors: InvalidArgument (a configuration that is neither .js nor .ts, or that Node refuses),
/// NotFound (a file that a flag names), Unavailable (there is no Node).
[[nodiscard]] Result<LitePlaces> find_lite_places(const LiteFlags& flags);

struct LiteProject {
  LitePlaces places;
  lite::Schema schema;
  std::vector<std::string> warnings;
  std::vector<LiteDatabase> databases;  // of all drivers; main first

  /// The models of one database. Errors: those of make_catalog.
  [[nodiscard]] Result<schema::CatalogPtr> catalog(const LiteDatabase& database) const;
};

/// Errors: NotFound (no schema, with the way out), InvalidArgument (its errors, one a line).
[[nodiscard]] Result<LiteProject> load_lite_project(const LiteFlags& flags);
/// Parses the schema of places that are known.
[[nodiscard]] Result<LiteProject> load_lite_project(LitePlaces places);

/// The databases of SQLite.
[[nodiscard]] std::vector<LiteDatabase> sqlite_databases(const LiteProject& project);

/// One database, open, and its models.
struct LiteTarget {
  LiteDatabase database;
  std::unique_ptr<store::RawConnection> connection;
  schema::CatalogPtr catalog;

  [[nodiscard]] store::MigrationPlace place() const;
};
[[nodiscard]] Result<LiteTarget> open_lite_target(const LiteProject& project,
                                                  const LiteDatabase& database);

}  // namespace moonstone::cli
