// Moonstone. Licence: see LICENSE.
#pragma once
// Models built by hand, for tests that stand below the language that declares them.
// Threads: pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "schema/catalog.h"

namespace moonstone::store {

/// A required field in a column of its name.
[[nodiscard]] schema::ModelField model_field(std::string_view name,
                                             schema::ScalarKind scalar = schema::ScalarKind::Text);
[[nodiscard]] schema::ModelField optional_field(
    std::string_view name, schema::ScalarKind scalar = schema::ScalarKind::Text);
[[nodiscard]] schema::ModelField list_field(std::string_view name);
/// `id Integer @id`.
[[nodiscard]] schema::ModelField id_field();
[[nodiscard]] schema::ModelField generated_field(std::string_view name, std::string_view sql);
[[nodiscard]] schema::ModelField with_default(schema::ModelField field, Value literal);
[[nodiscard]] schema::ModelField with_default(schema::ModelField field,
                                              schema::FieldDefault::Kind kind);

/// A model of the main database; the fields with @id are its key.
[[nodiscard]] schema::Model model_of(std::string_view name,
                                     std::string_view table,
                                     std::vector<schema::ModelField> fields);
/// A relation to the model at position `target`, by one field of each.
[[nodiscard]] schema::Relation belongs_to(std::string_view name,
                                          std::size_t target,
                                          std::string_view own_field,
                                          std::string_view target_field,
                                          std::string_view on_delete = "");

/// The catalog by which rows of models are tested:
///   User     id, email (unique), name?, age?, role (an enum), active, score?, data?, tags[],
///   photo? Post     id, title, authorId -> User (cascade), updatedAt, deletedAt?; soft delete;
///   searched Tag      slug (its key), label Setting  scope and name (its key), value? Event text
///   (no key) Person   id, fullName in column full_name, shout (generated) _post_tag (the join
///   table of Post and Tag), Adult (a view), Old (external; nobody makes it)
[[nodiscard]] schema::CatalogPtr example_catalog();

}  // namespace moonstone::store
