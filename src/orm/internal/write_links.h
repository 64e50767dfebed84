// Moonstone. Licence: see LICENSE.
#pragma once
// Links: the rows of a join table that belong to one row of a many-to-many relation.
//
// A link is an ordinary row: it stands in the change log and wakes live queries.
// Threads: confined to the call. Source: litestone.md 6.8, 15.4.

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/write_call.h"
#include "schema/catalog.h"

namespace moonstone::orm {

class Links {
 public:
  /// `key`: of the row whose links these are.
  Links(WriteCall& call, const schema::Relation& relation, Value key);

  /// A link that exists stays as it is.
  [[nodiscard]] Status add(const Value& target_key);
  [[nodiscard]] Status remove(const Value& target_key);
  [[nodiscard]] Status remove_all();

 private:
  WriteCall& call_;
  const schema::Relation& relation_;
  Value key_;
  const schema::Model* table_;  // the join table
};

}  // namespace moonstone::orm
