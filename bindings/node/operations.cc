// Moonstone. Licence: see LICENSE.
#include "operations.h"

#include <string>
#include <utility>

#include "orm/methods.h"

namespace moonstone::node {

namespace {

/// What JavaScript must know alike: {operations: {name: number}, methods: [name], and of each
/// method the operation whose hooks it calls and the group of that: hooks: {name: [operation,
/// group]}}.
Status describe(ExchangeWriter& answer) {
  Object operations;
  for (unsigned number = 0; number < 256; ++number) {
    const std::string_view name = name_of(Operation{static_cast<std::uint8_t>(number)});
    if (!name.empty()) operations.append(std::string(name), static_cast<double>(number));
  }
  Array methods;
  Object hooks;
  for (const std::string_view method : orm::method_names()) {
    const std::string_view operation = orm::hook_operation(method);
    methods.emplace_back(std::string(method));
    hooks.append(std::string(method), Array{Value(operation), Value(orm::hook_group(operation))});
  }
  answer.value(Object{{"operations", Value(std::move(operations))},
                      {"methods", Value(std::move(methods))},
                      {"hooks", Value(std::move(hooks))}});
  return {};
}

}  // namespace

std::string_view name_of(Operation operation) {
  switch (operation) {
    case Operation::Parse:
      return "Parse";
    case Operation::TypeScript:
      return "TypeScript";
    case Operation::JsonSchema:
      return "JsonSchema";
    case Operation::LiteSchema:
      return "LiteSchema";
    case Operation::Open:
      return "Open";
    case Operation::Close:
      return "Close";
    case Operation::Call:
      return "Call";
    case Operation::Query:
      return "Query";
    case Operation::Begin:
      return "Begin";
    case Operation::Commit:
      return "Commit";
    case Operation::Rollback:
      return "Rollback";
    case Operation::Mark:
      return "Mark";
    case Operation::RollbackTo:
      return "RollbackTo";
    case Operation::Release:
      return "Release";
    case Operation::RawOpen:
      return "RawOpen";
    case Operation::RawClose:
      return "RawClose";
    case Operation::RawExec:
      return "RawExec";
    case Operation::RawQuery:
      return "RawQuery";
    case Operation::RawRun:
      return "RawRun";
    case Operation::Observe:
      return "Observe";
    case Operation::MigrationCreate:
      return "MigrationCreate";
    case Operation::MigrationStart:
      return "MigrationStart";
    case Operation::MigrationStatus:
      return "MigrationStatus";
    case Operation::MigrationVerify:
      return "MigrationVerify";
    case Operation::AutoMigrate:
      return "AutoMigrate";
    case Operation::TurnSql:
      return "TurnSql";
    case Operation::MigrationNext:
      return "MigrationNext";
    case Operation::MigrationFinish:
      return "MigrationFinish";
    case Operation::Describe:
      return "Describe";
    case Operation::CachedPlans:
      return "CachedPlans";
    case Operation::RawBackup:
      return "RawBackup";
  }
  return {};
}

Status run_operation(Addon& addon, Request& request, ExchangeWriter& answer) {
  const auto number = request.number(0);
  const Operation operation{number < 256 ? static_cast<std::uint8_t>(number) : std::uint8_t{0}};
  switch (operation) {
    case Operation::Call:
    case Operation::Query:
    case Operation::Open:
    case Operation::Close:
    case Operation::Begin:
    case Operation::Commit:
    case Operation::Rollback:
    case Operation::Mark:
    case Operation::RollbackTo:
    case Operation::Release:
    case Operation::Observe:
    case Operation::TurnSql:
    case Operation::CachedPlans:
      return run_client_operation(addon, operation, request, answer);
    case Operation::Parse:
    case Operation::TypeScript:
    case Operation::JsonSchema:
      return run_language_operation(operation, request, answer);
    case Operation::RawOpen:
    case Operation::RawClose:
    case Operation::RawExec:
    case Operation::RawQuery:
    case Operation::RawRun:
    case Operation::RawBackup:
      return run_raw_operation(addon, operation, request, answer);
    case Operation::LiteSchema:
    case Operation::MigrationCreate:
    case Operation::MigrationStart:
    case Operation::MigrationNext:
    case Operation::MigrationFinish:
    case Operation::MigrationStatus:
    case Operation::MigrationVerify:
    case Operation::AutoMigrate:
      return run_migration_operation(addon, operation, request, answer);
    case Operation::Describe:
      return describe(answer);
  }
  return Error(ErrorCode::Unimplemented, "the addon is older than the package");
}

}  // namespace moonstone::node
