// Moonstone. Licence: see LICENSE.
#pragma once
// What `dev` and `start` have in common: from options to an opened app, and what they print.
// Threads: confined to the main thread.

#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "cli/app.h"
#include "cli/commands.h"
#include "cli/project.h"
#include "cli/terminal.h"

namespace moonstone::cli {

struct Serving {
  Project project;
  Config config;
  std::string data_folder;
  std::string static_folder;  // empty: no pages
  std::unique_ptr<App> app;
};

class ServeLogger;

/// Reads the project's configuration, by which the logger goes from then on, and opens its
/// database. Warnings are printed.
[[nodiscard]] Result<Serving> open_serving(Project project,
                                           const ServeOptions& options,
                                           protocol::functions::Mode mode,
                                           ServeLogger& logger,
                                           Terminal& terminal);

/// Where what is served, once the app listens.
void print_addresses(Terminal& terminal, const Serving& serving, protocol::functions::Mode mode);

/// For people: what functions print and where they fail, under their names; of the rest what is at
/// least `least`, through the ordinary log. As JSON everything goes through that.
/// Lifetime: `terminal` outlives it. Threads: synchronised, but for use().
class ServeLogger final : public Logger {
 public:
  ServeLogger(Terminal& terminal, LogLevel least) : terminal_(terminal), least_(least) {}
  void log(LogLevel level,
           std::string_view module,
           std::string_view event,
           std::initializer_list<Member> fields) override;
  /// Before anybody else has it.
  void use(LogFormat format, std::optional<LogLevel> least) {
    format_ = format;
    least_ = least.value_or(least_);
  }

 private:
  Terminal& terminal_;
  LogLevel least_;
  LogFormat format_ = LogFormat::Human;
};

}  // namespace moonstone::cli
