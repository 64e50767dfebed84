// Moonstone. Licence: see LICENSE.

#include "runtime/jobs/cron.h"

#include <chrono>
#include <string>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::runtime::jobs {
namespace {

/// "2026-11-21 13:30" and, for reference moments, "2026-11-21 13:30:59.999".
std::int64_t at(const std::string& text) {
  using std::chrono::sys_days;
  const auto number = [&text](std::size_t start, std::size_t length) {
    return text.size() < start + length ? 0 : std::stoi(text.substr(start, length));
  };
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  const std::int64_t days = sys_days(date).time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + number(11, 2)) * 60 + number(14, 2);
  return (minutes * 60 + number(17, 2)) * 1000 + number(20, 3);
}

std::string shown(std::int64_t unix_ms) {
  using std::chrono::days;
  using std::chrono::milliseconds;
  const std::chrono::sys_time<milliseconds> moment{milliseconds(unix_ms)};
  const auto day = std::chrono::floor<days>(moment);
  const std::chrono::year_month_day date(day);
  const std::int64_t rest = (moment - day).count();
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}{}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     rest / 3'600'000, rest / 60'000 % 60, rest % 60'000 == 0 ? "" : " and more");
}

struct NextTime {
  const char* expression;
  const char* after;
  const char* expected;
};

constexpr NextTime kNextTimes[] = {
    {"* * * * *", "2026-11-21 13:30", "2026-11-21 13:31"},
    {"* * * * *", "2026-11-21 13:30:59.999", "2026-11-21 13:31"},
    {"* * * * *", "2026-12-31 23:59", "2027-01-01 00:00"},
    {"30 10 * * *", "2026-11-21 10:30", "2026-11-22 10:30"},
    {"30 10 * * *", "2026-11-21 10:29:59.999", "2026-11-21 10:30"},
    {"0 * * * *", "2026-11-21 10:00:00.001", "2026-11-21 11:00"},
    {"*/15 * * * *", "2026-11-21 10:16", "2026-11-21 10:30"},
    {"*/15 * * * *", "2026-11-21 10:45", "2026-11-21 11:00"},
    {"7/20 * * * *", "2026-11-21 10:00", "2026-11-21 10:07"},
    {"7/20 * * * *", "2026-11-21 10:47", "2026-11-21 11:07"},
    {"10-20/5 * * * *", "2026-11-21 10:15", "2026-11-21 10:20"},
    {"10-20/5 * * * *", "2026-11-21 10:20", "2026-11-21 11:10"},
    {"5,3,59 * * * *", "2026-11-21 10:05", "2026-11-21 10:59"},
    {"0 9-17 * * *", "2026-11-21 17:00", "2026-11-22 09:00"},
    {"59 23 31 12 *", "2026-11-21 00:00", "2026-12-31 23:59"},
    {"0 0 1 1 *", "2026-01-01 00:00", "2027-01-01 00:00"},
    {"0 0 31 * *", "2026-01-31 00:00", "2026-03-31 00:00"},
    {"0 0 30 * *", "2026-01-30 00:00", "2026-03-30 00:00"},
    // The 29th of February, over a leap year, three ordinary ones, and a century that is none.
    {"0 0 29 2 *", "2024-02-28 12:00", "2024-02-29 00:00"},
    {"0 0 29 2 *", "2024-02-29 00:00", "2028-02-29 00:00"},
    {"0 0 29 2 *", "2096-02-29 00:00", "2104-02-29 00:00"},
    {"0 0 29 2 *", "1999-12-31 00:00", "2000-02-29 00:00"},
    {"0 0 28-30 2 *", "2026-02-28 00:00", "2027-02-28 00:00"},
    // Weekdays: 0 and 7 are Sunday; 2026-11-21 is a Saturday.
    {"0 0 * * 0", "2026-11-21 00:00", "2026-11-22 00:00"},
    {"0 0 * * 7", "2026-11-21 00:00", "2026-11-22 00:00"},
    {"0 0 * * 6-7", "2026-11-21 00:00", "2026-11-22 00:00"},
    {"0 0 * * 6-7", "2026-11-22 00:00", "2026-11-28 00:00"},
    {"0 0 * * 1-5", "2026-11-21 00:00", "2026-11-23 00:00"},
    {"0 0 * * */3", "2026-11-21 00:00", "2026-11-22 00:00"},
    {"0 0 * * 5/1", "2026-11-22 00:00", "2026-11-27 00:00"},
    {"0 0 * * 5/1", "2026-11-27 00:00", "2026-11-28 00:00"},
    // Both days restricted: either of them is enough. 2026-12-01 is a Tuesday.
    {"0 0 1 * 1", "2026-11-21 00:00", "2026-11-23 00:00"},
    {"0 0 1 * 1", "2026-11-30 00:00", "2026-12-01 00:00"},
    {"0 0 13 * 5", "2026-11-13 00:00", "2026-11-20 00:00"},
    {"0 0 29 2 1", "2027-02-22 00:00", "2028-02-07 00:00"},
    {"0 0 30 2 1", "2026-02-28 00:00", "2027-02-01 00:00"},
    // White space of any kind around and between.
    {"  5\t4  3 2\n*  ", "2026-01-01 00:00", "2026-02-03 04:05"},
    // Before 1970.
    {"30 * * * *", "1969-12-31 23:29:59.999", "1969-12-31 23:30"},
    {"0 0 * * *", "1969-12-31 23:59:59.999", "1970-01-01 00:00"},
};

