// Moonstone. Licence: see LICENSE.
#pragma once
// Bounds of a `.lite` schema. A schema comes from a developer, but also from an editor in a browser
// and from tools that generate it, so nothing about it may be taken for small.

#include <cstddef>

namespace moonstone::lite {

/// Beyond any of them parsing ends with an error that names the bound.
struct ParseLimits {
  /// One file. The largest hand-written schemas are below 200 KiB.
  std::size_t file_bytes_max = std::size_t{4} * 1024 * 1024;
  /// A schema with all its imports.
  std::size_t all_bytes_max = std::size_t{16} * 1024 * 1024;
  std::size_t files_max = 1'000;
  /// How far imports lead from the first file.
  std::size_t import_depth_max = 64;
  /// Models, enums, views, functions, traits, types and databases together.
  std::size_t declarations_max = 10'000;
  /// SQLite's own limit of columns in a table.
  std::size_t fields_max = 2'000;
  /// Attributes of one model or field after traits are spliced in.
  std::size_t attributes_max = 1'000;
  /// Fields of all models after traits are spliced in, so that a few large traits in many models do
  /// not multiply without end.
  std::size_t all_fields_max = 200'000;
  /// Height of a policy expression; whoever walks one recurses.
  std::size_t expression_depth_max = 100;
  /// Traits in traits, and type declarations in type declarations.
  std::size_t nesting_max = 64;
};

}  // namespace moonstone::lite
