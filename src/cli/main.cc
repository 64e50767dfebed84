// Moonstone. Licence: see LICENSE.
// moonstone: reads the command line and hands over to the command.

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/version.h"
#include "cli/commands.h"
#include "cli/lite_command_line.h"
#include "store/sqlite/process.h"

namespace moonstone::cli {
namespace {

constexpr const char* kDescription =
    "Moonstone: a real-time backend in one binary. Queries are live, mutations are durable.";

constexpr const char* kFooter =
    "\nExit codes: 0 done, 1 failure, 2 wrong usage, 3 the port or address cannot be used,\n"
    "4 another Moonstone uses the data, 5 the data does not fit the new schema.\n"
    "Configuration: moonstone.toml beside the functions folder; the key a.b_c is also the\n"
    "environment variable MOONSTONE_A_B_C; flags win over both.";

/// More lines no server keeps.
constexpr int kLogLinesMax = 5'000;

/// Seconds; more often no figure would mean anything, less often nobody would wait.
constexpr double kTopIntervalMin = 0.1;
constexpr double kTopIntervalMax = 3'600;
/// More no server lists.
constexpr int kLiveQueriesMax = 500;

/// A variable of a script that is not set: the default would be something else than was meant.
const CLI::Validator& not_empty() {
  static const CLI::Validator kNotEmpty(
      [](std::string& text) { return std::string(text.empty() ? "is empty" : ""); }, "");
  return kNotEmpty;
}

/// Has commands of its own.
constexpr std::string_view kLite = "lite";

/// The whole command line: one struct of options per command, and which command was chosen.
class CommandLine {
 public:
  explicit CommandLine(Terminal& terminal)
      : terminal_(terminal), app_(kDescription, "moonstone"), lite_(app_) {
    app_.footer(kFooter);
    app_.set_version_flag("-V,--version", fmt::format("moonstone {}", version()));
    app_.require_subcommand(0, 1);
    add_init();
    add_serving("dev", "Serve, watch the functions, and swap code and schema at every change");
    add_serving("start", "Serve in production");
    add_codegen();
    add_build();
    add_deploy();
    add_run();
    add_logs();
    add_top();
    add_explain();
    add_transfer("export", "Write all documents and files into a folder", export_);
    add_transfer("import", "Read the folder of an export", import_);
    add_doctor();
    add_reset();
    app_.add_subcommand("version", "Print the version")->footer("Example: moonstone version");
  }

  ExitCode run(int count, char** arguments) {
    if (count > 1 && !is_known(arguments[1])) return unknown_command(arguments[1]);
    if (const auto wrong = find_unknown_flag(count, arguments)) return unknown_flag(*wrong);
    try {
      app_.parse(count, arguments);
    } catch (const CLI::CallForHelp& help) {
      app_.exit(help);
      return ExitCode::Success;
    } catch (const CLI::CallForVersion& version) {
      app_.exit(version);
      return ExitCode::Success;
    } catch (const CLI::ParseError& error) {
      app_.exit(error);
      return ExitCode::Usage;
    }
    return run_chosen();
  }

 private:
  struct UnknownFlag {
    std::string name;
    const CLI::App* command = nullptr;
  };

  void add_init() {
    CLI::App* const command =
        app_.add_subcommand("init", "Write a starter backend into a new or an existing app");
    command->footer("Example: moonstone init my-app --template react");
    command->add_option("dir", init_.folder, "The app's folder")
        ->capture_default_str()
        ->check(not_empty());
    command->add_option("--template", init_.app_template,
                        "A whole new app: react, solid, vanilla or server-only");
  }

  void add_serving(const std::string& name, const std::string& description) {
    CLI::App* const command = app_.add_subcommand(name, description);
    const bool is_start = name == "start";
    command->footer(is_start ? "Example: MOONSTONE_ADMIN_KEY=… moonstone start app.bundle.json"
                             : "Example: moonstone dev --port 9000");
    command->add_option("functionsDir", serve_.functions_folder,
                        is_start ? "The functions folder (default: moonstone/, else zeroback/), or "
                                   "a bundle file of `moonstone build`"
                                 : "The functions folder (default: moonstone/, else zeroback/)");
    if (is_start) {
      command->add_flag("--deployed", runs_deployed_,
                        "Run what was deployed last, or wait for the first deployment");
    }
    command->add_option("--port", port_, "Port; 0 takes any free one (default: 8788)");
    command->add_option("--host", host_, "Address to listen on (default: 127.0.0.1)");
    command->add_option("--static", static_, "Folder of built pages (default: dist/ if it exists)");
    command
        ->add_option("--env", serve_.environment,
                     "Section [env.NAME] of moonstone.toml, with its own data")
        ->check(not_empty());
    command->add_option("--admin-key", serve_.admin_key, "Key for administration in production")
        ->envname("MOONSTONE_ADMIN_KEY");
    command->add_flag("--accept-data-loss", accepts_data_loss_,
                      "Allow schema changes that drop tables or fields with their data");
    command->add_flag("--verbose", is_verbose_, "Log everything");
  }

