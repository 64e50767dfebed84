// Moonstone. Licence: see LICENSE.
#pragma once
// The commands of `moonstone lite`, one file each. Messages of a failure begin with ` ✗  `.
// Threads: on the main thread. Source: litestone.md 35, 36, 39, 41.

#include <string>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "cli/commands.h"
#include "cli/lite_project.h"
#include "cli/terminal.h"

namespace moonstone::cli {

/// Writes schema.lite, litestone.config.js and migrations/; overwrites only with --force.
[[nodiscard]] ExitCode run_lite_init(const LiteFlags& flags, Terminal& terminal);

/// Makes the schema, the configuration and the folders that a project has not, and says which.
/// What is there stays as it is. Errors: those of find_lite_places and of the files.
[[nodiscard]] Result<std::vector<std::string>> write_missing_lite_files(const LiteFlags& flags);

struct LiteMigrateOptions {
  enum class Action : unsigned char { Create, DryRun, Apply, Status, Verify };
  LiteFlags flags;
  Action action = Action::Status;
  std::string label = "migration";
};
/// Verify ends with 1 if a database has drifted.
[[nodiscard]] ExitCode run_lite_migrate(const LiteMigrateOptions& options, Terminal& terminal);

struct LitePushOptions {
  LiteFlags flags;
  bool is_verbose = false;  // also print the SQL
};
[[nodiscard]] ExitCode run_lite_push(const LitePushOptions& options, Terminal& terminal);

/// What a generated file is written to: standard output, or a path (empty: beside the schema).
struct LiteOutput {
  std::string path;
  bool is_stdout = false;
};

struct LiteTypesOptions {
  LiteFlags flags;
  LiteOutput out;
  std::string audience = "client";
  std::vector<std::string> only;
};
[[nodiscard]] ExitCode run_lite_types(const LiteTypesOptions& options, Terminal& terminal);

struct LiteJsonSchemaOptions {
  LiteFlags flags;
  LiteOutput out;
  std::string format = "definitions";
  std::string mode = "create";
  std::string audience = "client";
  bool all_modes = false;
  bool include_timestamps = false;
  bool include_deleted_at = false;
  bool include_computed = false;
};
[[nodiscard]] ExitCode run_lite_json_schema(const LiteJsonSchemaOptions& options,
                                            Terminal& terminal);

struct LiteIntrospectOptions {
  LiteFlags flags;
  std::string database;
  std::string out;  // empty: standard output
  bool no_camel = false;
};
[[nodiscard]] ExitCode run_lite_introspect(const LiteIntrospectOptions& options,
                                           Terminal& terminal);

struct LiteDoctorOptions {
  LiteFlags flags;
  bool is_ci = false;
  bool fixes = false;
};
/// Ends with 1 if something fails.
[[nodiscard]] ExitCode run_lite_doctor(const LiteDoctorOptions& options, Terminal& terminal);

struct LiteBackupOptions {
  LiteFlags flags;
  std::string destination;  // empty: ./backups/<time>
  std::string database;     // --db=name: one of several
  bool vacuum = false;
  bool zip = false;  // <destination>.zip instead of a folder
};
[[nodiscard]] ExitCode run_lite_backup(const LiteBackupOptions& options, Terminal& terminal);

struct LiteOptimizeOptions {
  LiteFlags flags;
  std::string model;  // empty: all
};
[[nodiscard]] ExitCode run_lite_optimize(const LiteOptimizeOptions& options, Terminal& terminal);

struct LiteSeedOptions {
  LiteFlags flags;
  enum class Action : unsigned char { Seeder, Named, List } action = Action::Seeder;
  std::string name;  // a class of the seeder's file, or a named seed
};
[[nodiscard]] ExitCode run_lite_seed(const LiteSeedOptions& options, Terminal& terminal);

// What the commands share.

/// ` ✗  message` to standard error.
ExitCode lite_failure(Terminal& terminal, const Error& error);
/// ` ✓  text`.
void lite_success(Terminal& terminal, std::string_view text);
/// Where the commands look for what they need, to standard error. What cannot be found is left to
/// the command to say.
void print_lite_places(Terminal& terminal, const LiteFlags& flags);
/// The warnings of the schema, to standard error.
void print_lite_warnings(Terminal& terminal, const LiteProject& project);
/// Writes what was generated and says where to. `usual`: the path if none is named.
[[nodiscard]] Status write_lite_output(Terminal& terminal,
                                       const LiteOutput& out,
                                       const std::string& usual,
                                       std::string_view text);

}  // namespace moonstone::cli
