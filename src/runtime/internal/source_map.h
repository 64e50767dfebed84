// Moonstone. Licence: see LICENSE.
#pragma once
// SourceMap: from a position in the bundle to the user's file, line and column.
//
// Reads the version 3 format that esbuild writes (no index maps). Malformed input gives an error or
// positions that map to nothing; it is never fatal, as a bundle may come from anywhere.
// Threads: immutable.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moonstone::runtime {

/// Under this name V8 knows the bundle; stack frames show it.
inline constexpr std::string_view kBundleFile = "bundle.js";
/// Frames of this file are the runtime's own and are left out of stacks.
inline constexpr std::string_view kPreludeFile = "moonstone:prelude";

struct SourcePosition {
  std::string_view file;
  std::size_t line = 0;    // 1-based
  std::size_t column = 0;  // 1-based
};

class SourceMap {
 public:
  /// Segments kept; a bundle of 50 MiB has fewer.
  static constexpr std::size_t kSegmentsMax = 10'000'000;

  /// Errors: InvalidArgument (not a version 3 source map), LimitExceeded.
  [[nodiscard]] static Result<SourceMap> parse(std::string_view json);

  /// `line` and `column` are 1-based. Cost: O(log segments).
  [[nodiscard]] std::optional<SourcePosition> find(std::size_t line, std::size_t column) const;

 private:
  struct Segment {
    std::uint32_t line = 0;  // generated position, 0-based
    std::uint32_t column = 0;
    std::uint32_t source = 0;
    std::uint32_t source_line = 0;
    std::uint32_t source_column = 0;
  };

  Status decode(std::string_view mappings);

  std::vector<std::string> sources_;
  std::vector<Segment> segments_;  // sorted by line, column
};

/// The frames of a V8 stack as user code should see them, one per line, each "at f (file:l:c)";
/// frames of the runtime are dropped. `map` may be null: then positions stay as they are.
[[nodiscard]] std::string map_stack(std::string_view stack, const SourceMap* map);

/// A console text in which frames, if it holds any, are mapped in the same way.
[[nodiscard]] std::string map_text(std::string_view text, const SourceMap* map);

}  // namespace moonstone::runtime