  void add_codegen() {
    CLI::App* const command =
        app_.add_subcommand("codegen", "Build once and write the types in _generated");
    command->footer("Example: moonstone codegen");
    command->add_option("functionsDir", codegen_.functions_folder, "The functions folder");
  }

  void add_build() {
    CLI::App* const command =
        app_.add_subcommand("build", "Write all that a server needs into one bundle file");
    command->footer("Example: moonstone build --out app.bundle.json");
    command->add_option("functionsDir", build_.functions_folder, "The functions folder");
    command->add_option("--out", build_.out,
                        "The file (default: moonstone.bundle.json beside the functions folder)");
    add_json(*command);
  }

  void add_deploy() {
    CLI::App* const command =
        app_.add_subcommand("deploy", "Build, and put the result into force on a running server");
    command->footer("Example: moonstone deploy --url https://app.example.com --key … --dry-run");
    command->add_option("functionsDir", deploy_.functions_folder,
                        "The functions folder, or a bundle file of `moonstone build`");
    command->add_option("--url", deploy_.remote.url, "The server");
    add_key(*command, deploy_.remote);
    command->add_flag("--dry-run", is_dry_run_, "Say what would change, and change nothing");
    command->add_flag("--rollback", is_rollback_, "Go back to the version before the present one");
    command->add_flag("--accept-data-loss", accepts_data_loss_,
                      "Allow schema changes that drop tables or fields with their data");
    add_json(*command);
  }

  void add_key(CLI::App& command, Remote& remote) {
    command.add_option("--admin-key,--key", remote.admin_key, "Key of a production server")
        ->envname("MOONSTONE_ADMIN_KEY");
  }

  void add_remote(CLI::App& command, Remote& remote) {
    command.add_option("--url", remote.url, "The server")->capture_default_str();
    add_key(command, remote);
  }

  void add_json(CLI::App& command) {
    command.add_flag("--json", is_json_, "Print the outcome as JSON");
  }

  void add_run() {
    CLI::App* const command =
        app_.add_subcommand("run", "Call a function on a running server and print its result");
    command->add_option("function", run_.function, "Name, such as tasks:list")->required();
    command->add_option("jsonArgs", run_.arguments, "Arguments as JSON")->capture_default_str();
    command->footer("Example: moonstone run tasks:create '{\"text\":\"Buy milk\"}'");
    add_remote(*command, run_.remote);
    command->add_flag("--watch", is_watching_,
                      "Print the result of a query again whenever it changes");
  }

  void add_logs() {
    CLI::App* const command = app_.add_subcommand("logs", "Show the log of a running server");
    command->footer("Example: moonstone logs --follow --level warn");
    add_remote(*command, logs_.remote);
    command->add_flag("--follow,-f", is_following_, "Go on with the lines that come");
    command->add_option("--lines,-n", logs_.lines, "How many of those that are there")
        ->capture_default_str()
        ->check(CLI::Range(0, kLogLinesMax));
    command->add_option("--level", logs_.level, "The least level: debug, info, warn or error")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    command->add_option("--function", logs_.function, "Of one function, or a module as tasks:");
    add_json(*command);
  }

  void add_top() {
    CLI::App* const command = app_.add_subcommand(
        "top", "Watch a running server: load, latencies, the costliest functions");
    command->footer("Example: moonstone top --once");
    add_remote(*command, top_.remote);
    command->add_option("--interval", top_.interval_s, "Seconds between two readings")
        ->capture_default_str()
        ->check(CLI::Range(kTopIntervalMin, kTopIntervalMax));
    command->add_flag("--once", is_once_, "Print one view and end");
    add_json(*command);
  }

  void add_explain() {
    CLI::App* const command = app_.add_subcommand(
        "explain", "Run a query once and tell what it read, or explain live queries");
    command->footer(
        "Example: moonstone explain tasks:list '{\"done\":false}'\n"
        "         moonstone explain --live tasks:");
    command->add_option("query", explain_.subject,
                        "A function such as tasks:list; with --live a part of its name, or the "
                        "number of a live query");
    command->add_option("jsonArgs", explain_.arguments, "Arguments as JSON")->capture_default_str();
    add_remote(*command, explain_.remote);
    command->add_flag("--live", is_live_, "The live queries of the server, the costliest first");
    command->add_option("--identity", explain_.identity, "Claims to run as, as JSON");
    command->add_option("--limit,-n", explain_.queries, "With --live: how many are listed")
        ->capture_default_str()
        ->check(CLI::Range(1, kLiveQueriesMax));
    command->add_flag("--sql", shows_sql_, "Show the statements, too");
    add_json(*command);
  }

