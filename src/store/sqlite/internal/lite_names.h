// Moonstone. Licence: see LICENSE.
#pragma once
// Names of a `.lite` schema for the names of a database. Threads: pure functions.
// Source: litestone.md 36.

#include <string>
#include <string_view>

namespace moonstone::store::sqlite {

/// The singular of the last word of a name: `user_addresses` is `user_address`.
[[nodiscard]] std::string singular(std::string_view name);
/// `user_address` is `UserAddress`; characters that no name may have divide words.
[[nodiscard]] std::string pascal_case(std::string_view name);
/// `first_name` is `firstName`; names without an underscore stay.
[[nodiscard]] std::string camel_case(std::string_view name);
/// Whether the language can spell the name.
[[nodiscard]] bool is_lite_name(std::string_view name);
/// A string of the language with its quotes.
[[nodiscard]] std::string lite_string(std::string_view text);

}  // namespace moonstone::store::sqlite
