// Moonstone. Licence: see LICENSE.
#pragma once
// The errors that reads and writes of models share, and the one rule for "Did you mean".
// Threads: pure functions. Source: litestone.md 9.3, 34.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/value.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// An argument that cannot be: InvalidArgument, its name is plain "Error".
[[nodiscard]] Error bad_argument(std::string message);

/// " Did you mean: email?" with the nearest candidate, or " Valid fields: a, b" (sorted) if none is
/// near: `label` says what they are.
[[nodiscard]] std::string hint_for(std::string_view name,
                                   std::vector<std::string> candidates,
                                   std::string_view label = "fields");

/// "Unknown field 'emial' on model 'User'." with the hint. Candidates are what `User` has there.
[[nodiscard]] std::string unknown_field_text(std::string_view name,
                                             const schema::Model& model,
                                             std::vector<std::string> candidates);

/// Names of the fields that are columns or are derived, as reads may name them.
[[nodiscard]] std::vector<std::string> readable_fields_of(const schema::Model& model);
[[nodiscard]] std::vector<std::string> relations_of(const schema::Model& model);

/// `where: Unknown field ..`; a relation is told from a name that does not exist.
[[nodiscard]] Error unknown_field(std::string_view argument,
                                  std::string_view name,
                                  const schema::Model& model);

/// Refuses members that are none of `known`: `Unknown option 'take' of findMany on model 'User'.`
[[nodiscard]] std::string unknown_option_text(std::string_view option,
                                              std::string_view method,
                                              const schema::Model& model,
                                              std::span<const std::string_view> known);

/// How messages print a value: text in quotes, all else as JSON.
[[nodiscard]] std::string printed(const Value& value);

}  // namespace moonstone::orm
