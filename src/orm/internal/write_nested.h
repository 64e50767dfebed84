// Moonstone. Licence: see LICENSE.
#pragma once
// Nested writes: what a write says about related rows, taken out of its data and carried out.
//
// Parents (belongs-to) are written before the row, since it needs their keys; children and links
// after it, since they need its own.
// Threads: confined to the call. Source: litestone.md 15.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/write_call.h"
#include "schema/catalog.h"

namespace moonstone::orm {

struct NestedWrite {
  const schema::Relation* relation = nullptr;
  Object operations;  // "create", "connect", ..
};

struct NestedWrites {
  std::vector<NestedWrite> parents;
  std::vector<NestedWrite> lists;

  [[nodiscard]] bool empty() const { return parents.empty() && lists.empty(); }
};

/// Whether any member of the data names a relation.
[[nodiscard]] bool has_relations(const schema::Model& model, const Object& data);

/// Takes the relations out of `data`. Errors: ValidationError (a relation that says nothing).
[[nodiscard]] Result<NestedWrites> take_nested(const schema::Model& model, Object& data);

/// Puts children and links back, as hooks see the data.
void put_back(const NestedWrites& nested, Object& data);

/// Writes parents and sets their keys in `data`. Errors: those of the writes; nothing to connect.
[[nodiscard]] Status write_parents(WriteCall& call,
                                   const std::vector<NestedWrite>& parents,
                                   Object& data);

/// Writes children and links of a row.
[[nodiscard]] Status write_lists(WriteCall& call,
                                 const schema::Model& model,
                                 const std::vector<NestedWrite>& lists,
                                 const query::RowSet& row);

/// One field of the first row that the condition finds; nothing: there is no such row.
[[nodiscard]] Result<std::optional<Value>> find_value(WriteCall& call,
                                                      const schema::Model& model,
                                                      const Value& where,
                                                      const std::string& field);

}  // namespace moonstone::orm
