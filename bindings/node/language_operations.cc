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
#include "schema/lite/parse.h"

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

}  // namespace

Status run_language_operation(Operation operation, Request& request, ExchangeWriter& answer) {
  if (operation == Operation::Parse) return run_parse(request, answer);
  return Error(ErrorCode::Unimplemented, "the addon is older than the package");
}

}  // namespace moonstone::node
