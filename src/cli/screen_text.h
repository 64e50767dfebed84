// Moonstone. Licence: see LICENSE.
#pragma once
// Lines of styled text that fit a width, and the numbers in them; for views that redraw.
// Threads: plain values and pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace moonstone::cli {

struct Span {
  Style style = Style::Plain;
  std::string text;
};
using TextLine = std::vector<Span>;

/// Columns that a text takes: its characters, each taken as one wide.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// The text in exactly `width` columns, cut with "…" or padded.
enum class Align : unsigned char { Left, Right };
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width, Align align);
/// The line cut to `width` columns, without the control characters that names or data may hold.
[[nodiscard]] TextLine cut(const TextLine& line, std::size_t width);
/// As a terminal shows it.
[[nodiscard]] std::string styled_line(const TextLine& line, const Terminal& terminal);
[[nodiscard]] std::string plain_line(const TextLine& line);

/// "0", "7.4", "1,234".
[[nodiscard]] std::string shown_number(double number);
/// The same, "-" for nothing.
[[nodiscard]] std::string shown_number(const std::optional<double>& number);
/// "512 B", "1.2 MiB".
[[nodiscard]] std::string shown_size(double bytes);
/// Without line feeds, escape sequences and other control characters.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace moonstone::cli
