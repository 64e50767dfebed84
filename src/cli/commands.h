// Moonstone. Licence: see LICENSE.
#pragma once
// The commands, one file each. They take plain options and return the exit code; main.cc reads the
// command line.
// Threads: on the main thread.

#include <optional>
#include <string>
#include <vector>

#include "cli/config.h"
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
  std::string functions_folder;  // empty: moonstone/ or zeroback/
  std::string environment;       // --env
  std::string admin_key;
  std::vector<Setting> flags;  // of the configuration
  enum class DataLoss : unsigned char { Refuse, Accept } data_loss = DataLoss::Refuse;
  enum class Verbosity : unsigned char { Normal, Verbose } verbosity = Verbosity::Normal;
};

[[nodiscard]] ExitCode run_dev(const ServeOptions& options, Terminal& terminal);
[[nodiscard]] ExitCode run_start(const ServeOptions& options, Terminal& terminal);

struct CodegenOptions {
  std::string functions_folder;
};
[[nodiscard]] ExitCode run_codegen(const CodegenOptions& options, Terminal& terminal);

struct RunOptions {
  std::string function;
  std::string arguments = "{}";
  std::string url = "http://localhost:8788";
  std::string admin_key;
};
[[nodiscard]] ExitCode run_function(const RunOptions& options, Terminal& terminal);

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
