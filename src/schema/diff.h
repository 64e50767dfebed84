// Moonstone. Licence: see LICENSE.
#pragma once
// What changes between two schemas, as a list that a store can carry out and a person can read.
// Threads: pure functions.

#include <string>
#include <vector>

#include "schema/schema.h"

namespace moonstone::schema {

enum class ChangeKind : unsigned char {
  AddTable,
  RemoveTable,
  AddField,
  RemoveField,
  ChangeFieldType,
  AddIndex,
  RemoveIndex,
  AddSearchIndex,
  RemoveSearchIndex,
};

struct SchemaChange {
  ChangeKind kind;
  std::string table;
  std::string name;  // field or index; empty for tables
};

/// Only tables of the project are listed; those of the system are the program's own affair.
/// Field order alone is no change of data; it shows in `same_layout`. A new or removed table is one
/// change, without entries for its fields and indexes; a changed index is removed and added.
struct SchemaDiff {
  std::vector<SchemaChange> changes;  // in an order that can be carried out
  bool same_layout = true;            // same tables and fields in the same order
  [[nodiscard]] bool empty() const { return changes.empty(); }
  /// Whether carrying it out drops data (a table or a field goes).
  [[nodiscard]] bool loses_data() const;
};

[[nodiscard]] SchemaDiff diff_schemas(const Schema& previous, const Schema& next);

/// One line for people: "messages: add index by_channel".
[[nodiscard]] std::string describe(const SchemaChange& change);

}  // namespace moonstone::schema
