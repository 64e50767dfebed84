// Moonstone. Licence: see LICENSE.
//
// parse() on any bytes: it never crashes and ends soon, every failure says something, positions lie
// in the text, and a valid schema can be shown as JSON, as types and as a JSON Schema.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"
#include "schema/lite/ast_json.h"
#include "schema/lite/json_schema.h"
#include "schema/lite/names.h"
#include "schema/lite/parse.h"
#include "schema/lite/typescript.h"

namespace lite = moonstone::lite;

namespace {

void check_problems(const std::vector<lite::Problem>& problems, std::string_view text) {
  const auto lines = std::ranges::count(text, '\n') + 1;
  for (const lite::Problem& problem : problems) {
    MS_CHECK(!problem.text.empty(), "a problem without a text");
    MS_CHECK(moonstone::is_utf8(problem.text), "a text that no wire can carry");
    MS_CHECK(problem.position.line <= lines, "a position behind the text");
  }
}

void check_valid(const lite::Schema& schema) {
  const std::string json = moonstone::to_json(lite::schema_to_json(schema));
  MS_CHECK(moonstone::parse_json(json, {.depth_max = 1'000}).has_value(), "JSON nobody can read");
  for (const lite::Model& model : schema.models) {
    MS_CHECK(!lite::table_name_of(model, lite::Pluralize::Yes).empty() ||
                 model.find<lite::TableMap>() != nullptr,
             "a table without a name");
    for (const lite::Field& field : model.fields) {
      MS_CHECK(field.type.kind != lite::TypeKind::Unresolved, "valid, but of no type");
    }
  }
  MS_CHECK(!lite::generate_typescript(schema).empty(), "no types");
  const auto full = lite::generate_json_schema(schema, {.mode = lite::JsonSchemaMode::Full});
  MS_CHECK(full.find("$defs") != nullptr, "no definitions");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  for (const lite::Dialect dialect :
       {lite::Dialect::Any, lite::Dialect::V1_0_3, lite::Dialect::V1_0_6}) {
    const lite::ParseResult result = lite::parse(text, {.dialect = dialect});
    MS_CHECK(result.valid == (result.schema.has_value() && result.errors.empty()),
             "valid means a schema without errors");
    MS_CHECK(result.schema.has_value() || !result.errors.empty(), "no schema, and no reason");
    MS_CHECK(!result.token_error || result.errors.size() == 1, "a token error stands alone");
    check_problems(result.errors, text);
    check_problems(result.warnings, text);
    if (result.valid) check_valid(*result.schema);
  }
  return 0;
}
