// Moonstone. Licence: see LICENSE.
#pragma once
// Row: one stored document in memory, decoded, in the order of its table's fields.
//
// `values[i]` belongs to `table->fields[i]`; undefined means absent, null is an explicit null.
// Lifetime: the table must outlive the row (it is owned by the schema of the snapshot).
// Threads: a plain value.

#include <cstdint>
#include <string>
#include <vector>

#include "base/value.h"
#include "query/expr.h"
#include "schema/schema.h"

namespace moonstone::query {

struct Row {
  const schema::Table* table = nullptr;
  /// The hidden _row: insertion order; of a model SQLite's own number of the row, or 0 of a view.
  std::int64_t number = 0;
  std::string id;  // _id; of a model: query/row_key.h
  std::vector<Value> values;

  friend bool operator==(const Row&, const Row&) = default;
};

/// Milliseconds since 1970, from the id's ULID; 0 if the id carries none, and of rows of models.
[[nodiscard]] std::int64_t creation_time_of(const Row& row);

/// The document as users see it: _id, _creationTime (not of models), then the fields that are not
/// absent.
[[nodiscard]] Object document_of(const Row& row);

/// Appends the document's JSON without building it.
void write_document_json(const Row& row, std::string& out);

/// Reads a Row as an Expr does.
class StoredRowView final : public RowView {
 public:
  explicit StoredRowView(const Row& row) : row_(row) {}
  [[nodiscard]] const Value* field(std::string_view name) const override;
  [[nodiscard]] Nesting nesting(std::string_view name) const override;

 private:
  const Row& row_;
  mutable Value system_;  // holds _id, _creationTime or the number for the last call
};

}  // namespace moonstone::query
