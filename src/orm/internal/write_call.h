// Moonstone. Licence: see LICENSE.
#pragma once
// WriteCall: one call of the outside that writes, with all writes of models that it leads to.
// Threads: confined to the call.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "engine/transaction.h"
#include "orm/internal/core.h"
#include "orm/internal/id_text.h"
#include "orm/orm.h"
#include "query/row_set.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// Writes inside writes: a customer with orders with lines is three. Bounds the stack.
inline constexpr unsigned kNestedWritesMax = 32;

struct WriteCall {
  const Core& core;
  engine::Transaction& transaction;
  const Caller& caller;
  Effects& effects;
  TransactionRandom random;
  unsigned depth = 0;  // of the write that runs now
  /// Of the write that runs now, for those who watch.
  std::string_view operation{};
  const Value* arguments = nullptr;

  [[nodiscard]] Host* host() const { return core.options.host; }
  [[nodiscard]] bool has_hooks() const { return host() != nullptr && host()->has_hooks(); }
  /// Whether anybody wants to hear what happened.
  [[nodiscard]] bool is_heard() const {
    return effects.are_wanted || (host() != nullptr && host()->hears_events());
  }
  [[nodiscard]] const ModelRules& rules_of(const schema::Model& model) const {
    return core.rules->of(model);
  }
  [[nodiscard]] const schema::Model& target_of(const schema::Relation& relation) const {
    return core.catalog->models[relation.target];
  }
};

/// Enters a write, and leaves it at the end of the scope. Errors: LimitExceeded.
class WriteScope {
 public:
  WriteScope(WriteCall& call, std::string_view operation, const Value* arguments);
  WriteScope(const WriteScope&) = delete;
  WriteScope& operator=(const WriteScope&) = delete;
  ~WriteScope();
  [[nodiscard]] Status check() const;

 private:
  WriteCall& call_;
  std::string_view outer_operation_;
  const Value* outer_arguments_;
};

/// What one write of a row gave: the row as it is stored, and what the caller is told.
struct Record {
  query::RowSetPtr row;  // null or empty: there is none
  Outcome outcome;

  [[nodiscard]] bool has_row() const { return row != nullptr && row->count > 0; }
};

/// The cell of the first row; undefined if it has no such column.
[[nodiscard]] Value cell_of(const query::RowSet& rows, std::size_t index, std::string_view field);

// The methods. Arguments are objects as litestone.md 9 says; what Host::before makes of them
// counts.

[[nodiscard]] Result<Record> create_record(WriteCall& call,
                                           const schema::Model& model,
                                           const Value& arguments);
[[nodiscard]] Result<Record> update_record(WriteCall& call,
                                           const schema::Model& model,
                                           const Value& arguments);
[[nodiscard]] Result<Record> upsert_record(WriteCall& call,
                                           const schema::Model& model,
                                           const Value& arguments);
[[nodiscard]] Result<Record> remove_record(WriteCall& call,
                                           const schema::Model& model,
                                           const Value& arguments);
[[nodiscard]] Result<Record> delete_record(WriteCall& call,
                                           const schema::Model& model,
                                           const Value& arguments);
[[nodiscard]] Result<Record> run_transition(WriteCall& call,
                                            const schema::Model& model,
                                            const Value& arguments);

[[nodiscard]] Result<Outcome> create_many(WriteCall& call,
                                          const schema::Model& model,
                                          const Value& arguments);
[[nodiscard]] Result<Outcome> update_many(WriteCall& call,
                                          const schema::Model& model,
                                          const Value& arguments);
[[nodiscard]] Result<Outcome> upsert_many(WriteCall& call,
                                          const schema::Model& model,
                                          const Value& arguments);
[[nodiscard]] Result<Outcome> remove_many(WriteCall& call,
                                          const schema::Model& model,
                                          const Value& arguments);
[[nodiscard]] Result<Outcome> delete_many(WriteCall& call,
                                          const schema::Model& model,
                                          const Value& arguments);
[[nodiscard]] Result<Outcome> restore_records(WriteCall& call,
                                              const schema::Model& model,
                                              const Value& arguments);

}  // namespace moonstone::orm
