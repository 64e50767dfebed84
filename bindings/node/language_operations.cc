// Moonstone. Licence: see LICENSE.
//
// The schema language: parsing, and what is generated from a schema.
#include <optional>
#include <string>
#include <utility>

#include "members.h"
#include "operations.h"
#include "schema/lite/ast_from_json.h"
#include "schema/lite/ast_json.h"
#include "schema/lite/json_schema.h"
#include "schema/lite/parse.h"
#include "schema/lite/typescript.h"

namespace moonstone::node {

namespace {

Array texts_of(const std::vector<lite::Problem>& problems) {
  Array texts;
  for (const lite::Problem& problem : problems)
    texts.emplace_back(problem.text);
  return texts;
}

/// header: 1 if a file; values: text or path, dialect
Status run_parse(Request& request, ExchangeWriter& answer) {
  const std::string source = text_of(request.read());
  const Value dialect = request.read();
  lite::ParseOptions options;
  if (dialect.is_text()) {
    const std::optional<lite::Dialect> found = lite::find_dialect(dialect.as_text());
    if (!found) {
      return Error(ErrorCode::InvalidArgument,
                   "unknown dialect '" + dialect.as_text() + "': use 1.0.3, 1.0.6 or any");
    }
    options.dialect = *found;
  }
  const lite::ParseResult result =
      request.number(1) == 1 ? lite::parse_file(source, options) : lite::parse(source, options);
  if (result.token_error) {
    return Error(ErrorCode::InvalidArgument, result.token_error->text, "ParseError");
  }
  Object parsed;
  parsed.set("schema",
             result.schema ? Value(lite::schema_to_json(*result.schema)) : Value(nullptr));
  parsed.set("valid", result.valid);
  parsed.set("errors", texts_of(result.errors));
  parsed.set("warnings", texts_of(result.warnings));
  answer.value(parsed);
  return {};
}

lite::Audience audience_of(const Value& options) {
  return text_of(member(options, "audience")) == "system" ? lite::Audience::System
                                                          : lite::Audience::Client;
}

/// values: schema, {audience, includeComments, only}
Status run_typescript(Request& request, ExchangeWriter& answer) {
  MS_TRY(const lite::Schema schema, lite::schema_from_json(request.read()));
  const Value given = request.read();
  lite::TypeScriptOptions options;
  options.audience = audience_of(given);
  options.include_comments = flag_of(member(given, "includeComments"), true);
  const Value& only = member(given, "only");
  if (only.is_array()) {
    for (const Value& model : only.as_array())
      options.only.push_back(text_of(model));
  }
  answer.text(lite::generate_typescript(schema, options));
  return {};
}

/// values: schema, the options of JsonSchemaOptions in packages/orm
Status run_json_schema(Request& request, ExchangeWriter& answer) {
  MS_TRY(const lite::Schema schema, lite::schema_from_json(request.read()));
  const Value given = request.read();
  lite::JsonSchemaOptions options;
  options.audience = audience_of(given);
  if (text_of(member(given, "format")) == "flat") options.format = lite::JsonSchemaFormat::Flat;
  const std::string mode = text_of(member(given, "mode"));
  if (mode == "update") options.mode = lite::JsonSchemaMode::Update;
  if (mode == "full") options.mode = lite::JsonSchemaMode::Full;
  options.include_timestamps = flag_of(member(given, "includeTimestamps"));
  options.include_deleted_at = flag_of(member(given, "includeDeletedAt"));
  options.include_computed = flag_of(member(given, "includeComputed"));
  options.inline_enums = flag_of(member(given, "inlineEnums"));
  const Value& title = member(given, "title");
  if (title.is_text()) options.title = title.as_text();
  answer.value(lite::generate_json_schema(schema, options));
  return {};
}

}  // namespace

Status run_language_operation(Operation operation, Request& request, ExchangeWriter& answer) {
  if (operation == Operation::Parse) return run_parse(request, answer);
  if (operation == Operation::TypeScript) return run_typescript(request, answer);
  return run_json_schema(request, answer);
}

}  // namespace moonstone::node
