// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/sequence.h"

#include <string_view>

namespace moonstone::store::sqlite {

namespace {

constexpr std::string_view kDoing = "advance a sequence";

// The name and the columns are those that other programs know the table by.
constexpr std::string_view kCreate =
    "CREATE TABLE IF NOT EXISTS _litestone_sequences (model TEXT NOT NULL, field TEXT NOT NULL, "
    "scope TEXT NOT NULL, lastNum INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (model, field, scope)) "
    "STRICT";
constexpr std::string_view kNext =
    "INSERT INTO _litestone_sequences (model, field, scope, lastNum) VALUES (?, ?, ?, 1) "
    "ON CONFLICT (model, field, scope) DO UPDATE SET lastNum = lastNum + 1 RETURNING lastNum";
constexpr std::string_view kAtLeast =
    "INSERT INTO _litestone_sequences (model, field, scope, lastNum) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (model, field, scope) DO UPDATE SET lastNum = max(lastNum, excluded.lastNum) "
    "RETURNING lastNum";

constexpr std::string_view kForget = "DELETE FROM _litestone_sequences WHERE model = ?";

}  // namespace

Status forget_sequences(Connection& connection, std::string_view model) {
  MS_TRY_STATUS(connection.run(kCreate, kDoing));
  MS_TRY(Statement statement, connection.prepare(kForget));
  statement.bind_text(1, model);
  return statement.run(kDoing);
}

Result<std::int64_t> advance_sequence(Connection& connection,
                                      const SequenceScope& scope,
                                      std::optional<std::int64_t> at_least) {
  MS_TRY_STATUS(connection.run(kCreate, kDoing));
  MS_TRY(Statement statement, connection.prepare(at_least ? kAtLeast : kNext));
  statement.bind_text(1, scope.model);
  statement.bind_text(2, scope.field);
  statement.bind_text(3, scope.scope);
  if (at_least) statement.bind_integer(4, *at_least);
  MS_TRY(const bool has_row, statement.step(kDoing));
  if (!has_row) return Error(ErrorCode::Internal, "a sequence gave no number", "sequence");
  const std::int64_t number = statement.integer(0);
  // The statement has written only once it has run to its end.
  MS_TRY_STATUS(statement.run(kDoing));
  return at_least ? *at_least : number;
}

}  // namespace moonstone::store::sqlite
