// Moonstone. Licence: see LICENSE.
#include "schema/diff.h"

#include <algorithm>

namespace moonstone::schema {
namespace {

/// Changes come in an order that a store can follow: what goes first, then what comes, and indexes
/// never before their fields.
class TableDiff {
 public:
  TableDiff(const Table& previous, const Table& next, std::vector<SchemaChange>& changes)
      : previous_(previous), next_(next), changes_(changes) {}

  void run() {
    compare_entries(previous_.search_indexes, next_.search_indexes, ChangeKind::RemoveSearchIndex);
    compare_entries(previous_.indexes, next_.indexes, ChangeKind::RemoveIndex);
    compare_fields();
    compare_entries(next_.indexes, previous_.indexes, ChangeKind::AddIndex);
    compare_entries(next_.search_indexes, previous_.search_indexes, ChangeKind::AddSearchIndex);
  }

 private:
  void add(ChangeKind kind, const std::string& name) {
    changes_.push_back({.kind = kind, .table = next_.name, .name = name});
  }

  /// Reports the entries of `from` that `to` does not have, or has otherwise.
  template <class Entry>
  void compare_entries(const std::vector<Entry>& from,
                       const std::vector<Entry>& to,
                       ChangeKind kind) {
    for (const Entry& entry : from) {
      if (std::ranges::find(to, entry) == to.end()) add(kind, entry.name);
    }
  }

  void compare_fields() {
    for (const Field& field : previous_.fields) {
      if (!next_.find_field(field.name)) add(ChangeKind::RemoveField, field.name);
    }
    for (const Field& field : next_.fields) {
      const auto position = previous_.find_field(field.name);
      if (!position) {
        add(ChangeKind::AddField, field.name);
      } else if (*previous_.fields[*position].type != *field.type) {
        add(ChangeKind::ChangeFieldType, field.name);
      }
    }
  }

  const Table& previous_;
  const Table& next_;
  std::vector<SchemaChange>& changes_;
};

bool same_field_order(const Table& a, const Table& b) {
  return std::ranges::equal(a.fields, b.fields, {}, &Field::name, &Field::name);
}

std::string_view verb_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::AddTable:
      return "add table";
    case ChangeKind::RemoveTable:
      return "remove table";
    case ChangeKind::AddField:
      return "add field";
    case ChangeKind::RemoveField:
      return "remove field";
    case ChangeKind::ChangeFieldType:
      return "change type of field";
    case ChangeKind::AddIndex:
      return "add index";
    case ChangeKind::RemoveIndex:
      return "remove index";
    case ChangeKind::AddSearchIndex:
      return "add search index";
    case ChangeKind::RemoveSearchIndex:
      return "remove search index";
  }
  return "change";
}

}  // namespace

bool SchemaDiff::loses_data() const {
  return std::ranges::any_of(changes, [](const SchemaChange& change) {
    return change.kind == ChangeKind::RemoveTable || change.kind == ChangeKind::RemoveField;
  });
}

SchemaDiff diff_schemas(const Schema& previous, const Schema& next) {
  SchemaDiff diff;
  diff.same_layout =
      std::ranges::equal(previous.tables, next.tables, same_field_order) &&
      std::ranges::equal(previous.tables, next.tables, {}, &Table::name, &Table::name);
  for (const Table& table : previous.tables) {
    if (table.owner == TableOwner::User && next.find_table(table.name) == nullptr) {
      diff.changes.push_back({.kind = ChangeKind::RemoveTable, .table = table.name, .name = ""});
    }
  }
  for (const Table& table : next.tables) {
    if (table.owner == TableOwner::System) continue;
    if (const Table* old = previous.find_table(table.name)) {
      TableDiff(*old, table, diff.changes).run();
    } else {
      diff.changes.push_back({.kind = ChangeKind::AddTable, .table = table.name, .name = ""});
    }
  }
  return diff;
}

std::string describe(const SchemaChange& change) {
  std::string text = change.table + ": ";
  text += verb_of(change.kind);
  if (!change.name.empty()) text += " " + change.name;
  return text;
}

}  // namespace moonstone::schema
