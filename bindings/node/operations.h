// Moonstone. Licence: see LICENSE.
#pragma once
// The operations that JavaScript can ask for, by their numbers in the first slot of the buffer.

#include <cstdint>
#include <string_view>

#include "addon.h"
#include "base/result.h"
#include "exchange.h"

namespace moonstone::node {

/// Never renumber one side alone: packages/orm/src/native.ts. A test compares the two.
enum class Operation : std::uint8_t {
  Parse = 1,
  TypeScript = 3,
  JsonSchema = 4,
  LiteSchema = 5,
  Open = 6,
  Close = 7,
  Call = 9,
  Query = 10,
  Begin = 11,
  Commit = 12,
  Rollback = 13,
  Mark = 14,
  RollbackTo = 15,
  Release = 16,
  RawOpen = 17,
  RawClose = 18,
  RawExec = 19,
  RawQuery = 20,
  RawRun = 21,
  Observe = 22,
  MigrationCreate = 24,
  MigrationStart = 25,
  MigrationStatus = 26,
  MigrationVerify = 27,
  AutoMigrate = 28,
  TurnSql = 29,
  MigrationNext = 30,
  MigrationFinish = 31,
  Describe = 32,
  CachedPlans = 33,
  RawBackup = 34,
};

/// Its name in packages/orm/src/native.ts; empty: there is no such operation.
[[nodiscard]] std::string_view name_of(Operation operation);

/// Runs the operation of the header. Errors: its own; Unimplemented (no such operation).
[[nodiscard]] Status run_operation(Addon& addon, Request& request, ExchangeWriter& answer);

// The groups of operations, one file each.
[[nodiscard]] Status run_language_operation(Operation operation,
                                            Request& request,
                                            ExchangeWriter& answer);
[[nodiscard]] Status run_client_operation(Addon& addon,
                                          Operation operation,
                                          Request& request,
                                          ExchangeWriter& answer);
[[nodiscard]] Status run_migration_operation(Addon& addon,
                                             Operation operation,
                                             Request& request,
                                             ExchangeWriter& answer);
[[nodiscard]] Status run_raw_operation(Addon& addon,
                                       Operation operation,
                                       Request& request,
                                       ExchangeWriter& answer);

}  // namespace moonstone::node
