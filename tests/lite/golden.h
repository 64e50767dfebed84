// Moonstone. Licence: see LICENSE.
#pragma once
// Expected results in files. MS_UPDATE=1 writes what is there now; format the JSON with prettier.

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/json.h"
#include "tests/lite/schema_text.h"

namespace moonstone::lite {

inline bool updates_goldens() {
  const char* update = std::getenv("MS_UPDATE");  // NOLINT(concurrency-mt-unsafe): one thread
  return update != nullptr && std::string_view(update) == "1";
}

inline void write_golden(const std::string& name, const std::string& text) {
  std::ofstream(std::string(MS_SOURCE_DIR) + "/tests/lite/" + name) << text;
}

inline void expect_golden_text(const std::string& name, const std::string& text) {
  if (updates_goldens()) write_golden(name, text);
  EXPECT_EQ(text, read_test_file(name));
}

/// Compares content and order of the members, not white space.
inline void expect_golden_json(const std::string& name, const Value& value) {
  if (updates_goldens()) write_golden(name, to_json_indented(value) + '\n');
  const Result<Value> golden = parse_json(read_test_file(name));
  ASSERT_TRUE(golden.has_value()) << golden.error().message();
  EXPECT_EQ(to_json_indented(value), to_json_indented(*golden));
}

}  // namespace moonstone::lite
