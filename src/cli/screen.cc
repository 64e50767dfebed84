// Moonstone. Licence: see LICENSE.
#include "cli/screen.h"

#include <array>
#include <csignal>
#include <string>
#include <utility>

#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";  // the second page, no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kEndOfLine = "\x1b[K";
constexpr std::string_view kEndOfPage = "\x1b[J";
constexpr char kControlD = 4;

/// Becomes a descriptor. The signal stays blocked: whoever does not draw does not care.
int watch_resizing() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return -1;
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

}  // namespace

struct Screen::Saved {
  termios settings{};
};

Screen::Screen(Terminal& terminal, StopSignals signals)
    : terminal_(terminal), signals_(std::move(signals)) {}

Result<std::unique_ptr<Screen>> Screen::open(Terminal& terminal) {
  MS_TRY(StopSignals signals, StopSignals::catch_them());
  std::unique_ptr<Screen> screen(new Screen(terminal, std::move(signals)));
  MS_TRY_STATUS(screen->set_up());
  return screen;
}

/// Keys arrive one by one and are not echoed; Ctrl-C stays a signal. Ctrl-Z would leave the page
/// behind, so it does nothing.
Status Screen::set_up() {
  auto saved = std::make_unique<Saved>();
  if (::tcgetattr(STDIN_FILENO, &saved->settings) != 0) {
    return Error(ErrorCode::Unavailable, "this terminal cannot be drawn on; use --once");
  }
  termios raw = saved->settings;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_lflag |= NOFLSH;  // Ctrl-C would drop what is on its way: kLeave, if the answer is quick
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;
  if (::tcsetattr(STDIN_FILENO, TCSANOW, &raw) != 0) {
    return Error(ErrorCode::Unavailable, "this terminal cannot be drawn on; use --once");
  }
  saved_ = std::move(saved);
  resized_ = watch_resizing();
  terminal_.print(kEnter);
  return {};
}

Screen::~Screen() {
  if (saved_ != nullptr) {
    terminal_.print(kLeave);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_->settings);
  }
  if (resized_ >= 0) ::close(resized_);
}

ViewSize Screen::size() const {
  winsize window{};
  ViewSize size;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0) return size;
  if (window.ws_col > 0) size.width = window.ws_col;
  if (window.ws_row > 0) size.height = window.ws_row;
  return size;
}

void Screen::draw(const std::vector<TextLine>& lines) {
  std::string page(kHome);
  bool is_first = true;
  for (const TextLine& line : lines) {
    if (!std::exchange(is_first, false)) page += "\r\n";
    page.append(styled_line(line, terminal_)).append(kEndOfLine);
  }
  terminal_.print(page.append(kEndOfPage));
}

bool Screen::has_quit_key() {
  std::array<char, 64> keys{};
  const ssize_t count = ::read(STDIN_FILENO, keys.data(), keys.size());
  if (count <= 0) return true;  // it was readable, so it has gone
  const std::string_view typed(keys.data(), static_cast<std::size_t>(count));
  return typed.contains('q') || typed.contains('Q') || typed.contains(kControlD);
}

Screen::Event Screen::wait(std::chrono::milliseconds time_max) {
  const auto until = std::chrono::steady_clock::now() + time_max;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    const auto at_least_none = std::max(left, std::chrono::milliseconds(0));
    if (wait_readable({signals_.descriptor(), STDIN_FILENO, resized_}, at_least_none) ==
        Waited::TimedOut) {
      return Event::Time;
    }
    if (signals_.have_arrived()) return Event::Quit;
    signalfd_siginfo info{};
    if (resized_ >= 0 && ::read(resized_, &info, sizeof(info)) > 0) return Event::Resized;
    if (has_quit_key()) return Event::Quit;
  }
}

}  // namespace moonstone::cli
