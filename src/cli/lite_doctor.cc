// Moonstone. Licence: see LICENSE.
// moonstone lite doctor: looks at a `.lite` project and says what is wrong.
#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/version.h"
#include "cli/files.h"
#include "cli/lite_commands.h"
#include "store/maintenance.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// From there on a table without an index, a planner without figures, a long WAL are slow.
constexpr std::uint64_t kRowsWithoutIndexMax = 10'000;
constexpr std::uint64_t kRowsWithoutAnalysisMax = 1'000;
constexpr std::uint64_t kWalFramesMax = 5'000;

enum class Verdict : unsigned char { Pass, Warn, Fail, Info };

std::string_view mark_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "✓";
    case Verdict::Warn:
      return "⚠";
    case Verdict::Fail:
      return "✗";
    case Verdict::Info:
      return "·";
  }
  return "";
}

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "PASS";
    case Verdict::Warn:
      return "WARN";
    case Verdict::Fail:
      return "FAIL";
    case Verdict::Info:
      return "INFO";
  }
  return "";
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class LiteDoctor {
 public:
  LiteDoctor(const LiteDoctorOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  ExitCode run() {
    group("ENV");
    say(Verdict::Info, fmt::format("moonstone {}", version()));
    if (options_.fixes) fix();
    check_project();
    return has_failed_ ? ExitCode::Failure : ExitCode::Success;
  }

 private:
  void group(std::string_view name) {
    group_ = name;
    if (!options_.is_ci) terminal_.line(terminal_.styled(Style::Bold, name));
  }

  void say(Verdict verdict, std::string_view label, std::string_view detail = {}) {
    has_failed_ = has_failed_ || verdict == Verdict::Fail;
    if (!options_.is_ci) {
      terminal_.line(
          fmt::format("  {} {}{}{}", mark_of(verdict), label, detail.empty() ? "" : "  ", detail));
      return;
    }
    std::string line = fmt::format("{}\t{}\t{}", word_of(verdict), group_, label);
    if (!detail.empty()) line += fmt::format("\t{}", detail);
    std::ranges::replace(line, '\n', ' ');
    terminal_.line(line);
  }

  void fix() {
    const auto made = write_missing_lite_files(options_.flags);
    if (!made) {
      say(Verdict::Fail, "fix", made.error().message());
      return;
    }
    for (const std::string& path : *made)
      say(Verdict::Info, fmt::format("made {}", path));
  }

  void check_project() {
    group("CONFIG");
    auto places = find_lite_places(options_.flags);
    if (!places) {
      say(Verdict::Fail, "configuration", places.error().message());
      return;
    }
    say(places->config.empty() ? Verdict::Info : Verdict::Pass,
        places->config.empty() ? "no configuration file, the usual paths" : places->config);
    group("SCHEMA");
    const auto project = load_lite_project(options_.flags);
    if (!project) {
      say(Verdict::Fail, places->schema, project.error().message());
      return;
    }
    check_schema(*project);
    check_encryption(*project);
    for (const LiteDatabase& database : sqlite_databases(*project))
      check_database(*project, database);
  }

  void check_schema(const LiteProject& project) {
    const lite::Schema& schema = project.schema;
    say(Verdict::Pass, project.places.schema,
        fmt::format("{}, {}, {}, {}, {}", counted(schema.models.size(), "model"),
                    counted(schema.enums.size(), "enum"),
                    counted(schema.functions.size(), "function"),
                    counted(schema.traits.size(), "trait"), counted(schema.types.size(), "type")));
    for (const std::string& warning : project.warnings)
      say(Verdict::Warn, warning);
  }

  void check_encryption(const LiteProject& project) {
    const bool is_used = std::ranges::any_of(project.schema.models, [](const lite::Model& model) {
      return std::ranges::any_of(model.fields, [](const lite::Field& field) {
        return field.find<lite::Encrypted>() != nullptr;
      });
    });
    if (!is_used) return;
    group("ENCRYPT");
    const LiteEnvironment& environment = project.places.environment;
    const bool has_key = environment.find("ENCRYPTION_KEY") || environment.find("LITESTONE_KEY");
    say(has_key ? Verdict::Pass : Verdict::Fail, "encryption key",
        has_key ? "" : "set ENCRYPTION_KEY or LITESTONE_KEY");
  }

  void check_database(const LiteProject& project, const LiteDatabase& database) {
    group("DB");
    std::error_code failure;
    const std::uintmax_t size = fs::file_size(database.path, failure);
    if (failure) {
      say(Verdict::Info, database.path, "not there yet");
      return;
    }
    say(Verdict::Pass, database.path, fmt::format("{} bytes", size));
    const auto target = open_lite_target(project, database);
    if (!target) {
      say(Verdict::Fail, database.path, target.error().message());
      return;
    }
    check_migrations(*target);
    check_speed(*target);
  }

  void check_migrations(const LiteTarget& target) {
    group("MIGRATE");
    const bool has_folder = is_folder(target.database.migrations);
    say(has_folder ? Verdict::Pass : Verdict::Warn, target.database.migrations,
        has_folder ? "" : "no such folder");
    const auto found = store::verify_schema(target.place(), *target.catalog);
    if (!found) {
      say(Verdict::Fail, "migrations", found.error().message());
      return;
    }
    const bool is_fine = found->state == store::Verification::State::InSync;
    say(is_fine ? Verdict::Pass : Verdict::Warn, found->message);
  }

  void check_speed(const LiteTarget& target) {
    group("PERF");
    const auto checkup = store::check_up(*target.connection);
    if (!checkup) {
      say(Verdict::Fail, "figures", checkup.error().message());
      return;
    }
    std::uint64_t rows = 0;
    for (const store::TableRows& table : checkup->tables) {
      rows += table.rows;
      const auto& bare = checkup->without_index;
      const bool is_bare = std::ranges::find(bare, table.table) != bare.end();
      if (is_bare && table.rows >= kRowsWithoutIndexMax) {
        say(Verdict::Warn, table.table, fmt::format("{} rows and no index", table.rows));
      }
    }
    for (const std::string& key : checkup->bare_foreign_keys)
      say(Verdict::Warn, key, "a foreign key that no index begins with");
    if (!checkup->is_analysed && rows > kRowsWithoutAnalysisMax) {
      say(Verdict::Warn, "ANALYZE was never run", fmt::format("{} rows", rows));
    }
    if (checkup->wal_frames > kWalFramesMax) {
      say(Verdict::Warn, "the WAL is long", fmt::format("{} frames", checkup->wal_frames));
    }
    say(Verdict::Info, counted(checkup->tables.size(), "table"), counted(rows, "row"));
  }

  const LiteDoctorOptions& options_;
  Terminal& terminal_;
  std::string group_;
  bool has_failed_ = false;
};

}  // namespace

ExitCode run_lite_doctor(const LiteDoctorOptions& options, Terminal& terminal) {
  return LiteDoctor(options, terminal).run();
}

}  // namespace moonstone::cli
