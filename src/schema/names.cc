// Moonstone. Licence: see LICENSE.
#include "schema/names.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace moonstone::schema {
namespace {

/// Columns that every table has: `_row`, `_id` and `_null` are real, the others are computed.
constexpr std::array<std::string_view, 5> kReservedFields{"_id", "_creationtime", "_ts", "_row",
                                                          "_null"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier_start(char c) {
  return is_letter(c) || c == '_' || c == '$';
}

bool is_identifier_part(char c) {
  return is_identifier_start(c) || is_digit(c);
}

bool is_beyond_ascii(char c) {
  return static_cast<unsigned char>(c) >= 0x80U;
}

std::string problem_with_length(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kNameLengthMax) {
    return "is longer than " + std::to_string(kNameLengthMax) + " bytes";
  }
  return "";
}

}  // namespace

std::string problem_with_table_name(std::string_view name) {
  if (std::string problem = problem_with_length(name); !problem.empty()) return problem;
  if (name.front() == '_') return "begins with \"_\", which is kept for system tables";
  if (!is_javascript_identifier(name)) {
    return "must consist of letters, digits, \"_\" and \"$\", and not begin with a digit";
  }
  return "";
}

std::string problem_with_system_table_name(std::string_view name) {
  if (!name.starts_with('_')) return "does not begin with \"_\"";
  return problem_with_table_name(name.substr(1));
}

std::string problem_with_member_name(std::string_view name) {
  if (std::string problem = problem_with_length(name); !problem.empty()) return problem;
  const bool good_start = is_identifier_start(name.front()) || is_beyond_ascii(name.front());
  const bool good_rest = std::ranges::all_of(
      name, [](char c) { return is_identifier_part(c) || c == '-' || is_beyond_ascii(c); });
  if (!good_start || !good_rest || !is_utf8(name)) {
    return "must consist of letters, digits, \"_\", \"$\" and \"-\", and not begin with a digit or "
           "\"-\"";
  }
  return "";
}

std::string problem_with_field_name(std::string_view name) {
  if (std::string problem = problem_with_member_name(name); !problem.empty()) return problem;
  if (std::ranges::find(kReservedFields, fold_case(name)) != kReservedFields.end()) {
    return "is reserved for the system";
  }
  return "";
}

std::string fold_case(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

bool is_javascript_identifier(std::string_view text) {
  return !text.empty() && is_identifier_start(text.front()) &&
         std::ranges::all_of(text, is_identifier_part);
}

}  // namespace moonstone::schema
