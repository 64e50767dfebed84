// Moonstone. Licence: see LICENSE.
#pragma once
// Names that are derived from a schema: the client's property and the SQL table of a model.
// Threads: pure functions. Source: litestone.md 1.

#include <string>
#include <string_view>

#include "schema/lite/ast.h"

namespace moonstone::lite {

/// Whether derived table names are put into the plural (the option `pluralize`).
enum class Pluralize : unsigned char { No, Yes };

/// The client's property: the first character in lower case. `BlogPost` is `blogPost`.
[[nodiscard]] std::string accessor_of(std::string_view model_name);

/// `HTTPLog` is `http_log`, `pageViews` is `page_views`.
[[nodiscard]] std::string snake_case(std::string_view name);

/// The plural of a whole snake-case word: `box` is `boxes`, `city` is `cities`, `person` is
/// `people`; an irregular word counts only if it is the whole word and no rule for endings fits.
[[nodiscard]] std::string pluralize(std::string_view word);

/// The value of `@@map`, else the snake-case name, in the plural if asked for.
[[nodiscard]] std::string table_name_of(const Model& model, Pluralize plural = Pluralize::No);

}  // namespace moonstone::lite
