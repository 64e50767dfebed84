// Moonstone. Licence: see LICENSE.
#pragma once
// CronExpression: five fields (minute hour day-of-month month weekday), in UTC.
//
// A field is `*` or a comma list of: a number, `a-b`, and either of them or `*` with `/step` (a
// number with a step runs to the end of the range). Weekdays are 0-6 from Sunday, and 7 is Sunday.
// When both days are restricted, either of them is enough.
// Threads: immutable. Source: functions.md 12.2 and 21.14; packages/server/src/crons.ts reads the
// same language and says the same of what it refuses.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace moonstone::runtime::jobs {

/// Bytes of one expression: each minute of the hour by number needs less than 200.
inline constexpr std::size_t kCronExpressionBytesMax = 1024;

class CronExpression {
 public:
  /// Errors: InvalidArgument with the texts of functions.md 12.2.
  [[nodiscard]] static Result<CronExpression> parse(std::string_view text);

  /// The first whole minute strictly after the moment that fits. It looks eight years ahead, the
  /// greatest distance between two 29ths of February; an expression without a time within them has
  /// none ever. Errors: InvalidArgument `Could not find next cron time within 366 days`.
  [[nodiscard]] Result<std::int64_t> next_after(std::int64_t unix_ms) const;

  friend bool operator==(const CronExpression&, const CronExpression&) = default;

 private:
  /// One bit per value that fits; `is_any` for a plain `*`.
  struct Field {
    std::uint64_t values = 0;
    bool is_any = false;
    [[nodiscard]] bool has(unsigned value) const { return ((values >> value) & 1U) != 0; }
    friend bool operator==(const Field&, const Field&) = default;
  };
  class Parser;

  [[nodiscard]] bool fits_day(std::int64_t day) const;

  Field minute_;
  Field hour_;
  Field day_of_month_;
  Field month_;
  Field weekday_;
};

}  // namespace moonstone::runtime::jobs
