// Moonstone. Licence: see LICENSE.
#include "orm/internal/pattern.h"

#include <array>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/check.h"

namespace moonstone::orm {

namespace {

/// Heap of one match, in KiB.
constexpr std::uint32_t kHeapKibMax = 16 * 1024;
/// Nested backtracking points of one match.
constexpr std::uint32_t kDepthMax = 100'000;
/// Without the `u` flag, JavaScript reads \uXXXX and \xXX so, lets [] match nothing, takes a group
/// that did not take part as empty, and $ for the very end.
constexpr std::uint32_t kOptions = PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |
                                   PCRE2_MATCH_UNSET_BACKREF | PCRE2_DOLLAR_ENDONLY;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using CodePtr = std::unique_ptr<pcre2_code, FreeCode>;
using MatchContextPtr = std::unique_ptr<pcre2_match_context, FreeMatchContext>;

PCRE2_SPTR units_of(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 160> buffer{};
  const int length = pcre2_get_error_message(code, buffer.data(), buffer.size());
  if (length < 0) return "unknown error";
  return {reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(length)};
}

}  // namespace

struct Pattern::Code {
  CodePtr code;
  MatchContextPtr limits;
};

Result<Pattern> Pattern::compile(std::string_view source) {
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(
      pcre2_compile_context_create(nullptr));
  MS_CHECK(context != nullptr, "no memory for a pattern");
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
  int error = 0;
  std::size_t offset = 0;
  CodePtr code(
      pcre2_compile(units_of(source), source.size(), kOptions, &error, &offset, context.get()));
  if (code == nullptr) {
    return Error(ErrorCode::InvalidArgument, "Invalid regular expression: /" + std::string(source) +
                                                 "/: " + message_of(error) + " at position " +
                                                 std::to_string(offset));
  }
  MatchContextPtr limits(pcre2_match_context_create(nullptr));
  MS_CHECK(limits != nullptr, "no memory for a pattern");
  pcre2_set_match_limit(limits.get(), kPatternStepsMax);
  pcre2_set_depth_limit(limits.get(), kDepthMax);
  pcre2_set_heap_limit(limits.get(), kHeapKibMax);
  return Pattern(std::make_shared<const Code>(Code{std::move(code), std::move(limits)}));
}

Result<bool> Pattern::matches(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, FreeMatchData> data(
      pcre2_match_data_create_from_pattern(code_->code.get(), nullptr));
  MS_CHECK(data != nullptr, "no memory for a match");
  const int found = pcre2_match(code_->code.get(), units_of(text), text.size(), 0, 0, data.get(),
                                code_->limits.get());
  if (found >= 0) return true;
  if (found == PCRE2_ERROR_NOMATCH) return false;
  return Error(ErrorCode::LimitExceeded, "a pattern takes too long: " + message_of(found),
               "pattern");
}

std::string with_letter_case(std::string_view text, LetterCase letter_case) {
  // The library knows the letters of all scripts; "\L$0" is the whole match in lower case.
  const std::string_view replacement = letter_case == LetterCase::Lower ? "\\L$0" : "\\U$0";
  int error = 0;
  std::size_t offset = 0;
  const CodePtr everything(pcre2_compile(units_of("(?s)^.+$"), PCRE2_ZERO_TERMINATED,
                                         PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &error, &offset,
                                         nullptr));
  MS_CHECK(everything != nullptr, "the pattern of everything is right");
  // A letter and its other case differ by at most two bytes in length.
  std::string changed(text.size() * 3 + 1, '\0');
  std::size_t length = changed.size();
  const int count =
      pcre2_substitute(everything.get(), units_of(text), text.size(), 0, PCRE2_SUBSTITUTE_EXTENDED,
                       nullptr, nullptr, units_of(replacement), replacement.size(),
                       reinterpret_cast<PCRE2_UCHAR*>(changed.data()), &length);
  if (count <= 0) return std::string(text);
  changed.resize(length);
  return changed;
}

}  // namespace moonstone::orm
