// Moonstone. Licence: see LICENSE.
#include "cli/lite_command_line.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/version.h"
#include "cli/lite_commands.h"

namespace moonstone::cli {

struct LiteCommandLine::State {
  using Run = std::function<ExitCode(Terminal&)>;

  CLI::App* lite = nullptr;
  LiteFlags flags;
  LiteMigrateOptions migrate;
  LitePushOptions push;
  LiteTypesOptions types;
  LiteJsonSchemaOptions json_schema;
  LiteIntrospectOptions introspect;
  LiteDoctorOptions doctor;
  LiteBackupOptions backup;
  LiteOptimizeOptions optimize;
  LiteSeedOptions seed;
  Run chosen;

  /// A command that is run when it was the one that was named.
  CLI::App* add(CLI::App& parent,
                const std::string& name,
                const std::string& description,
                Run run) {
    CLI::App* const command = parent.add_subcommand(name, description);
    command->fallthrough();
    command->callback([this, run = std::move(run)] { chosen = run; });
    return command;
  }

  void add_flags() {
    lite->add_option("--config", flags.config, "litestone.config.js or .ts");
    lite->add_option("--schema", flags.schema, "The schema (default: schema.lite)");
    lite->add_option("--db", flags.db, "The main database (default: ./development.db)");
    lite->add_option("--migrations", flags.migrations,
                     "Folder of migrations (default: beside the schema)");
    lite->add_flag("--force", flags.force, "Overwrite, run again");
    lite->add_flag("--debug", flags.debug, "Say where everything was found");
    lite->add_option("--env-file", flags.env_file, "Instead of .env.local and .env");
    lite->add_flag("--no-env", flags.no_env, "Read no .env file");
    lite->set_version_flag("-v,--version", fmt::format("moonstone {}", version()));
  }

  void add_init() {
    add(*lite, "init", "Write schema.lite, litestone.config.js and migrations/",
        [this](Terminal& terminal) { return run_lite_init(flags, terminal); });
  }

  void add_migrate() {
    using Action = LiteMigrateOptions::Action;
    CLI::App* const group = lite->add_subcommand("migrate", "Migrations of the databases");
    group->require_subcommand(1)->fallthrough();
    const auto step = [this, group](const std::string& name, const std::string& description,
                                    Action action) {
      return add(*group, name, description, [this, action](Terminal& terminal) {
        migrate.action = action;
        migrate.flags = flags;
        return run_lite_migrate(migrate, terminal);
      });
    };
    step("create", "Write a migration from the database to the schema", Action::Create)
        ->add_option("label", migrate.label, "Becomes part of the file's name");
    step("dry-run", "Print what create would write", Action::DryRun)
        ->add_option("label", migrate.label, "Becomes part of the file's name");
    step("apply", "Run the migrations that wait", Action::Apply);
    step("status", "List migrations and their states", Action::Status);
    step("verify", "Compare database, files and schema; ends with 1 on drift", Action::Verify);
  }

  void add_push() {
    CLI::App* const group = lite->add_subcommand("db", "The databases themselves");
    group->require_subcommand(1)->fallthrough();
    add(*group, "push", "Bring the databases to the schema without a migration",
        [this](Terminal& terminal) {
          push.flags = flags;
          return run_lite_push(push, terminal);
        })
        ->add_flag("--verbose", push.is_verbose, "Print the SQL");
  }

  static void add_output(CLI::App& command, LiteOutput& out) {
    command.add_option("out,--out", out.path, "The file (default: beside the schema)");
    command.add_flag("--stdout", out.is_stdout, "Print instead of writing a file");
  }

  static void add_audience(CLI::App& command, std::string& audience) {
    command.add_option("--audience", audience, "client or system")
        ->check(CLI::IsMember({"client", "system"}))
        ->capture_default_str();
  }

  void add_types() {
    CLI::App* const command =
        add(*lite, "types", "Write TypeScript declarations", [this](Terminal& terminal) {
          types.flags = flags;
          return run_lite_types(types, terminal);
        });
    add_output(*command, types.out);
    add_audience(*command, types.audience);
    command->add_option("--only", types.only, "These models")->delimiter(',');
  }

