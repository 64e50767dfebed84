// Moonstone. Licence: see LICENSE.
#pragma once
// LogHub: keeps the last lines of the log for administrators, and hands on what comes to those who
// follow it. It stands before the logger that writes: every line passes through.
//
// A line is a JSON object {"ts","level","module","event",..}, as in log.h; those of functions have
// "tenant", "function" and "request", too. Secrets are masked before a line is kept.
// Threads: synchronised. Cost of a line: one JSON text, kept once for all who read it.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

/// Lines that are kept: an hour of a quiet server, a minute of a busy one.
inline constexpr std::size_t kLogLinesMax = 5'000;
inline constexpr std::size_t kLogBytesMax = std::size_t{4} * 1024 * 1024;
/// Who follows the log at the same time; each costs a connection.
inline constexpr std::size_t kLogFollowersMax = 32;

/// Which lines somebody wants.
struct LogFilter {
  std::optional<std::string> tenant = std::nullopt;  // nothing: of all, and those of none
  std::optional<std::string> function =
      std::nullopt;  // a whole name, or "messages:" for all of one
  std::optional<std::string> request = std::nullopt;
  LogLevel least = LogLevel::Debug;
  std::int64_t since_unix_ms = 0;
};

class LogHub final : public Logger {
 public:
  /// `next` gets every line, too, and must outlive the hub.
  LogHub(Logger& next, Clock& clock) : next_(next), clock_(clock) {}

  void log(LogLevel level,
           std::string_view module,
           std::string_view event,
           std::initializer_list<Member> fields) override;

  /// The newest kept lines that fit, at most `lines_max`, oldest first, as NDJSON.
  [[nodiscard]] std::string recent(const LogFilter& filter, std::size_t lines_max) const;

  /// The kept lines, then those that come, until the reader is `gone` or the hub is ended. Who
  /// reads too slowly misses lines and is told how many. Nothing: too many follow already.
  [[nodiscard]] BodyReaderPtr follow(LogFilter filter,
                                     std::size_t lines_max,
                                     const std::stop_token& gone);

  /// Lets all followers end, so that a server can stop. There will be no others.
  void end();

 private:
  struct Line {
    std::uint64_t sequence = 0;
    LogLevel level = LogLevel::Info;
    std::int64_t unix_ms = 0;
    std::string tenant, function, request;
    std::string json;  // with its line feed
  };
  class Follower;
  struct State {
    std::deque<Line> lines;
    std::size_t bytes = 0;
    std::uint64_t last_sequence = 0;
    std::vector<std::weak_ptr<Follower>> followers;
    bool has_ended = false;
  };

  [[nodiscard]] static bool fits(const LogFilter& filter, const Line& line);
  /// The lines after `sequence`, at most 64 KiB of them; moves `sequence` on.
  [[nodiscard]] static std::string take(const State& state,
                                        const LogFilter& filter,
                                        std::uint64_t& sequence);
  static std::vector<std::shared_ptr<Follower>> followers_of(State& state);
  /// The sequence after which the newest `lines_max` fitting lines stand.
  [[nodiscard]] static std::uint64_t start_of(const State& state,
                                              const LogFilter& filter,
                                              std::size_t lines_max);

  Logger& next_;
  Clock& clock_;
  mutable Guarded<State> state_;
};

}  // namespace moonstone::protocol::functions
