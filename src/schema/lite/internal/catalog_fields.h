// Moonstone. Licence: see LICENSE.
#pragma once
// Fields of the tree to fields of models; those who know the whole schema make the relations.
// Threads: pure functions.

#include <cstddef>

#include "schema/catalog.h"
#include "schema/lite/ast.h"

namespace moonstone::lite {

/// A field of a model or of a type declaration, but for what a derived field is joined by.
[[nodiscard]] schema::ModelField make_model_field(const Schema& schema,
                                                  const Model& model,
                                                  const Field& field);
[[nodiscard]] schema::ModelField make_view_field(const ViewField& field);
/// Requires an operation.
[[nodiscard]] schema::DerivedField make_derived_field(const From& from, std::size_t target);

}  // namespace moonstone::lite
