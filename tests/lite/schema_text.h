// Moonstone. Licence: see LICENSE.
#pragma once
// What the tests of the language share.

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "schema/lite/parse.h"

namespace moonstone::lite {

/// The texts of the errors or warnings, one per line.
inline std::string lines_of(const std::vector<Problem>& problems) {
  std::string lines;
  for (const Problem& problem : problems)
    lines += problem.text + '\n';
  return lines;
}

/// The schema of a text that must be valid.
inline Schema parse_valid(std::string_view text, const ParseOptions& options = {}) {
  ParseResult result = parse(text, options);
  EXPECT_TRUE(result.valid) << lines_of(result.errors) << "in: " << text.substr(0, 300);
  if (!result.schema) return {};
  return *std::move(result.schema);
}

/// The text of a repository file of the tests.
inline std::string read_test_file(std::string_view name) {
  const auto text =
      read_file(std::string(MS_SOURCE_DIR) + "/tests/lite/" + std::string(name), 1 << 20);
  EXPECT_TRUE(text.has_value()) << name;
  return text.value_or("");
}

}  // namespace moonstone::lite
