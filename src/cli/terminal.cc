// Moonstone. Licence: see LICENSE.
#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

/// An answer longer than this is no answer.
constexpr std::size_t kAnswerBytesMax = 4096;

bool wants_colours(int descriptor) {
  // Standard practice: any value of NO_COLOR that is not empty switches colours off.
  const char* const no_colour = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): start-up
  const char* const kind = std::getenv("TERM");           // NOLINT(concurrency-mt-unsafe): start-up
  if (no_colour != nullptr && *no_colour != '\0') return false;
  if (kind != nullptr && std::string_view(kind) == "dumb") return false;
  return ::isatty(descriptor) == 1;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::Plain:
      return "0";
    case Style::Bold:
      return "1";
    case Style::Dim:
      return "2";
    case Style::Red:
      return "31";
    case Style::Green:
      return "32";
    case Style::Yellow:
      return "33";
    case Style::Cyan:
      return "36";
  }
  return "0";
}

std::string coloured(Style style, std::string_view text) {
  return fmt::format("\x1b[{}m{}\x1b[0m", code_of(style), text);
}

}  // namespace

Terminal::Terminal()
    : has_colours_(wants_colours(STDOUT_FILENO)),
      has_error_colours_(wants_colours(STDERR_FILENO)),
      is_interactive_(::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1) {}

void Terminal::line(std::string_view text) {
  write(STDOUT_FILENO, fmt::format("{}\n", text));
}

void Terminal::print(std::string_view text) {
  write(STDOUT_FILENO, text);
}

void Terminal::error_line(std::string_view text) {
  write(STDERR_FILENO, fmt::format("{}\n", text));
}

void Terminal::error(std::string_view text) {
  const std::string label = has_error_colours_ ? coloured(Style::Red, "Error:") : "Error:";
  error_line(fmt::format("{} {}", label, text));
}

void Terminal::warning(std::string_view text) {
  const std::string label = has_error_colours_ ? coloured(Style::Yellow, "Warning:") : "Warning:";
  error_line(fmt::format("{} {}", label, text));
}

std::string Terminal::styled(Style style, std::string_view text) const {
  return has_colours_ ? coloured(style, text) : std::string(text);
}

std::optional<bool> Terminal::confirm(std::string_view question,
                                      std::initializer_list<int> interrupts) {
  write(STDOUT_FILENO, fmt::format("{} [y/N] ", question));
  std::vector<pollfd> waits = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
  for (const int interrupt : interrupts) {
    waits.push_back({.fd = interrupt, .events = POLLIN, .revents = 0});
  }
  while (::poll(waits.data(), waits.size(), -1) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (std::ranges::any_of(waits.begin() + 1, waits.end(),
                          [](const pollfd& wait) { return wait.revents != 0; })) {
    line();
    return std::nullopt;
  }
  std::array<char, kAnswerBytesMax> answer{};
  const ssize_t count = ::read(STDIN_FILENO, answer.data(), answer.size());
  if (count <= 0) return std::nullopt;
  std::string_view text(answer.data(), static_cast<std::size_t>(count));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text == "y" || text == "Y" || text == "yes" || text == "Yes";
}

void Terminal::write(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nobody reads any more; the command goes on
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string shown_duration(long long milliseconds) {
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  return fmt::format("{:.1f} s", static_cast<double>(milliseconds) / 1000.0);
}

}  // namespace moonstone::cli