  void add_transfer(const std::string& name,
                    const std::string& description,
                    TransferOptions& options) {
    CLI::App* const command = app_.add_subcommand(name, description);
    const bool is_import = name == "import";
    command->footer(is_import ? "Example: moonstone import backup --url http://localhost:8788"
                              : "Example: moonstone export backup");
    command
        ->add_option("folder", options.folder,
                     is_import ? "What `moonstone export` wrote" : "A new or an empty folder")
        ->required()
        ->check(not_empty());
    command
        ->add_option("functionsDir", options.data.functions_folder,
                     "Without --url: the functions folder whose data is meant")
        ->check(not_empty());
    command->add_option("--env", options.data.environment, "Without --url: the environment")
        ->check(not_empty());
    command->add_option("--url", options.remote.url, "A running server")->check(not_empty());
    add_key(*command, options.remote);
    if (is_import) {
      CLI::Option* const replace = command->add_flag("--replace", is_replacing_,
                                                     "Replace documents whose id is there already");
      command->add_flag("--skip", is_skipping_, "Leave documents whose id is there already")
          ->excludes(replace);
    }
    add_json(*command);
  }

  void add_doctor() {
    CLI::App* const command =
        app_.add_subcommand("doctor", "Look for what is wrong here, and say how to mend it");
    command->footer("Example: moonstone doctor --json");
    command->add_option("functionsDir", doctor_.data.functions_folder, "The functions folder");
    command->add_option("--env", doctor_.data.environment, "The data of this environment");
    add_remote(*command, doctor_.remote);
    add_json(*command);
  }

  void add_reset() {
    CLI::App* const command = app_.add_subcommand("reset", "Delete all local data");
    command->footer("Example: moonstone reset --yes");
    command->add_option("functionsDir", reset_.functions_folder, "The functions folder")
        ->check(not_empty());
    command->add_option("--env", reset_.environment, "The data of this environment only")
        ->check(not_empty());
    command->add_flag("--yes,-y", is_confirmed_, "Do not ask");
  }

  [[nodiscard]] bool is_known(std::string_view first) const {
    if (first.starts_with('-')) return true;
    for (const CLI::App* command : app_.get_subcommands({})) {
      if (command->get_name() == first) return true;
    }
    return false;
  }

  ExitCode unknown_command(std::string_view name) {
    std::vector<std::string> names;
    for (const CLI::App* command : app_.get_subcommands({}))
      names.push_back(command->get_name());
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest(name, views);
    terminal_.error(near.empty() ? fmt::format("unknown command {}", name)
                                 : fmt::format("unknown command {}; did you mean {}?", name, near));
    terminal_.error_line(app_.help());
    return ExitCode::Failure;  // as the original does (functions.md section 16)
  }

  /// The first long option that the command does not have, so that a hint can be given.
  std::optional<UnknownFlag> find_unknown_flag(int count, char** arguments) {
    if (count < 2 || std::string_view(arguments[1]).starts_with('-')) return std::nullopt;
    // Its flags belong to commands of its own.
    if (arguments[1] == kLite) return std::nullopt;
    const CLI::App* const command = app_.get_subcommand(arguments[1]);
    for (int i = 2; i < count; ++i) {
      const std::string_view argument = arguments[i];
      if (argument == "--") return std::nullopt;
      if (!argument.starts_with("--")) continue;
      const std::string name(argument.substr(0, argument.find('=')));
      if (command->get_option_no_throw(name) == nullptr) return UnknownFlag{name, command};
    }
    return std::nullopt;
  }

