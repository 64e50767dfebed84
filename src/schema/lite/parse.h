// Moonstone. Licence: see LICENSE.
#pragma once
// From the text of a `.lite` schema to its checked tree.
//
// Stages: tokens, syntax, traits, type declarations, then everything else. A failure in one of the
// first four ends parsing and leaves no schema; what comes then collects all that it finds and
// leaves the schema, so that an editor can go on. Threads: pure functions, apart from reading
// files. Source: litestone.md 2 to 3.6.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/lite/ast.h"
#include "schema/lite/limits.h"

namespace moonstone::lite {

/// Which names of scalar types exist, and whether invisible characters count as white space.
enum class Dialect : unsigned char {
  Any,  // String and Text, Int and Integer, ..: exact synonyms
  // 1.0.3 has no @@hasTemplates, and invisible characters are errors; 1.0.6 refuses the older
  // names.
  V1_0_3,  // Text, Integer, ..  NOLINT(readability-identifier-naming): a version number
  V1_0_6,  // String, Int, ..    NOLINT(readability-identifier-naming): a version number
};
/// `any`, `1.0.3` or `1.0.6`.
[[nodiscard]] std::optional<Dialect> find_dialect(std::string_view name);

struct ParseOptions {
  Dialect dialect = Dialect::Any;
  ParseLimits limits = {};
};

/// One error or warning. The text is what users and tests see; it names the model and field, or
/// ends in ` (line L, col C)`. The position says the same to an editor.
struct Problem {
  std::string text;
  Position position;
};

struct ParseResult {
  /// Absent when the text could not be understood at all.
  std::optional<Schema> schema;
  bool valid = false;  // there is a schema, and no error
  std::vector<Problem> errors;
  std::vector<Problem> warnings;
  /// The text holds a character that begins no token, or an unfinished string or comment. The
  /// JavaScript face throws this one instead of returning it; it is the only element of `errors`.
  std::optional<Problem> token_error;
  /// What Position::file counts: the paths in the order in which they were read. parse() has one
  /// empty path.
  std::vector<std::string> files;
};

/// Parses one text. Its `import`s are kept in Schema::imports and not followed.
/// Cost: linear in the text, apart from models with thousands of fields.
[[nodiscard]] ParseResult parse(std::string_view text, const ParseOptions& options = {});

/// Gives the content of a file, or any error if it cannot be read. It may be asked for up to
/// `bytes_max` bytes and should fail with LimitExceeded when there is more.
using FileReader =
    std::function<Result<std::string>(const std::string& path, std::size_t bytes_max)>;

/// Reads from the disk.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// Parses a file and what it imports. Imports are relative to the importing file and are followed
/// depth first; what they declare comes before what the importing file declares. Every file is read
/// once, so cycles are harmless. Errors of syntax begin with `In <path>: `.
/// Source: litestone.md 3.5
[[nodiscard]] ParseResult parse_file(const std::string& path,
                                     const ParseOptions& options = {},
                                     const FileReader& read = read_file);

}  // namespace moonstone::lite
