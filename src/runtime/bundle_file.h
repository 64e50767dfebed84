// Moonstone. Licence: see LICENSE.
#pragma once
// A bundle as one file: what `moonstone build` writes, `moonstone deploy` sends and a server keeps.
//
// JSON: {"format":"moonstone-bundle","formatVersion":1,"hash":..,"moonstone":..,"functions":[..],
// "schema":{..},"source":{..}}. Only `source` is read back; `functions` and `schema` are there for
// people and tools. The same sources give the same bytes.
// Threads: pure functions.
// Source: design.md decision 22.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/bundle.h"

namespace moonstone::runtime {

/// A larger one is a mistake: all functions of a project with their packages take some MiB.
inline constexpr std::size_t kBundleFileBytesMax = std::size_t{64} * 1024 * 1024;
/// Characters of a hash that people are shown.
inline constexpr std::size_t kShownHashLength = 12;

/// SHA-256 over all parts of a source, in hex: what names a bundle.
[[nodiscard]] std::string content_hash(const BundleSource& source);

[[nodiscard]] std::string write_bundle_file(const Bundle& bundle);

struct BundleFile {
  BundleSource source;
  std::string hash;
  std::string version;  // of the Moonstone that made it
};
/// Reads the text and checks that it is whole. Errors: InvalidArgument (reason "bundle") saying
/// what is wrong and what to do; LimitExceeded (reason "bundle_bytes").
[[nodiscard]] Result<BundleFile> read_bundle_file(std::string_view text);

}  // namespace moonstone::runtime
