// Moonstone. Licence: see LICENSE.
#include "orm/internal/date_text.h"

#include <cmath>

#include <fmt/format.h>

#include "base/check.h"

namespace moonstone::orm {

namespace {

constexpr double kUnixMsMax = 8.64e15;  // of JavaScript's Date
constexpr std::int64_t kDayMs = 86'400'000;

/// Days since 1970 to a date of the Gregorian calendar. The year begins in March here, so that the
/// leap day is the last of it.
struct Date {
  std::int64_t year;
  int month;
  int day;
};

Date date_of(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;  // days since 0000-03-01
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  const int month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {.year = year_of_era + era * 400 + (month <= 2 ? 1 : 0), .month = month, .day = day};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the prefix that looks like `form`, in which 0 stands for any digit.
bool take(std::string_view& text, std::string_view form) {
  if (text.size() < form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i]) return false;
  }
  text.remove_prefix(form.size());
  return true;
}

}  // namespace

std::optional<std::string> iso_text_of(double unix_ms) {
  if (!std::isfinite(unix_ms) || std::abs(unix_ms) > kUnixMsMax) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(unix_ms);
  std::int64_t days = whole / kDayMs;
  std::int64_t rest = whole % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  const Date date = date_of(days);
  const std::string year =
      date.year >= 0 && date.year <= 9999
          ? fmt::format("{:04}", date.year)
          : fmt::format("{}{:06}", date.year < 0 ? '-' : '+', std::abs(date.year));
  return fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, date.month, date.day,
                     rest / 3'600'000, rest / 60'000 % 60, rest / 1'000 % 60, rest % 1'000);
}

std::string iso_now(std::int64_t unix_ms) {
  auto text = iso_text_of(static_cast<double>(unix_ms));
  MS_CHECK(text.has_value(), "the clock shows a time that dates have");
  return *std::move(text);
}

bool is_date_text(std::string_view text) {
  return take(text, "0000-00-00") && text.empty();
}

bool is_date_time_text(std::string_view text) {
  if (!take(text, "0000-00-00")) return false;
  if (text.empty()) return true;
  if (!take(text, "T00:00:00")) return false;
  if (take(text, ".")) {
    if (text.empty() || !is_digit(text.front())) return false;
    while (!text.empty() && is_digit(text.front()))
      text.remove_prefix(1);
  }
  if (text.empty() || text == "Z") return true;
  return (take(text, "+00:00") || take(text, "-00:00")) && text.empty();
}

}  // namespace moonstone::orm
