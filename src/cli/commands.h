// Moonstone. Licence: see LICENSE.
#pragma once
// The commands, one file each. They take plain options and return the exit code; main.cc reads the
// command line.
// Threads: on the main thread.

#include <optional>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/remote.h"
#include "cli/terminal.h"

namespace moonstone::cli {

/// Exit codes of every command; scripts depend on them, so never renumber.
enum class ExitCode : unsigned char {
  Success = 0,
  Failure = 1,       // the error is printed
  Usage = 2,         // a wrong option, argument or configuration
  CannotListen = 3,  // dev, start: the port is taken, or the address is not of this machine
  Locked = 4,        // dev, start, reset: another Moonstone uses the data
  Refused = 5,       // start: the data does not fit the schema, or would be lost
};

/// What dev and start share.
struct ServeOptions {
  std::string functions_folder;  // empty: moonstone/ or zeroback/; start: or a bundle file
  std::string environment;       // --env
  std::string admin_key;
  std::vector<Setting> flags;  // of the configuration
  enum class DataLoss : unsigned char { Refuse, Accept } data_loss = DataLoss::Refuse;
  enum class Verbosity : unsigned char { Normal, Verbose } verbosity = Verbosity::Normal;
  /// start: run what was deployed last, without a bundle or sources.
  enum class Source : unsigned char { Given, Deployed } source = Source::Given;
};

/// What a command prints its outcome for.
enum class Format : unsigned char { People, Json };

[[nodiscard]] ExitCode run_dev(const ServeOptions& options, Terminal& terminal);
[[nodiscard]] ExitCode run_start(const ServeOptions& options, Terminal& terminal);

struct CodegenOptions {
  std::string functions_folder;
};
[[nodiscard]] ExitCode run_codegen(const CodegenOptions& options, Terminal& terminal);

struct BuildFileOptions {
  std::string functions_folder;
  std::string out;  // empty: kBundleFile in the project's folder
  Format format = Format::People;
};
inline constexpr const char* kBundleFile = "moonstone.bundle.json";
[[nodiscard]] ExitCode run_build(const BuildFileOptions& options, Terminal& terminal);

struct DeployOptions {
  std::string functions_folder;               // or a bundle file
  Remote remote{.url = {}, .admin_key = {}};  // no URL: only --dry-run can do something
  enum class Action : unsigned char { Deploy, Plan, Rollback, PlanRollback };
  Action action = Action::Deploy;
  ServeOptions::DataLoss data_loss = ServeOptions::DataLoss::Refuse;
  Format format = Format::People;
};
[[nodiscard]] ExitCode run_deploy(const DeployOptions& options, Terminal& terminal);

struct RunOptions {
  std::string function;
  std::string arguments = "{}";
  Remote remote;
  enum class Mode : unsigned char { Once, Watch } mode = Mode::Once;
};
[[nodiscard]] ExitCode run_function(const RunOptions& options, Terminal& terminal);

/// Whose data a command works on while no server runs.
struct DataOptions {
  std::string functions_folder;  // empty: moonstone/ or zeroback/, or what was deployed here
  std::string environment;       // --env
};

struct TransferOptions {
  std::string folder;  // of the export
  DataOptions data;
  Remote remote{.url = {}, .admin_key = {}};  // no URL: `data`
  /// import: what becomes of a document whose id is there already.
  enum class Existing : unsigned char { Refuse, Replace, Skip } existing = Existing::Refuse;
  Format format = Format::People;
};
[[nodiscard]] ExitCode run_export(const TransferOptions& options, Terminal& terminal);
[[nodiscard]] ExitCode run_import(const TransferOptions& options, Terminal& terminal);

struct LogsOptions {
  Remote remote;
  int lines = 100;
  std::string level;     // the least one; empty: all
  std::string function;  // or a module, as "messages:"; empty: all
  enum class Mode : unsigned char { Recent, Follow } mode = Mode::Recent;
  Format format = Format::People;
};
[[nodiscard]] ExitCode run_logs(const LogsOptions& options, Terminal& terminal);

struct TopOptions {
  Remote remote;
  double interval_s = 1;
  enum class Mode : unsigned char { Follow, Once } mode = Mode::Follow;
  Format format = Format::People;
};
[[nodiscard]] ExitCode run_top(const TopOptions& options, Terminal& terminal);

struct ExplainOptions {
  Remote remote;
  std::string subject;           // a function; live: a part of its name, or a query's number
  std::string arguments = "{}";  // of the function
  std::string identity;          // JSON of the claims to run as; empty: nobody
  enum class Mode : unsigned char { Run, Live } mode = Mode::Run;
  enum class Sql : unsigned char { Hide, Show } sql = Sql::Hide;
  int queries = 20;  // live: of a list
  Format format = Format::People;
};
[[nodiscard]] ExitCode run_explain(const ExplainOptions& options, Terminal& terminal);

struct DoctorOptions {
  DataOptions data;
  Remote remote;  // the server that uses the data, if one runs
  Format format = Format::People;
};
[[nodiscard]] ExitCode run_doctor(const DoctorOptions& options, Terminal& terminal);

struct ResetOptions {
  std::string functions_folder;
  std::string environment;
  enum class Confirmation : unsigned char { Ask, Given } confirmation = Confirmation::Ask;
};
[[nodiscard]] ExitCode run_reset(const ResetOptions& options, Terminal& terminal);

struct InitOptions {
  std::string folder = ".";
  std::string app_template;  // of kTemplates: a whole app; empty: the backend only
};
[[nodiscard]] ExitCode run_init(const InitOptions& options, Terminal& terminal);

[[nodiscard]] ExitCode run_version(Terminal& terminal);

}  // namespace moonstone::cli
