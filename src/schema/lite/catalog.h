// Moonstone. Licence: see LICENSE.
#pragma once
// From the tree of a `.lite` schema to the models that everything else works with.
// Threads: pure functions. Source: litestone.md 1, 6.8, 7, 32.2.

#include <string>

#include "base/result.h"
#include "base/value.h"
#include "schema/catalog.h"
#include "schema/lite/ast.h"
#include "schema/lite/names.h"

namespace moonstone::lite {

struct CatalogOptions {
  /// Models of this database only; those without @@db are of "main".
  std::string database = "main";
  Pluralize pluralize = Pluralize::No;
};

/// `schema` is a valid one (ParseResult::valid). Relations to models of other databases are left
/// out. Errors: InvalidArgument (a schema that validation would have refused).
[[nodiscard]] Result<schema::CatalogPtr> make_catalog(const Schema& schema,
                                                      const CatalogOptions& options = {});

/// Reads Catalog::source again, as a store keeps it. Errors: Corruption.
[[nodiscard]] Result<schema::CatalogPtr> load_catalog(const Value& source);

}  // namespace moonstone::lite
