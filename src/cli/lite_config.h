// Moonstone. Licence: see LICENSE.
#pragma once
// JavaScript of a `.lite` project, run by the user's Node: configuration, migrations, seeders.
// Threads: wait for the child process. Source: litestone.md 35.3, 39.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::cli {

/// The default export of the file as JSON; what JSON cannot say is left out. A `.ts` file is
/// bundled first. Errors: InvalidArgument (the file, what it throws), Unavailable (no Node).
[[nodiscard]] Result<Object> load_lite_config(const std::string& path,
                                              const std::vector<std::string>& environment);

/// What a file of the project is run for.
enum class LiteScript : unsigned char {
  Migration,  // `up(client)` in a transaction
  Seeder,     // the class's `run(client)`
};
struct LiteScriptRun {
  LiteScript kind = LiteScript::Migration;
  std::string file;
  std::string name;  // a seeder's class; empty: the default export
  std::string schema;
  std::string db;
  std::vector<std::string> environment;
};
/// Runs it with a client of `@moonstone/orm`, which the project must have installed; what it
/// printed. Errors: InvalidArgument (what it threw), Unavailable (no Node), DeadlineExceeded.
[[nodiscard]] Result<std::string> run_lite_script(const LiteScriptRun& run);

}  // namespace moonstone::cli
