// Moonstone. Licence: see LICENSE.
#pragma once
// Screen: a terminal that a command draws on again and again. It uses the terminal's second page
// and gives everything back as it was, however the command ends.
// Threads: confined to the main thread.

#include <chrono>
#include <memory>
#include <vector>

#include "base/result.h"
#include "cli/screen_text.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/top_view.h"

namespace moonstone::cli {

class Screen {
 public:
  /// Errors: Unavailable, if the terminal cannot be set up.
  [[nodiscard]] static Result<std::unique_ptr<Screen>> open(Terminal& terminal);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  [[nodiscard]] ViewSize size() const;
  void draw(const std::vector<TextLine>& lines);

  /// What ended the waiting.
  enum class Event : unsigned char { Time, Resized, Quit };
  /// Waits that long at most. Quit: q, Ctrl-C, Ctrl-D, SIGTERM, or the terminal has gone.
  [[nodiscard]] Event wait(std::chrono::milliseconds time_max);

 private:
  struct Saved;
  Screen(Terminal& terminal, StopSignals signals);
  [[nodiscard]] Status set_up();
  [[nodiscard]] bool has_quit_key();

  Terminal& terminal_;
  StopSignals signals_;
  std::unique_ptr<Saved> saved_;  // null: nothing was changed
  int resized_ = -1;              // readable when the window has another size
};

}  // namespace moonstone::cli
