// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/attribute_names.h"

#include <array>

namespace moonstone::lite {

// The tables follow the order of the enumerators; a test reads every one of them back.

std::string_view word_of(FieldFlag flag) {
  constexpr std::array<std::string_view, 11> kWords{
      "id",    "unique", "computed", "hardDelete", "keepVersions", "trim",
      "lower", "upper",  "slug",     "updatedAt",  "markdown"};
  return kWords.at(static_cast<std::size_t>(flag));
}

std::string_view word_of(ModelFlag flag) {
  constexpr std::array<std::string_view, 4> kWords{"strict", "noStrict", "external", "auth"};
  return kWords.at(static_cast<std::size_t>(flag));
}

std::string_view word_of(ValidatorKind kind) {
  constexpr std::array<std::string_view, 17> kWords{
      "email",  "url",        "phone",    "date",     "datetime",   "regex",
      "length", "startsWith", "endsWith", "contains", "lt",         "lte",
      "gt",     "gte",        "minItems", "maxItems", "uniqueItems"};
  return kWords.at(static_cast<std::size_t>(kind));
}

std::string_view word_of(FromOperation operation) {
  constexpr std::array<std::string_view, 7> kWords{"first", "last", "count", "exists",
                                                   "sum",   "max",  "min"};
  return kWords.at(static_cast<std::size_t>(operation));
}

std::string_view word_of(ReferentialAction action) {
  constexpr std::array<std::string_view, 4> kWords{"Cascade", "SetNull", "Restrict", "NoAction"};
  return kWords.at(static_cast<std::size_t>(action));
}

std::string_view word_of(CompareOperator compare) {
  constexpr std::array<std::string_view, 6> kWords{"==", "!=", "<", ">", "<=", ">="};
  return kWords.at(static_cast<std::size_t>(compare));
}

bool takes_field(FromOperation operation) {
  return operation == FromOperation::Sum || operation == FromOperation::Max ||
         operation == FromOperation::Min;
}

}  // namespace moonstone::lite
