// Moonstone. Licence: see LICENSE.
//
// Migrations and introspection of database files (litestone.md 35, 36).
#include <string>
#include <utility>

#include "base/clock.h"
#include "members.h"
#include "operations.h"
#include "schema/lite/ast_from_json.h"
#include "schema/lite/catalog.h"
#include "store/introspect.h"
#include "store/migrations.h"

namespace moonstone::node {

namespace {

/// {folder, database, prefix, label, schema, pluralize}, what the operation needs of it.
struct Operands {
  store::MigrationPlace place;
  Value given;
};

Result<Operands> read_operands(Addon& addon, Request& request) {
  store::RawConnection* const connection = addon.connections().find(request.number(1));
  if (connection == nullptr) {
    return Error(ErrorCode::FailedPrecondition, "the connection is closed", "closed");
  }
  Value given = request.read();
  const std::string database = text_of(member(given, "database"));
  return Operands{.place = {.connection = *connection,
                            .folder = text_of(member(given, "folder")),
                            .database = database.empty() ? "main" : database,
                            .prefix = text_of(member(given, "prefix"))},
                  .given = std::move(given)};
}

Result<schema::CatalogPtr> catalog_of(const Operands& operands) {
  MS_TRY(const lite::Schema schema, lite::schema_from_json(member(operands.given, "schema")));
  const bool pluralize = flag_of(member(operands.given, "pluralize"));
  return lite::make_catalog(schema,
                            {.database = operands.place.database,
                             .pluralize = pluralize ? lite::Pluralize::Yes : lite::Pluralize::No});
}

Status create(const Operands& operands, ExchangeWriter& answer) {
  MS_TRY(const schema::CatalogPtr catalog, catalog_of(operands));
  const auto mode = flag_of(member(operands.given, "isDryRun")) ? store::MigrationFile::DryRun
                                                                : store::MigrationFile::Write;
  const std::string label = text_of(member(operands.given, "label"));
  MS_TRY(const store::CreatedMigration created,
         store::create_migration(operands.place, *catalog, label, system_clock(), mode));
  answer.value(store::to_value(created));
  return {};
}

Status start(Addon& addon, const Operands& operands, ExchangeWriter& answer) {
  MS_TRY(auto run, store::MigrationRun::start(operands.place, system_clock()));
  answer.set_header(1, static_cast<double>(addon.migrations().add(std::move(run))));
  return {};
}

/// The next script, or the outcome; then the run has ended.
Status next(Addon& addon, Request& request, ExchangeWriter& answer) {
  store::MigrationRun* const run = addon.migrations().find(request.number(1));
  if (run == nullptr) return Error(ErrorCode::NotFound, "there is no such run of migrations");
  if (const auto script = run->next()) {
    answer.value(Object{{"file", script->file}, {"path", script->path}});
    return {};
  }
  answer.value(nullptr);
  answer.value(store::to_value(run->outcome()));
  addon.migrations().take(request.number(1));
  return {};
}

/// values: the message of the error with which the script failed, or null
Status finish(Addon& addon, Request& request) {
  store::MigrationRun* const run = addon.migrations().find(request.number(1));
  if (run == nullptr) return Error(ErrorCode::NotFound, "there is no such run of migrations");
  const Value failure = request.read();
  if (failure.is_text()) {
    run->finish_script(Error(ErrorCode::Internal, failure.as_text(), "host_exception"));
  } else {
    run->finish_script({});
  }
  return {};
}

Status introspect(Operands& operands, ExchangeWriter& answer) {
  const bool is_camel = flag_of(member(operands.given, "camelCase"), true);
  MS_TRY(const std::string text,
         store::generate_lite_schema(
             operands.place.connection,
             is_camel ? store::FieldNames::CamelCase : store::FieldNames::AsInDatabase));
  answer.text(text);
  return {};
}

}  // namespace

Status run_migration_operation(Addon& addon,
                               Operation operation,
                               Request& request,
                               ExchangeWriter& answer) {
  if (operation == Operation::MigrationNext) return next(addon, request, answer);
  if (operation == Operation::MigrationFinish) return finish(addon, request);
  MS_TRY(Operands operands, read_operands(addon, request));
  switch (operation) {
    case Operation::LiteSchema:
      return introspect(operands, answer);
    case Operation::MigrationCreate:
      return create(operands, answer);
    case Operation::MigrationStart:
      return start(addon, operands, answer);
    case Operation::MigrationStatus: {
      MS_TRY(const auto status, store::migration_status(operands.place));
      answer.value(store::to_value(status));
      return {};
    }
    default:
      break;
  }
  MS_TRY(const schema::CatalogPtr catalog, catalog_of(operands));
  if (operation == Operation::MigrationVerify) {
    MS_TRY(const store::Verification verified, store::verify_schema(operands.place, *catalog));
    answer.value(store::to_value(verified));
    return {};
  }
  MS_TRY(const store::AutoMigration done, store::auto_migrate(operands.place, *catalog));
  answer.value(store::to_value(done));
  return {};
}

}  // namespace moonstone::node