  void add_json_schema() {
    CLI::App* const command =
        add(*lite, "jsonschema", "Write a JSON Schema", [this](Terminal& terminal) {
          json_schema.flags = flags;
          return run_lite_json_schema(json_schema, terminal);
        });
    add_output(*command, json_schema.out);
    add_audience(*command, json_schema.audience);
    command->add_option("--format", json_schema.format, "definitions or flat")
        ->check(CLI::IsMember({"definitions", "flat"}))
        ->capture_default_str();
    command->add_option("--mode", json_schema.mode, "create, update or full")
        ->check(CLI::IsMember({"create", "update", "full"}))
        ->capture_default_str();
    command->add_flag("--all-modes", json_schema.all_modes, "A file for each mode");
    command->add_flag("--include-timestamps", json_schema.include_timestamps,
                      "createdAt and updatedAt, too");
    command->add_flag("--include-deleted-at", json_schema.include_deleted_at, "deletedAt, too");
    command->add_flag("--include-computed", json_schema.include_computed,
                      "Computed and generated fields, too");
  }

  void add_introspect() {
    CLI::App* const command =
        add(*lite, "introspect", "Print a schema for a database that is there",
            [this](Terminal& terminal) { return run_lite_introspect(introspect, terminal); });
    command->add_option("database", introspect.database, "The file")->required();
    command->add_option("--out", introspect.out, "A file instead of standard output");
    command->add_flag("--no-camel", introspect.no_camel, "Keep the names of columns");
  }

  void add_doctor() {
    CLI::App* const command =
        add(*lite, "doctor", "Look for what is wrong", [this](Terminal& terminal) {
          doctor.flags = flags;
          return run_lite_doctor(doctor, terminal);
        });
    command->alias("audit");
    command->add_flag("--ci", doctor.is_ci, "One finding a line, with tabs");
    command->add_flag("--fix", doctor.fixes, "Make what is missing");
  }

  void add_backup() {
    CLI::App* const command =
        add(*lite, "backup", "Copy the databases", [this](Terminal& terminal) {
          // Here --db names one of several databases (litestone.md 39).
          backup.database = std::exchange(flags.db, {});
          backup.flags = flags;
          return run_lite_backup(backup, terminal);
        });
    command->add_option("dest", backup.destination, "The folder (default: ./backups/<time>)");
    command->add_flag("--vacuum", backup.vacuum, "Write the copies without free pages");
    command->add_flag("--zip", backup.zip, "Make one ZIP archive of the folder");
  }

  void add_optimize() {
    add(*lite, "optimize", "Merge search indexes", [this](Terminal& terminal) {
      optimize.flags = flags;
      return run_lite_optimize(optimize, terminal);
    })->add_option("model", optimize.model, "One model or its table");
  }

  void add_seed() {
    CLI::App* const command =
        add(*lite, "seed", "Run the project's seeder", [this](Terminal& terminal) {
          seed.flags = flags;
          return run_lite_seed(seed, terminal);
        });
    command->add_option("class", seed.name, "A seeder of the file (default: its default export)");
    CLI::App* const named = command->add_subcommand("run", "A named seed, or their list");
    named->fallthrough();
    named->add_option("name", seed.name, "calendar, or a file in ./seeds");
    named->callback([this] {
      using Action = LiteSeedOptions::Action;
      seed.action = seed.name.empty() ? Action::List : Action::Named;
    });
  }

  /// Commands of the original that are not there yet say so by name, whatever follows them.
  void add_missing() {
    for (const std::string name :
         {"codemod", "studio", "repl", "replicate", "rsync", "transform", "tenant", "diagram"}) {
      add(*lite, name, "",
          [name](Terminal& terminal) {
            return lite_failure(terminal,
                                Error(ErrorCode::Unimplemented,
                                      fmt::format("`moonstone lite {}` is not there yet", name)));
          })
          ->fallthrough(false)
          ->prefix_command()
          ->group("");
    }
  }
};

LiteCommandLine::LiteCommandLine(CLI::App& program) : state_(std::make_unique<State>()) {
  state_->lite = program.add_subcommand("lite", "Projects with a .lite schema: migrations, types");
  state_->lite->require_subcommand(0, 1);
  state_->lite->footer("Example: moonstone lite migrate create add_users");
  state_->add_flags();
  state_->add_init();
  state_->add_migrate();
  state_->add_push();
  state_->add_types();
  state_->add_json_schema();
  state_->add_introspect();
  state_->add_doctor();
  state_->add_backup();
  state_->add_optimize();
  state_->add_seed();
  state_->add_missing();
}

LiteCommandLine::~LiteCommandLine() = default;

ExitCode LiteCommandLine::run(Terminal& terminal) {
  if (state_->chosen) {
    if (state_->flags.debug) print_lite_places(terminal, state_->flags);
    return state_->chosen(terminal);
  }
  terminal.line(state_->lite->help());
  return ExitCode::Success;
}

}  // namespace moonstone::cli
