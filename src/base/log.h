// Moonstone. Licence: see LICENSE.
#pragma once
// One line per event, for people or as JSON.
//
// `event` is a stable snake_case name; everything variable is a field. Never log secrets or the
// contents of documents; what looks like a secret is masked all the same (base/redact.h).
// Threads: a Logger is synchronised; lines never interleave.

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/value.h"

namespace moonstone {

enum class LogLevel : unsigned char { Debug, Info, Warn, Error };
enum class LogFormat : unsigned char { Human, Json };

class Logger {
 public:
  virtual ~Logger() = default;
  virtual void log(LogLevel level,
                   std::string_view module,
                   std::string_view event,
                   std::initializer_list<Member> fields) = 0;
};

/// Where finished lines go.
/// Threads: a Logger calls it under its own lock, one line at a time.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// `line` ends with a line feed and holds no other.
  virtual void write_line(std::string_view line) = 0;
};

/// A logger of its own, for tests and for programs that keep their log elsewhere.
/// Lifetime: `sink` and `clock` outlive the logger.
[[nodiscard]] std::unique_ptr<Logger> make_logger(LogSink& sink,
                                                  Clock& clock,
                                                  LogFormat format = LogFormat::Human,
                                                  LogLevel least = LogLevel::Info);

/// The level's name: "debug", "info", "warn", "error".
[[nodiscard]] std::string_view to_string(LogLevel level);

/// Writes to standard error. Lines below `least` are dropped. Lives as long as the process.
[[nodiscard]] Logger& stderr_logger(LogFormat format = LogFormat::Human,
                                    LogLevel least = LogLevel::Info);
/// Drops everything; for tests and for the embedding API's default.
[[nodiscard]] Logger& null_logger();

}  // namespace moonstone
