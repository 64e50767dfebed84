// Moonstone. Licence: see LICENSE.
#pragma once
// The names of the methods of models: the one list from which every face takes its own.
// Threads: pure functions. Source: litestone.md 9, 10.1.

#include <cstddef>
#include <span>
#include <string_view>

namespace moonstone::orm {

/// All of them, those that read before those that write. Their positions are their numbers in the
/// Node addon, which is built from the same sources as its package.
[[nodiscard]] std::span<const std::string_view> method_names();

/// How many of them read.
[[nodiscard]] std::size_t read_method_count();

/// A method that takes several arguments, as a list, where all others take one object.
[[nodiscard]] bool takes_list(std::string_view method);

}  // namespace moonstone::orm
