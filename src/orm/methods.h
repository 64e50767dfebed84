// Moonstone. Licence: see LICENSE.
#pragma once
// The names of the methods of models, and the hooks that they call: the one list from which every
// face takes its own.
// Threads: pure functions. Source: litestone.md 9, 10.1, 29.

#include <cstddef>
#include <span>
#include <string_view>

namespace moonstone::orm {

/// All of them, those that read before those that write. Their positions are their numbers in the
/// Node addon, which is built from the same sources as its package.
[[nodiscard]] std::span<const std::string_view> method_names();

/// How many of them read.
[[nodiscard]] std::size_t read_method_count();

/// The operation whose hooks a method calls: its own name or that of a method that it is a form of.
/// Empty: it calls none, or is no method.
[[nodiscard]] std::string_view hook_operation(std::string_view method);

/// The group of hooks to which an operation belongs, "getters" or "setters"; empty: to none.
[[nodiscard]] std::string_view hook_group(std::string_view operation);

/// A method that takes several arguments, as a list, where all others take one object.
[[nodiscard]] bool takes_list(std::string_view method);

}  // namespace moonstone::orm
