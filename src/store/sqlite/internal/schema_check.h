// Moonstone. Licence: see LICENSE.
#pragma once
// What stands in the way of a schema change: data that would be lost, rows that do not fit.
// Threads: confined to the connection's thread; call inside a transaction.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "schema/schema.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"

namespace moonstone::store::sqlite {

/// One table that stays.
struct TableStep {
  const schema::Table* previous = nullptr;
  const schema::Table* next = nullptr;
  std::vector<std::string> removed_fields;
  std::vector<std::string> added_fields;
  /// Fields whose values must be written anew, because they lie otherwise under the new type.
  std::vector<std::string> rewritten_fields;
  /// `previous` without the removed fields: how the rows lie while they are moved.
  schema::Table kept;
};

/// How many rows a table has that a model left behind under the name of a new one of documents:
/// tables of models stay when their schema goes. Nothing if there is no such table.
[[nodiscard]] Result<std::optional<std::int64_t>> rows_left_behind(Connection& connection,
                                                                   const schema::Schema& previous,
                                                                   const schema::Table& next);

/// Names the removed tables that have rows, the removed fields that have values, and the rows that
/// models have left behind in the way of new tables.
[[nodiscard]] Status find_losses(Connection& connection,
                                 const schema::Schema& previous,
                                 const schema::Schema& next,
                                 std::vector<std::string>& losses);

/// The same as an error. Errors: FailedPrecondition (reason "data_loss") if there are any.
[[nodiscard]] Status check_losses(Connection& connection,
                                  const schema::Schema& previous,
                                  const schema::Schema& next);

/// Checks every row of the table against the changed types, and finds the fields to rewrite.
/// Appends one sentence per field that rows violate to `violations`.
[[nodiscard]] Result<TableStep> check_table(Connection& connection,
                                            const schema::Table& previous,
                                            const schema::Table& next,
                                            std::vector<std::string>& violations);

/// One sentence for each field of each staying table that rows violate.
[[nodiscard]] Status find_violations(Connection& connection,
                                     const schema::Schema& previous,
                                     const schema::Schema& next,
                                     std::vector<std::string>& violations);

/// Brings a value that was read under the type of `from` into the stored form of `to`.
/// Errors: InvalidArgument with the message of schema::check_and_convert.
[[nodiscard]] Status convert_value(const schema::Field& from,
                                   const schema::Field& to,
                                   Value& value);

}  // namespace moonstone::store::sqlite
