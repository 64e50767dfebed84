// Moonstone. Licence: see LICENSE.
#pragma once
// Watcher: notices changes below the functions folder (inotify, recursive).
//
// `_generated`, node_modules, hidden entries and the temporary files of editors do not count. A
// burst of events is one change: it ends when nothing happened for the debounce time. The folder
// may vanish and come back (a git checkout); that is a change too.
// Threads: confined.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::cli {

/// Editors write, rename and touch within a few milliseconds; people do not notice 50.
inline constexpr std::chrono::milliseconds kDebounce{50};
/// A burst that never ends (a build into the folder) is reported nevertheless.
inline constexpr std::chrono::milliseconds kBurstMax{1000};

class Watcher {
 public:
  /// Errors: Unavailable, with what to do if the system's limit of watches is reached.
  [[nodiscard]] static Result<Watcher> create(const std::string& folder);
  Watcher(Watcher&&) noexcept;
  Watcher& operator=(Watcher&&) = delete;
  ~Watcher();

  /// Readable when something happened; then call take_change().
  [[nodiscard]] int descriptor() const;

  /// Reads what happened and waits for the end of the burst, unless `interrupt` becomes readable.
  enum class Change : unsigned char { None, Some };
  [[nodiscard]] Change take_change(int interrupt);

 private:
  struct Impl;
  explicit Watcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Whether a change of an entry of that name means nothing.
[[nodiscard]] bool is_ignored_name(std::string_view name);

}  // namespace moonstone::cli
