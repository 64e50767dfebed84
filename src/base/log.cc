// Moonstone. Licence: see LICENSE.
#include "base/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "base/json.h"
#include "base/mutex.h"
#include "base/redact.h"

namespace moonstone {
namespace {

/// "2026-11-21T10:13:00.123Z"
std::string to_iso_time(std::int64_t unix_ms) {
  using std::chrono::milliseconds;
  const std::chrono::sys_time<milliseconds> time{milliseconds(unix_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<milliseconds> clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

/// Text that could be mistaken for something else, or break the line, is quoted.
bool needs_quotes(std::string_view text) {
  return text.empty() || std::ranges::any_of(text, [](char character) {
           return static_cast<unsigned char>(character) <= ' ' || character == '"' ||
                  character == '=' || character == 0x7F;
         });
}

void append_human_value(const Value& value, std::string& line) {
  if (value.is_text() && !needs_quotes(value.as_text())) {
    line += value.as_text();
  } else {
    write_json(value, line);
  }
}

using Fields = std::initializer_list<Member>;

struct Event {
  std::int64_t unix_ms;
  LogLevel level;
  std::string_view module;
  std::string_view name;
};

std::string make_human_line(const Event& event, const Fields& fields) {
  std::string line = fmt::format("{} {:<5} {}: {}", to_iso_time(event.unix_ms),
                                 to_string(event.level), event.module, event.name);
  for (const Member& field : fields) {
    if (field.value.is_undefined()) continue;
    line.append(" ").append(field.name).append("=");
    append_human_value(redact(field.name, field.value), line);
  }
  return line;
}

std::string make_json_line(const Event& event, const Fields& fields) {
  Object line;
  line.reserve(4 + fields.size());
  line.append("ts", to_iso_time(event.unix_ms));
  line.append("level", to_string(event.level));
  line.append("module", event.module);
  line.append("event", event.name);
  for (const Member& field : fields) {
    line.set(field.name, redact(field.name, field.value));
  }
  return to_json(std::move(line));
}

class LineLogger final : public Logger {
 public:
  LineLogger(LogSink& sink, Clock& clock, LogFormat format, LogLevel least)
      : sink_(sink), clock_(clock), format_(format), least_(least) {}

  void log(LogLevel level,
           std::string_view module,
           std::string_view event,
           Fields fields) override {
    if (level < least_) return;
    const Event facts{clock_.unix_ms(), level, module, event};
    std::string line =
        format_ == LogFormat::Json ? make_json_line(facts, fields) : make_human_line(facts, fields);
    line.push_back('\n');
    const MutexLock lock(mutex_);
    sink_.write_line(line);
  }

 private:
  LogSink& sink_;
  Clock& clock_;
  LogFormat format_;
  LogLevel least_;
  Mutex mutex_;
};

class StderrSink final : public LogSink {
 public:
  // Standard error is unbuffered, so a line is one system call. A log that cannot be written has
  // nowhere to complain.
  void write_line(std::string_view line) override {
    static_cast<void>(std::fwrite(line.data(), 1, line.size(), stderr));
  }
};

class NullLogger final : public Logger {
 public:
  void log(LogLevel /*level*/,
           std::string_view /*module*/,
           std::string_view /*event*/,
           Fields /*fields*/) override {}
};

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Error:
      return "error";
  }
  return "error";
}

std::unique_ptr<Logger> make_logger(LogSink& sink, Clock& clock, LogFormat format, LogLevel least) {
  return std::make_unique<LineLogger>(sink, clock, format, least);
}

Logger& stderr_logger(LogFormat format, LogLevel least) {
  static StderrSink sink;
  static std::array<LineLogger, 8> loggers{
      LineLogger(sink, system_clock(), LogFormat::Human, LogLevel::Debug),
      LineLogger(sink, system_clock(), LogFormat::Human, LogLevel::Info),
      LineLogger(sink, system_clock(), LogFormat::Human, LogLevel::Warn),
      LineLogger(sink, system_clock(), LogFormat::Human, LogLevel::Error),
      LineLogger(sink, system_clock(), LogFormat::Json, LogLevel::Debug),
      LineLogger(sink, system_clock(), LogFormat::Json, LogLevel::Info),
      LineLogger(sink, system_clock(), LogFormat::Json, LogLevel::Warn),
      LineLogger(sink, system_clock(), LogFormat::Json, LogLevel::Error)};
  return loggers[static_cast<std::size_t>(format) * 4 + static_cast<std::size_t>(least)];
}

Logger& null_logger() {
  static NullLogger logger;
  return logger;
}

}  // namespace moonstone
