// Moonstone. Licence: see LICENSE.
#pragma once
// What parse() and parse_file() share: the first two stages for each text, and the others for all.

#include <optional>
#include <string_view>
#include <vector>

#include "schema/lite/parse.h"

namespace moonstone::lite {

/// Tokens and syntax of one text. Threads: confined.
class SourceText {
 public:
  /// The options outlive it.
  explicit SourceText(const ParseOptions& options) : options_(options) {}

  /// Returns whether the text could be read; failure() says why not.
  bool read(std::string_view text, std::uint32_t file);

  // Filled whenever read() returned false.
  // NOLINTNEXTLINE(bugprone-unchecked-optional-access): see above
  [[nodiscard]] const Problem& failure() const { return *failure_; }
  [[nodiscard]] bool is_token_error() const { return is_token_error_; }

  [[nodiscard]] Schema& schema() { return schema_; }
  /// Found on the way, reported with validation.
  [[nodiscard]] std::vector<Problem>& problems() { return problems_; }

 private:
  const ParseOptions& options_;
  Schema schema_;
  std::vector<Problem> problems_;
  std::optional<Problem> failure_;
  bool is_token_error_ = false;
};

/// Appends the declarations of `from`, but not its imports.
void append_declarations(Schema& to, Schema from);

/// All stages after syntax.
void finish(SourceText source, const ParseOptions& options, ParseResult& result);

}  // namespace moonstone::lite
