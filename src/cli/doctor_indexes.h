// Moonstone. Licence: see LICENSE.
#pragma once
// Indexes that a project lacks, as far as its schema and its data tell.
// Threads: pure functions.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/database.h"
#include "schema/schema.h"

namespace moonstone::cli {

/// Reading fewer documents one by one is as quick as an index.
inline constexpr std::uint64_t kDocumentsWithoutIndexMax = 1'000;

struct MissingIndex {
  std::string table;
  std::vector<std::string> fields;
  std::string why;  // follows "table.field"
};

/// Fields that refer to documents of another table, where no index begins with them and the table
/// is large: whoever follows the reference back reads the whole table.
/// Cost: one count per table.
[[nodiscard]] Result<std::vector<MissingIndex>> references_without_index(
    const schema::Schema& schema, engine::Database& database);

/// How to declare it.
[[nodiscard]] std::string declaration_of(const MissingIndex& index);

}  // namespace moonstone::cli
