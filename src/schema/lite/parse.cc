// Moonstone. Licence: see LICENSE.
#include "schema/lite/parse.h"

#include <utility>

#include "schema/lite/internal/pipeline.h"

namespace moonstone::lite {

std::optional<Dialect> find_dialect(std::string_view name) {
  if (name == "any") return Dialect::Any;
  if (name == "1.0.3") return Dialect::V1_0_3;
  if (name == "1.0.6") return Dialect::V1_0_6;
  return std::nullopt;
}

ParseResult parse(std::string_view text, const ParseOptions& options) {
  SourceText source(options);
  ParseResult result;
  result.files.emplace_back();
  if (!source.read(text, 0)) {
    result.errors.push_back(source.failure());
    if (source.is_token_error()) result.token_error = source.failure();
    return result;
  }
  finish(std::move(source), options, result);
  return result;
}

}  // namespace moonstone::lite
