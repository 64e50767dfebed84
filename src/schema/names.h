// Moonstone. Licence: see LICENSE.
#pragma once
// Rules for the names of tables, fields and indexes.
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

namespace moonstone::schema {

/// Bytes of one name. Names become parts of SQL names and of ids; longer ones are mistakes.
inline constexpr std::size_t kNameLengthMax = 64;

/// What is wrong with the name, or an empty text. Tables become parts of ids and of URLs, hence
/// ASCII only and no leading underscore.
[[nodiscard]] std::string problem_with_table_name(std::string_view name);
/// The same for a table of the system: its name has the leading underscore that others may not
/// have.
[[nodiscard]] std::string problem_with_system_table_name(std::string_view name);
/// Fields and indexes: letters (also beyond ASCII), digits, `_`, `$`, `-`; no leading digit or `-`.
[[nodiscard]] std::string problem_with_member_name(std::string_view name);
/// The above, and not a name that every document or every SQL table has, in any case of letters.
[[nodiscard]] std::string problem_with_field_name(std::string_view name);

/// With A-Z as a-z: SQLite ignores the case of these letters, and of no others, in names.
[[nodiscard]] std::string fold_case(std::string_view name);

/// Whether TypeScript takes it as a property name without quotes. ASCII only, so it may say no to
/// an identifier, never yes to something else.
[[nodiscard]] bool is_javascript_identifier(std::string_view text);

}  // namespace moonstone::schema