TEST(CronExpression, FindsTheNextTime) {
  for (const NextTime& sample : kNextTimes) {
    SCOPED_TRACE(fmt::format("\"{}\" after {}", sample.expression, sample.after));
    const auto cron = CronExpression::parse(sample.expression);
    ASSERT_TRUE(cron) << cron.error().message();
    const auto next = cron->next_after(at(sample.after));
    ASSERT_TRUE(next) << next.error().message();
    EXPECT_EQ(shown(*next), sample.expected);
  }
}

TEST(CronExpression, SaysWhenThereIsNoTime) {
  for (const char* expression : {"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31 4 *"}) {
    const auto cron = CronExpression::parse(expression);
    ASSERT_TRUE(cron) << expression;
    const auto next = cron->next_after(at("2026-11-21 00:00"));
    ASSERT_FALSE(next) << expression;
    EXPECT_EQ(next.error().message(), "Could not find next cron time within 366 days");
  }
}

TEST(CronExpression, WantsFiveFields) {
  for (const char* expression : {"", "   ", "* * * *", "* * * * * *", "@daily"}) {
    const auto cron = CronExpression::parse(expression);
    ASSERT_FALSE(cron) << expression;
    EXPECT_EQ(cron.error().message(),
              fmt::format("Invalid cron expression \"{}\": expected 5 fields (minute hour "
                          "dayOfMonth month dayOfWeek)",
                          expression));
  }
}

struct Refusal {
  const char* expression;
  const char* message;  // after `Invalid cron expression "E": `
};

constexpr Refusal kRefusals[] = {
    {"60 * * * *", "minute \"60\" is not within 0-59"},
    {"* 24 * * *", "hour \"24\" is not within 0-23"},
    {"* * 0 * *", "dayOfMonth \"0\" is not within 1-31"},
    {"* * 32 * *", "dayOfMonth \"32\" is not within 1-31"},
    {"* * * 13 *", "month \"13\" is not within 1-12"},
    {"* * * * 8", "dayOfWeek \"8\" is not within 0-7"},
    {"99999999999999999999 * * * *", "minute \"99999999999999999999\" is not within 0-59"},
    {"30-10 * * * *", "minute \"30-10\" ends before it starts"},
    {"*/0 * * * *", "minute \"*/0\" has a step below 1"},
    {"1,,2 * * * *", "minute \"\" is not a number, a range a-b, or either of them with /step"},
    {"1, * * * *", "minute \"\" is not a number, a range a-b, or either of them with /step"},
    {"*-5 * * * *", "minute \"*-5\" is not a number, a range a-b, or either of them with /step"},
    {"-5 * * * *", "minute \"-5\" is not a number, a range a-b, or either of them with /step"},
    {"5- * * * *", "minute \"5-\" is not a number, a range a-b, or either of them with /step"},
    {"5/ * * * *", "minute \"5/\" is not a number, a range a-b, or either of them with /step"},
    {"** * * * *", "minute \"**\" is not a number, a range a-b, or either of them with /step"},
    {"* * * JAN *", "month \"JAN\" is not a number, a range a-b, or either of them with /step"},
    {"* * L * *", "dayOfMonth \"L\" is not a number, a range a-b, or either of them with /step"},
    {"0.5 * * * *", "minute \"0.5\" is not a number, a range a-b, or either of them with /step"},
};

TEST(CronExpression, NamesThePartThatItRefuses) {
  for (const Refusal& refusal : kRefusals) {
    const auto cron = CronExpression::parse(refusal.expression);
    ASSERT_FALSE(cron) << refusal.expression;
    EXPECT_EQ(cron.error().message(), fmt::format("Invalid cron expression \"{}\": {}",
                                                  refusal.expression, refusal.message));
  }
}

TEST(CronExpression, HasABoundedLength) {
  const std::string expression = std::string(kCronExpressionBytesMax, ' ') + "* * * * *";
  const auto cron = CronExpression::parse(expression);
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().code(), ErrorCode::LimitExceeded);
}

/// Walks minute by minute, by the definition of a match.
TEST(CronExpression, LeavesNoTimeOut) {
  const auto cron = CronExpression::parse("*/7 3,5-6 2,29 */2 3").value();
  std::int64_t moment = at("2027-12-20 00:00");
  const std::int64_t end = at("2028-03-05 00:00");
  std::int64_t next = cron.next_after(moment - 1).value();
  for (; moment < end; moment += 60'000) {
    const auto day = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(moment)));
    const std::chrono::year_month_day date(day);
    const auto month = static_cast<unsigned>(date.month());
    const auto of_month = static_cast<unsigned>(date.day());
    const std::int64_t hour = moment / 3'600'000 % 24;
    const bool fits =
        moment / 60'000 % 60 % 7 == 0 && (hour == 3 || hour == 5 || hour == 6) && month % 2 == 1 &&
        (of_month == 2 || of_month == 29 || std::chrono::weekday(day) == std::chrono::Wednesday);
    ASSERT_EQ(moment == next, fits) << shown(moment);
    if (fits) next = cron.next_after(moment).value();
  }
}

}  // namespace
}  // namespace moonstone::runtime::jobs
