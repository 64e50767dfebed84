// Moonstone. Licence: see LICENSE.
#include "runtime/jobs/cron.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace moonstone::runtime::jobs {

namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMinutes = std::int64_t{24} * 60;
/// From a 29th of February past a year like 2100 to the next one.
constexpr std::int64_t kSearchDays = std::int64_t{8} * 366 + 1;
/// What JavaScript's Date can express; beyond it calendars make no sense.
constexpr std::int64_t kUnixMsMax = 8'640'000'000'000'000;
/// Greater than every value of every field.
constexpr unsigned kTooGreat = 1'000'000;

struct Range {
  std::string_view name;
  unsigned min;
  unsigned max;
  unsigned open_end;  // where `*/step` and `a/step` end
};

constexpr std::array<Range, 5> kRanges{{{"minute", 0, 59, 59},
                                        {"hour", 0, 23, 23},
                                        {"dayOfMonth", 1, 31, 31},
                                        {"month", 1, 12, 12},
                                        {"dayOfWeek", 0, 7, 6}}};

constexpr unsigned kSunday = 0;
constexpr unsigned kSundayToo = 7;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::vector<std::string_view> split_fields(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    while (i < text.size() && !is_space(text[i]))
      ++i;
    fields.push_back(text.substr(start, i - start));
  }
  return fields;
}

/// Takes the digits at the front of `text`; nothing if there are none. Values stop at kTooGreat.
std::optional<unsigned> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  unsigned number = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    number = std::min(kTooGreat, number * 10 + static_cast<unsigned>(text.front() - '0'));
    text.remove_prefix(1);
  }
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// A part of a comma list as written.
struct Part {
  std::optional<unsigned> from;  // nothing: `*`
  std::optional<unsigned> to;
  std::optional<unsigned> step;
};

std::optional<Part> read_part(std::string_view text) {
  Part part;
  if (!take(text, '*')) {
    part.from = take_number(text);
    if (!part.from) return std::nullopt;
    if (take(text, '-')) {
      part.to = take_number(text);
      if (!part.to) return std::nullopt;
    }
  }
  if (take(text, '/')) {
    part.step = take_number(text);
    if (!part.step) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return part;
}

}  // namespace

class CronExpression::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<CronExpression> parse() {
    if (text_.size() > kCronExpressionBytesMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("a cron expression may have at most {} bytes, this one has {}",
                               kCronExpressionBytesMax, text_.size()),
                   "cron_bytes");
    }
    const std::vector<std::string_view> fields = split_fields(text_);
    if (fields.size() != kRanges.size()) {
      return bad("expected 5 fields (minute hour dayOfMonth month dayOfWeek)");
    }
    CronExpression cron;
    const std::array<Field*, kRanges.size()> targets{
        &cron.minute_, &cron.hour_, &cron.day_of_month_, &cron.month_, &cron.weekday_};
    for (std::size_t i = 0; i < kRanges.size(); ++i) {
      MS_TRY(*targets[i], parse_field(fields[i], kRanges[i]));
    }
    if (cron.weekday_.has(kSundayToo)) cron.weekday_.values |= std::uint64_t{1} << kSunday;
    cron.weekday_.values &= ~(std::uint64_t{1} << kSundayToo);
    return cron;
  }

 private:
  [[nodiscard]] Error bad(std::string_view reason) const {
    return {ErrorCode::InvalidArgument,
            fmt::format("Invalid cron expression \"{}\": {}", text_, reason), "cron"};
  }

  [[nodiscard]] Error bad_part(const Range& range,
                               std::string_view part,
                               std::string_view reason) const {
    return bad(fmt::format("{} \"{}\" {}", range.name, part, reason));
  }

  [[nodiscard]] Result<Field> parse_field(std::string_view text, const Range& range) const {
    Field field{.values = 0, .is_any = text == "*"};
    while (true) {
      const std::size_t comma = text.find(',');
      MS_TRY(const std::uint64_t values, parse_part(text.substr(0, comma), range));
      field.values |= values;
      if (comma == std::string_view::npos) return field;
      text.remove_prefix(comma + 1);
    }
  }

  [[nodiscard]] Result<std::uint64_t> parse_part(std::string_view text, const Range& range) const {
    const std::optional<Part> part = read_part(text);
    if (!part) {
      return bad_part(range, text, "is not a number, a range a-b, or either of them with /step");
    }
    const unsigned first = part->from.value_or(range.min);
    const bool is_single = part->from && !part->step;
    const unsigned last = part->to.value_or(is_single ? first : std::max(first, range.open_end));
    for (const unsigned value : {first, last}) {
      if (value < range.min || value > range.max) {
        return bad_part(range, text, fmt::format("is not within {}-{}", range.min, range.max));
      }
    }
    if (first > last) return bad_part(range, text, "ends before it starts");
    const unsigned step = part->step.value_or(1);
    if (step < 1) return bad_part(range, text, "has a step below 1");
    std::uint64_t values = 0;
    for (unsigned value = first; value <= last; value += step)
      values |= std::uint64_t{1} << value;
    return values;
  }

  std::string_view text_;
};

Result<CronExpression> CronExpression::parse(std::string_view text) {
  return Parser(text).parse();
}

bool CronExpression::fits_day(std::int64_t day) const {
  const std::chrono::sys_days date{std::chrono::days(day)};
  const std::chrono::year_month_day calendar(date);
  if (!month_.has(static_cast<unsigned>(calendar.month()))) return false;
  const bool day_fits = day_of_month_.has(static_cast<unsigned>(calendar.day()));
  const bool weekday_fits = weekday_.has(std::chrono::weekday(date).c_encoding());
  if (day_of_month_.is_any || weekday_.is_any) return day_fits && weekday_fits;
  return day_fits || weekday_fits;
}

Result<std::int64_t> CronExpression::next_after(std::int64_t unix_ms) const {
  const std::int64_t clamped = std::clamp(unix_ms, -kUnixMsMax, kUnixMsMax);
  const auto instant = std::chrono::milliseconds(clamped);
  const std::int64_t next_minute = std::chrono::floor<std::chrono::minutes>(instant).count() + 1;
  const std::int64_t first_day =
      std::chrono::floor<std::chrono::days>(std::chrono::minutes(next_minute)).count();
  for (std::int64_t day = first_day; day < first_day + kSearchDays; ++day) {
    if (!fits_day(day)) continue;
    const std::int64_t start = day == first_day ? next_minute - day * kDayMinutes : 0;
    for (std::int64_t minute = start; minute < kDayMinutes; ++minute) {
      const auto hour_of_day = static_cast<unsigned>(minute / 60);
      if (!hour_.has(hour_of_day)) {
        minute += 59 - minute % 60;  // no minute of this hour fits
      } else if (minute_.has(static_cast<unsigned>(minute % 60))) {
        return (day * kDayMinutes + minute) * kMinuteMs;
      }
    }
  }
  return Error(ErrorCode::InvalidArgument, "Could not find next cron time within 366 days", "cron");
}

}  // namespace moonstone::runtime::jobs
