// Moonstone. Licence: see LICENSE.
#pragma once
// Related rows: read with one statement per relation and level, and attached to their parents
// without copies.
// Threads: immutable after making; a run belongs to one call. Source: litestone.md 13.3, 13.4.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "orm/internal/statement.h"
#include "query/row_set.h"
#include "schema/catalog.h"

namespace moonstone::orm {

struct Related;
using RelatedPtr = std::shared_ptr<const Related>;

/// The pairs of keys that a many-to-many relation's join table has for the parents of slot 0.
struct Links {
  Statement pairs;  // two columns: the parent's key, the target's key
};

/// The rows of one relation.
struct Include {
  std::string name;
  schema::RelationKind kind = schema::RelationKind::BelongsTo;
  std::size_t parent_column = 0;  // with the key that the relation uses
  Statement rows;                 // of the target, whose keys are in slot 0
  std::size_t target_column = 0;  // with the key in those rows
  std::optional<Links> links;     // ManyToMany
  /// ManyToMany: bounds for each parent; of the others the statement itself takes care.
  std::vector<ParameterSource> limit;   // none or one
  std::vector<ParameterSource> offset;  // none or one
  RelatedPtr related;                   // of the target's rows
};

/// How many rows of a relation each parent has.
struct RelationCount {
  std::string name;
  std::size_t parent_column = 0;
  Statement rows;              // HasMany: key and count, grouped; ManyToMany: keys of the targets
  std::optional<Links> links;  // ManyToMany
};

struct Related {
  std::vector<Include> includes;
  std::vector<RelationCount> counts;
};

/// Reads what belongs to the rows and attaches it. Errors: those of the statements.
[[nodiscard]] Status attach_related(const Run& run, const Related& related, query::RowSet& rows);

}  // namespace moonstone::orm
