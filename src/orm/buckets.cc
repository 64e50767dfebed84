// Moonstone. Licence: see LICENSE.
#include "orm/internal/buckets.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace moonstone::orm {
namespace {

using query::TimeUnit;

constexpr std::int64_t kHourSeconds = 3600;
constexpr std::int64_t kDaySeconds = 24 * kHourSeconds;

/// Reads numbers and signs from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<int> digits(std::size_t count) {
    if (text_.size() < count) return std::nullopt;
    int number = 0;
    const char* const end = text_.data() + count;
    const auto read = std::from_chars(text_.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || text_.front() == '-') return std::nullopt;
    text_.remove_prefix(count);
    return number;
  }

  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  void skip_digits() {
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9')
      text_.remove_prefix(1);
  }

  [[nodiscard]] bool is_at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::chrono::year_month_day date_of(std::int64_t unix_seconds) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(unix_seconds)));
}

int year_of(const std::chrono::year_month_day& date) {
  return static_cast<int>(date.year());
}

unsigned month_of(const std::chrono::year_month_day& date) {
  return static_cast<unsigned>(date.month());
}

/// strftime's %W: weeks begin on Monday, what is before the first Monday is week 0.
int week_of(const std::chrono::year_month_day& date) {
  const std::chrono::sys_days day(date);
  const std::chrono::sys_days new_year(date.year() / std::chrono::January / 1);
  const int day_of_year = static_cast<int>((day - new_year).count());
  const int weekday = static_cast<int>(std::chrono::weekday(day).c_encoding());  // Sunday is 0
  const int days_since_monday = (weekday + 6) % 7;
  return (day_of_year + 7 - days_since_monday) / 7;
}

/// Time of day in seconds after "T" or a space; nothing if it is none.
std::optional<std::int64_t> scan_time(Scanner& scanner) {
  const auto hour = scanner.digits(2);
  if (!hour || !scanner.take(':')) return std::nullopt;
  const auto minute = scanner.digits(2);
  if (!minute) return std::nullopt;
  int second = 0;
  if (scanner.take(':')) {
    const auto given = scanner.digits(2);
    if (!given) return std::nullopt;
    second = *given;
    if (scanner.take('.')) scanner.skip_digits();
  }
  if (*hour > 24 || *minute > 59 || second > 60) return std::nullopt;
  return *hour * kHourSeconds + *minute * 60 + second;
}

/// Seconds east of UTC.
std::optional<std::int64_t> scan_offset(Scanner& scanner) {
  if (scanner.is_at_end() || scanner.take('Z')) return 0;
  const bool is_west = scanner.take('-');
  if (!is_west && !scanner.take('+')) return std::nullopt;
  const auto hours = scanner.digits(2);
  if (!hours || !scanner.take(':')) return std::nullopt;
  const auto minutes = scanner.digits(2);
  if (!minutes) return std::nullopt;
  const std::int64_t seconds = *hours * kHourSeconds + *minutes * 60;
  return is_west ? -seconds : seconds;
}

/// The beginning of the next step from the one at `time`. Weeks go by days: the last and the first
/// days of years have labels of their own.
std::int64_t next_step(TimeUnit unit, std::int64_t time) {
  using std::chrono::months;
  const auto first_of_month = [&](months after) {
    const auto date = date_of(time);
    const auto month = std::chrono::year_month(date.year(), date.month()) + after;
    const std::chrono::sys_days day(month / 1);
    return std::chrono::sys_seconds(day).time_since_epoch().count();
  };
  switch (unit) {
    case TimeUnit::Year: {
      const auto date = date_of(time);
      return first_of_month(months(13 - static_cast<int>(month_of(date))));
    }
    case TimeUnit::Quarter: {
      const auto date = date_of(time);
      return first_of_month(months(3 - static_cast<int>((month_of(date) - 1) % 3)));
    }
    case TimeUnit::Month:
      return first_of_month(months(1));
    case TimeUnit::Week:
    case TimeUnit::Day:
      return time + kDaySeconds;
    case TimeUnit::Hour:
      return time + kHourSeconds;
  }
  return time + kDaySeconds;
}

}  // namespace

std::optional<std::int64_t> parse_unix_seconds(std::string_view text) {
  Scanner scanner(text);
  const auto year = scanner.digits(4);
  if (!year || !scanner.take('-')) return std::nullopt;
  const auto month = scanner.digits(2);
  if (!month || !scanner.take('-')) return std::nullopt;
  const auto day = scanner.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  std::int64_t seconds =
      std::chrono::sys_seconds(std::chrono::sys_days(date)).time_since_epoch().count();
  if (scanner.is_at_end()) return seconds;
  if (!scanner.take('T') && !scanner.take(' ')) return std::nullopt;
  const auto time = scan_time(scanner);
  if (!time) return std::nullopt;
  const auto offset = scan_offset(scanner);
  if (!offset || !scanner.is_at_end()) return std::nullopt;
  return seconds + *time - *offset;
}

std::string bucket_label(TimeUnit unit, std::int64_t unix_seconds) {
  const auto date = date_of(unix_seconds);
  const auto day = static_cast<unsigned>(date.day());
  switch (unit) {
    case TimeUnit::Year:
      return fmt::format("{:04}", year_of(date));
    case TimeUnit::Quarter:
      return fmt::format("{:04}-Q{}", year_of(date), (month_of(date) - 1) / 3 + 1);
    case TimeUnit::Month:
      return fmt::format("{:04}-{:02}", year_of(date), month_of(date));
    case TimeUnit::Week:
      return fmt::format("{:04}-W{:02}", year_of(date), week_of(date));
    case TimeUnit::Day:
      return fmt::format("{:04}-{:02}-{:02}", year_of(date), month_of(date), day);
    case TimeUnit::Hour: {
      const std::int64_t second_of_day = (unix_seconds % kDaySeconds + kDaySeconds) % kDaySeconds;
      return fmt::format("{:04}-{:02}-{:02}T{:02}", year_of(date), month_of(date), day,
                         second_of_day / kHourSeconds);
    }
  }
  return {};
}

Result<std::vector<std::string>> bucket_labels(TimeUnit unit,
                                               std::int64_t first,
                                               std::int64_t last) {
  std::vector<std::string> labels;
  if (first > last) return labels;
  const std::string last_label = bucket_label(unit, last);
  std::size_t steps = 0;
  for (std::int64_t time = first;; time = next_step(unit, time)) {
    std::string label = bucket_label(unit, time);
    if (labels.empty() || labels.back() != label) labels.push_back(std::move(label));
    if (labels.back() == last_label) return labels;
    if (++steps > kBucketsMax * 7 || labels.size() > kBucketsMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("fillGaps: more than {} buckets", kBucketsMax), "buckets");
    }
  }
}

}  // namespace moonstone::orm
