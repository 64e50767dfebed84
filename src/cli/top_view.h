// Moonstone. Licence: see LICENSE.
#pragma once
// How `moonstone top` looks: lines for a screen, one line for a log.
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <vector>

#include "cli/figures.h"
#include "cli/screen_text.h"

namespace moonstone::cli {

struct TopHeader {
  std::string url;
  std::string note;  // such as what went wrong; empty: nothing
};

/// At most `height` lines of at most `width` columns; functions fill what the rest leaves.
struct ViewSize {
  std::size_t width = 100;
  std::size_t height = 40;
};
[[nodiscard]] std::vector<TextLine> top_lines(const Figures& figures,
                                              const TopHeader& header,
                                              ViewSize size);

/// The most telling figures, "name value" pairs.
[[nodiscard]] std::string top_summary(const Figures& figures);

}  // namespace moonstone::cli
