// Moonstone. Licence: see LICENSE.
#pragma once
// The statements of writes: rows that are inserted, changed and deleted, by plans that are kept by
// their shape. What is written is ready to be bound (write_data.h).
// Threads: confined to the call.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/internal/write_call.h"
#include "orm/internal/write_data.h"

namespace moonstone::orm {

enum class Returning : unsigned char { Nothing, Rows };

/// Which rows are meant. All conditions must hold.
enum class DeletedRows : unsigned char { Hidden, Only, Shown };
enum class TemplateRows : unsigned char { Hidden, Only, Shown };
struct FieldMatch {
  std::string_view field;
  Value value;  // an array: any of them; else not null
};
struct Target {
  const schema::Model& model;
  const Value* where = nullptr;  // of the caller; null: none
  /// What is wrong with a condition of the caller that says nothing; empty: nothing is.
  std::string_view where_missing{};
  DeletedRows deleted = DeletedRows::Shown;
  TemplateRows templates = TemplateRows::Shown;
  std::vector<FieldMatch> matches{};
};

/// What happens if a row with the same values of `target` exists: its fields `update` take the
/// values of the insert. No target: an error.
struct Conflict {
  std::vector<std::string> target{};
  std::vector<std::string> update{};
};

[[nodiscard]] Result<store::Writer::Written> insert_row(WriteCall& call,
                                                        const ModelRules& rules,
                                                        std::span<const FieldValue> values,
                                                        const Conflict& conflict,
                                                        Returning returning);
[[nodiscard]] Result<store::Writer::Written> update_rows(WriteCall& call,
                                                         const Target& target,
                                                         std::span<const FieldValue> values,
                                                         Returning returning);
[[nodiscard]] Result<store::Writer::Written> delete_rows(WriteCall& call,
                                                         const Target& target,
                                                         Returning returning);

/// Whether the condition of a caller says anything. Errors: those of decode_where().
[[nodiscard]] Result<bool> has_condition(WriteCall& call,
                                         const schema::Model& model,
                                         const Value* where);

}  // namespace moonstone::orm
