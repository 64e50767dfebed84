// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/pipeline.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/internal/lexer.h"
#include "schema/lite/internal/parser.h"
#include "schema/lite/internal/stages.h"

namespace moonstone::lite {
namespace {

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

/// The stages that end parsing when they fail.
bool run_first_stages(Schema& schema, const ParseOptions& options, Report& report) {
  splice_traits(schema, options.limits, report);
  if (!report.errors.empty()) return false;
  check_type_declarations(schema, options, report);
  return report.errors.empty();
}

}  // namespace

bool SourceText::read(std::string_view text, std::uint32_t file) {
  if (text.size() > options_.limits.file_bytes_max) {
    failure_ =
        Problem{fmt::format("The schema has more than {} bytes", options_.limits.file_bytes_max),
                {file, 0, 0}};
    return false;
  }
  auto tokens = tokenize(text, file, options_.dialect);
  if (!tokens) {
    failure_ = std::move(tokens).error();
    is_token_error_ = true;
    return false;
  }
  Parser parser(*tokens, options_, schema_);
  if (!parser.run()) {
    failure_ = parser.failure();
    return false;
  }
  problems_ = std::move(parser.problems());
  return true;
}

void append_declarations(Schema& to, Schema from) {
  append(to.databases, from.databases);
  append(to.models, from.models);
  append(to.views, from.views);
  append(to.enums, from.enums);
  append(to.functions, from.functions);
  append(to.traits, from.traits);
  append(to.types, from.types);
}

void finish(SourceText source, const ParseOptions& options, ParseResult& result) {
  Schema& schema = source.schema();
  Report report;
  if (run_first_stages(schema, options, report)) {
    for (Problem& problem : source.problems()) {
      report.error(problem.position, std::move(problem.text));
    }
    resolve_types(schema, options.dialect, report);
    expand(schema, report);
    validate(schema, report);
    result.schema = std::move(schema);
  }
  result.errors = std::move(report.errors);
  result.warnings = std::move(report.warnings);
  result.valid = result.errors.empty();
}

}  // namespace moonstone::lite
