// Moonstone. Licence: see LICENSE.
//
// parse_json on any bytes: it never crashes, what it accepts is written and read back as the same
// value, and the limits hold.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"

using moonstone::Result;
using moonstone::Value;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  const Result<Value> first = moonstone::parse_json(bytes);
  if (!first) return 0;
  MS_CHECK(moonstone::is_utf8(bytes), "ill-formed text would reach the store");

  const std::string text = moonstone::to_json(*first);
  const Result<Value> second = moonstone::parse_json(text);
  MS_CHECK(second.has_value(), "what we write must be readable");
  // A Number may come back as an Integer ("1.0" is written "1"), so the texts are compared.
  MS_CHECK(moonstone::to_json(*second) == text, "writing must be stable");
  MS_CHECK(moonstone::canonical_json(*second) == moonstone::canonical_json(*first),
           "equal content must have one canonical text");

  const Result<Value> indented = moonstone::parse_json(moonstone::to_json_indented(*first));
  MS_CHECK(indented.has_value() && *indented == *second, "white space must not matter");
  return 0;
}
