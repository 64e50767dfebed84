// Moonstone. Licence: see LICENSE.
#include "operations.h"

namespace moonstone::node {

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
  }
  return Error(ErrorCode::Unimplemented, "the addon is older than the package");
}

}  // namespace moonstone::node
