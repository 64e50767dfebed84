// Moonstone. Licence: see LICENSE.
#pragma once
// The parts of a model's DDL that are triggers, or stay alive by them.
// Threads: pure functions. Source: litestone.md 6.6, 6.7, 6.9.

#include <string>
#include <vector>

#include "base/result.h"
#include "schema/catalog.h"
#include "store/sqlite/ddl.h"

namespace moonstone::store::sqlite {

/// Appends the search table of a model with @@fts and the triggers that keep it.
[[nodiscard]] Status append_search(const schema::Model& model, std::vector<SqlObject>& objects);

/// Appends a trigger for each field that holds the time of the last update.
void append_update_stamps(const schema::Model& model, std::vector<SqlObject>& objects);

/// Appends a view; a materialised one is a table with triggers on what it is made from.
void append_view(const schema::Catalog& catalog,
                 const schema::Model& view,
                 std::vector<SqlObject>& objects);

/// The column that marks deleted rows, quoted; empty if the model has none.
[[nodiscard]] std::string deleted_at_column(const schema::Model& model);

}  // namespace moonstone::store::sqlite