  ExitCode unknown_flag(const UnknownFlag& wrong) {
    std::vector<std::string> names;
    for (const CLI::Option* option : wrong.command->get_options()) {
      for (const std::string& name : option->get_lnames())
        names.push_back("--" + name);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest(wrong.name, views);
    terminal_.error(fmt::format("{} has no option {}{}", wrong.command->get_name(), wrong.name,
                                near.empty() ? "" : fmt::format("; did you mean {}?", near)));
    terminal_.error_line(fmt::format("Run with --help for the options: moonstone {} --help",
                                     wrong.command->get_name()));
    return ExitCode::Usage;
  }

  ExitCode run_chosen() {
    const std::vector<CLI::App*> chosen = app_.get_subcommands();
    if (chosen.empty()) {
      terminal_.line(app_.help());
      return ExitCode::Success;
    }
    finish_options(*chosen.front());
    const std::string name = chosen.front()->get_name();
    if (name == kLite) return lite_.run(terminal_);
    if (name == "init") return run_init(init_, terminal_);
    if (name == "dev") return run_dev(serve_, terminal_);
    if (name == "start") return run_start(serve_, terminal_);
    if (name == "codegen") return run_codegen(codegen_, terminal_);
    if (name == "build") return run_build(build_, terminal_);
    if (name == "deploy") return run_deploy(deploy_, terminal_);
    if (name == "run") return run_function(run_, terminal_);
    if (name == "logs") return run_logs(logs_, terminal_);
    if (name == "top") return run_top(top_, terminal_);
    if (name == "explain") return run_explain(explain_, terminal_);
    if (name == "export") return run_export(export_, terminal_);
    if (name == "import") return run_import(import_, terminal_);
    if (name == "doctor") return run_doctor(doctor_, terminal_);
    if (name == "reset") return run_reset(reset_, terminal_);
    return run_version(terminal_);
  }

  /// From what the command line said to what the commands take.
  void finish_options(const CLI::App& command) {
    const auto flag = [&](const std::string& option, const std::string& key, std::string text) {
      const CLI::Option* const found = command.get_option_no_throw(option);
      if (found == nullptr || found->count() == 0) return;
      serve_.flags.push_back({.key = key, .text = std::move(text), .place = option});
    };
    flag("--port", "server.port", port_);
    flag("--host", "server.host", host_);
    // On the command line a path starts from the current folder, in the file from the project.
    flag("--static", "server.static",
         static_.empty() ? static_ : std::filesystem::absolute(static_).string());
    if (accepts_data_loss_) {
      serve_.data_loss = ServeOptions::DataLoss::Accept;
      deploy_.data_loss = ServeOptions::DataLoss::Accept;
    }
    if (runs_deployed_) serve_.source = ServeOptions::Source::Deployed;
    if (is_once_) top_.mode = TopOptions::Mode::Once;
    if (is_live_) explain_.mode = ExplainOptions::Mode::Live;
    if (shows_sql_) explain_.sql = ExplainOptions::Sql::Show;
    if (is_watching_) run_.mode = RunOptions::Mode::Watch;
    using Action = DeployOptions::Action;
    if (is_dry_run_) deploy_.action = is_rollback_ ? Action::PlanRollback : Action::Plan;
    if (!is_dry_run_ && is_rollback_) deploy_.action = Action::Rollback;
    if (is_json_) {
      build_.format = Format::Json;
      deploy_.format = Format::Json;
      logs_.format = Format::Json;
      export_.format = Format::Json;
      import_.format = Format::Json;
      doctor_.format = Format::Json;
      top_.format = Format::Json;
      explain_.format = Format::Json;
    }
    if (is_following_) logs_.mode = LogsOptions::Mode::Follow;
    using Existing = TransferOptions::Existing;
    if (is_replacing_) import_.existing = Existing::Replace;
    if (is_skipping_) import_.existing = Existing::Skip;
    if (is_verbose_) serve_.verbosity = ServeOptions::Verbosity::Verbose;
    if (is_confirmed_) reset_.confirmation = ResetOptions::Confirmation::Given;
  }

  Terminal& terminal_;
  CLI::App app_;
  LiteCommandLine lite_;
  InitOptions init_;
  ServeOptions serve_;
  CodegenOptions codegen_;
  BuildFileOptions build_;
  DeployOptions deploy_;
  RunOptions run_;
  LogsOptions logs_;
  TopOptions top_;
  ExplainOptions explain_;
  TransferOptions export_;
  TransferOptions import_;
  DoctorOptions doctor_;
  ResetOptions reset_;
  std::string port_;
  std::string host_;
  std::string static_;
  bool accepts_data_loss_ = false;
  bool is_verbose_ = false;
  bool is_confirmed_ = false;
  bool is_dry_run_ = false;
  bool is_rollback_ = false;
  bool is_json_ = false;
  bool is_watching_ = false;
  bool runs_deployed_ = false;
  bool is_following_ = false;
  bool is_replacing_ = false;
  bool is_skipping_ = false;
  bool is_once_ = false;
  bool is_live_ = false;
  bool shows_sql_ = false;
};

int run_main(int count, char** arguments) {
  store::prepare_sqlite_process();
  Terminal terminal;
  try {
    return static_cast<int>(CommandLine(terminal).run(count, arguments));
  } catch (const std::exception& error) {
    // Only libraries throw; none is known to get here.
    terminal.error(fmt::format("unexpected: {}", error.what()));
    return static_cast<int>(ExitCode::Failure);
  }
}

}  // namespace
}  // namespace moonstone::cli

int main(int count, char** arguments) {
  return moonstone::cli::run_main(count, arguments);
}
