// Moonstone. Licence: see LICENSE.
//
// Databases, and what models may have in them. Source: litestone.md 3.4 and 27.4
#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

/// The database that is there without being declared.
constexpr std::string_view kMainDatabase = "main";

bool is_amount(std::string_view text, std::span<const std::string_view> units) {
  std::size_t digits = 0;
  while (digits < text.size() &&
         ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) {
    ++digits;
  }
  std::string unit(text.substr(digits));
  for (char& c : unit) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return digits > 0 && std::ranges::find(units, unit) != units.end();
}

const Database* database_of(const Model& model, const SchemaIndex& index) {
  const auto* name = model.find<DatabaseOf>();
  return name == nullptr ? nullptr : SchemaIndex::find(index.databases, name->name);
}

bool has_field_attribute(const Model& model, bool (*has)(const Field&)) {
  return std::ranges::any_of(model.fields, has);
}

class DatabaseCheck {
 public:
  DatabaseCheck(const Schema& schema, const SchemaIndex& index, Report& report)
      : schema_(schema), index_(index), report_(report) {}

  void run() {
    for (const Database& database : schema_.databases)
      check(database);
    for (const Model& model : schema_.models)
      check(model);
  }

 private:
  void error(const Database& database, std::string_view text) {
    report_.error(database.position, fmt::format("Database '{}': {}", database.name, text));
  }
  void error(const Model& model, std::string_view text) {
    report_.error(model.position, fmt::format("Model '{}': {}", model.name, text));
  }

  void check(const Database& database) {
    constexpr std::array<std::string_view, 7> kDurations{"ms", "s", "m", "h", "d", "w", "y"};
    constexpr std::array<std::string_view, 4> kSizes{"b", "kb", "mb", "gb"};
    const bool is_jsonl = database.driver == DatabaseDriver::Jsonl;
    if (database.max_size && !is_jsonl)
      error(database, "maxSize is only valid for jsonl databases");
    if (database.replication && is_jsonl) {
      error(database, "replication is not supported for jsonl databases");
    }
    if (database.retention && !is_amount(*database.retention, kDurations)) {
      error(database,
            fmt::format("Invalid retention duration '{}' — expected format: 30d, 24h, 1y, 60m",
                        *database.retention));
    }
    if (database.max_size && !is_amount(*database.max_size, kSizes)) {
      error(database, fmt::format("Invalid maxSize '{}' — expected format: 500kb, 100mb, 1gb",
                                  *database.max_size));
    }
    if (is_jsonl) check_jsonl_path(database);
    if (database.log_model) check_log_model(database);
  }

  void check_jsonl_path(const Database& database) {
    const auto* path = std::get_if<LiteralPath>(&database.path);
    if (path == nullptr || !path->value.ends_with(".jsonl")) return;
    const auto count = std::ranges::count_if(schema_.models, [&](const Model& model) {
      return database_of(model, index_) == &database;
    });
    if (count <= 1) return;
    error(database,
          fmt::format("the path '{}' is one file, but {} models are in this database — use a "
                      "directory",
                      path->value, count));
  }

  void check_log_model(const Database& database) {
    if (database.driver != DatabaseDriver::Logger) {
      error(database, "model key is only valid for logger databases");
      return;
    }
    const Model* model = SchemaIndex::find(index_.models, *database.log_model);
    if (model == nullptr) {
      error(database, fmt::format("unknown model '{}'", *database.log_model));
      return;
    }
    if (database_of(*model, index_) != &database) {
      error(database, fmt::format("model '{}' must be @@db({})", model->name, database.name));
    }
    for (const std::string_view name : {"operation", "model", "createdAt"}) {
      if (model->find_field(name) != nullptr) continue;
      error(database, fmt::format("model '{}' must have a field '{}'", model->name, name));
    }
  }

  void check(const Model& model) {
    if (const auto* name = model.find<DatabaseOf>()) {
      const Database* database = SchemaIndex::find(index_.databases, name->name);
      if (database == nullptr && name->name != kMainDatabase) {
        error(model, fmt::format("@@db references unknown database '{}'", name->name));
      }
      if (database != nullptr && database->driver == DatabaseDriver::Jsonl) {
        check_jsonl_model(model, *database);
      }
    }
    for (const ModelAttribute& attribute : model.attributes) {
      if (const auto* log = std::get_if<Log>(&attribute)) check(model, *log);
    }
  }

  void check(const Model& model, const Log& log) {
    const Database* database = SchemaIndex::find(index_.databases, log.database);
    if (database == nullptr) {
      error(model, fmt::format("@@log references unknown database '{}'", log.database));
    } else if (database->driver != DatabaseDriver::Logger) {
      error(model, fmt::format("@@log database '{}' must have driver logger (it has {})",
                               log.database, to_string(database->driver)));
    }
  }

  /// A file of lines that only grows can neither change a row nor hide one.
  void check_jsonl_model(const Model& model, const Database& database) {
    const auto refuse = [&](std::string_view what) {
      error(model,
            fmt::format("{} is not supported in the jsonl database '{}'", what, database.name));
    };
    if (model.find<SoftDelete>() != nullptr) refuse("@@softDelete");
    if (model.find<FullText>() != nullptr) refuse("@@fts");
    if (model.find<Policy>() != nullptr) refuse("@@allow/@@deny");
    if (has_field_attribute(model,
                            [](const Field& field) { return field.find<Sequence>() != nullptr; })) {
      refuse("@sequence");
    }
    if (has_field_attribute(
            model, [](const Field& field) { return field.find<Encrypted>() != nullptr; })) {
      refuse("@encrypted");
    }
    if (has_field_attribute(
            model, [](const Field& field) { return field.find<FieldAllow>() != nullptr; })) {
      refuse("@allow");
    }
  }

  const Schema& schema_;
  const SchemaIndex& index_;
  Report& report_;
};

}  // namespace

void validate_databases(const Schema& schema, const SchemaIndex& index, Report& report) {
  DatabaseCheck(schema, index, report).run();
}

}  // namespace moonstone::lite
