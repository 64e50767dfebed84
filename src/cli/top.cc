// Moonstone. Licence: see LICENSE.
// moonstone top: what a running server does, as it does it.
//
// It reads the server's metrics again and again and shows the difference. On a terminal it redraws
// one page; elsewhere it prints a line per reading.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/figures.h"
#include "cli/report.h"
#include "cli/screen.h"
#include "cli/signals.h"
#include "cli/top_view.h"

namespace moonstone::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// A page that is printed once has room for all functions that matter.
constexpr ViewSize kPrintedSize{.width = 110, .height = 60};

class Top {
 public:
  Top(const TopOptions& options, Terminal& terminal) : options_(options), terminal_(terminal) {}

  Status run() {
    MS_TRY_STATUS(read());
    const bool is_once = options_.mode == TopOptions::Mode::Once;
    if (!is_once && options_.format == Format::People && terminal_.is_interactive()) {
      return redraw();
    }
    return print_lines();
  }

 private:
  /// The reading before stays for the difference.
  Status read() {
    MS_TRY(Value metrics, ask_json(options_.remote, "/__admin/metrics"));
    before_ = std::exchange(after_, std::move(metrics));
    before_at_ = std::exchange(after_at_, Clock::now());
    return {};
  }
  [[nodiscard]] Figures figures() const {
    return figures_between(before_, after_,
                           std::chrono::duration<double>(after_at_ - before_at_).count());
  }
  [[nodiscard]] std::chrono::milliseconds interval() const {
    return std::chrono::milliseconds(static_cast<std::int64_t>(options_.interval_s * 1000));
  }

  Status redraw() {
    MS_TRY(const auto screen, Screen::open(terminal_));
    TopHeader header{.url = options_.remote.url, .note = "reading …"};
    Figures shown = figures_between(after_, after_, options_.interval_s);
    Clock::time_point due = Clock::now() + interval();
    while (true) {
      screen->draw(top_lines(shown, header, screen->size()));
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due - Clock::now());
      const Screen::Event event = screen->wait(std::max(left, std::chrono::milliseconds(0)));
      if (event == Screen::Event::Quit) return {};
      if (event == Screen::Event::Resized) continue;
      due = Clock::now() + interval();
      // A server that restarts comes back; whoever watches it wants to see that.
      const Status was_read = read();
      header.note = was_read ? "q quits" : was_read.error().message();
      if (was_read) shown = figures();
    }
  }

  Status print_lines() {
    MS_TRY(const StopSignals signals, StopSignals::catch_them());
    while (wait_readable({signals.descriptor()}, interval()) == Waited::TimedOut) {
      MS_TRY_STATUS(read());
      const bool is_once = options_.mode == TopOptions::Mode::Once;
      if (options_.format == Format::Json && is_once) {
        print_json(terminal_, to_json_value(figures()));
      } else if (options_.format == Format::Json) {
        terminal_.line(to_json(to_json_value(figures())));
      } else if (is_once) {
        print_page();
      } else {
        terminal_.line(top_summary(figures()));
      }
      if (is_once) return {};
    }
    return {};
  }

  void print_page() {
    for (const TextLine& line :
         top_lines(figures(), {.url = options_.remote.url, .note = ""}, kPrintedSize)) {
      terminal_.line(terminal_.has_colours() ? styled_line(line, terminal_) : plain_line(line));
    }
  }

  const TopOptions& options_;
  Terminal& terminal_;
  Value before_;
  Value after_;
  Clock::time_point before_at_;
  Clock::time_point after_at_;
};

}  // namespace

ExitCode run_top(const TopOptions& options, Terminal& terminal) {
  const Status watched = Top(options, terminal).run();
  if (watched) return ExitCode::Success;
  print_failure(terminal, options.format, watched.error());
  return exit_code_of(watched.error());
}

}  // namespace moonstone::cli
