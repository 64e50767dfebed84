// Moonstone. Licence: see LICENSE.
#pragma once
// Patterns of schemas (@regex), as JavaScript reads them, and letters of the other case.
//
// A pattern is trusted text of a schema, but what it is tried on is not: a match may take a bounded
// number of steps and a bounded amount of memory, so that no pair of the two holds the writer.
// Threads: immutable after compiling. Source: litestone.md 28.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::orm {

/// Steps of one match. A sane pattern takes some per character; a text of 64 KiB passes easily.
inline constexpr std::uint32_t kPatternStepsMax = 1'000'000;

class Pattern {
 public:
  /// Errors: InvalidArgument (the pattern cannot be read).
  [[nodiscard]] static Result<Pattern> compile(std::string_view source);

  /// Whether the pattern is found anywhere in the text. Errors: LimitExceeded (reason "pattern").
  [[nodiscard]] Result<bool> matches(std::string_view text) const;

 private:
  struct Code;
  explicit Pattern(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;  // shared by the copies of the pattern
};

enum class LetterCase : unsigned char { Lower, Upper };

/// `text` must be valid UTF-8.
[[nodiscard]] std::string with_letter_case(std::string_view text, LetterCase letter_case);

}  // namespace moonstone::orm
