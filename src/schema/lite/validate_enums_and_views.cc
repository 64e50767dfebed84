// Moonstone. Licence: see LICENSE.
//
// Enums with their transitions, and views. Source: litestone.md 3.4
#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

void check(const Enum& subject, Report& report) {
  std::unordered_set<std::string_view> values;
  for (const EnumValue& value : subject.values) {
    if (values.insert(value.name).second) continue;
    report.error(value.position,
                 fmt::format("Enum '{}': duplicate value '{}'", subject.name, value.name));
  }
  if (values.empty()) {
    report.error(subject.position, fmt::format("Enum '{}' has no values", subject.name));
  }
  if (!subject.transitions) return;
  for (const Transition& transition : *subject.transitions) {
    const auto error = [&](std::string_view text) {
      report.error(transition.position, fmt::format("Enum '{}', transition '{}': {}", subject.name,
                                                    transition.name, text));
    };
    for (const std::string& from : transition.from) {
      if (!values.contains(from)) error(fmt::format("unknown value '{}' in 'from'", from));
    }
    if (!values.contains(transition.to)) {
      error(fmt::format("unknown value '{}' in 'to'", transition.to));
    }
    if (std::ranges::find(transition.from, transition.to) != transition.from.end()) {
      error(fmt::format("self-transition from '{0}' to '{0}'", transition.to));
    }
  }
}

/// The database that a model or view is in; the main one may be undeclared.
std::string_view database_name_of(const Model& model) {
  const auto* database = model.find<DatabaseOf>();
  return database == nullptr ? std::string_view("main") : std::string_view(database->name);
}

void check_sources(const View& view,
                   std::string_view database_name,
                   const SchemaIndex& index,
                   Report& report) {
  for (const std::string& name : view.refresh_on) {
    const Model* source = SchemaIndex::find(index.models, name);
    if (source == nullptr) {
      report.error(
          view.position,
          fmt::format("View '{}': @@refreshOn references unknown model '{}'", view.name, name));
    } else if (database_name_of(*source) != database_name) {
      report.error(
          view.position,
          fmt::format("View '{}': @@refreshOn model '{}' is in the database '{}', not in '{}'",
                      view.name, name, database_name_of(*source), database_name));
    }
  }
}

void check(const View& view, const SchemaIndex& index, Report& report) {
  const auto error = [&](std::string_view text) {
    report.error(view.position, fmt::format("View '{}': {}", view.name, text));
  };
  if (view.sql.empty()) error("must declare @@sql(\"...\")");
  if (view.materialized && view.refresh_on.empty()) {
    error("@@materialized requires @@refreshOn([...])");
  }
  const std::string_view database_name = view.database ? std::string_view(*view.database) : "main";
  const Database* database = SchemaIndex::find(index.databases, database_name);
  if (database == nullptr && database_name != "main") {
    error(fmt::format("@@db references unknown database '{}'", database_name));
  }
  if (database != nullptr && database->driver != DatabaseDriver::Sqlite) {
    error(fmt::format("views are not supported in the {} database '{}'",
                      to_string(database->driver), database_name));
  }
  check_sources(view, database_name, index, report);
}

}  // namespace

void validate_enums_and_views(const Schema& schema, const SchemaIndex& index, Report& report) {
  for (const Enum& subject : schema.enums)
    check(subject, report);
  for (const View& view : schema.views)
    check(view, index, report);
}

}  // namespace moonstone::lite
