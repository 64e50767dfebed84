// Moonstone. Licence: see LICENSE.
#include "store/seeds.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "store/sqlite/internal/migration_script.h"
#include "store/sqlite/internal/migration_time.h"
#include "store/sqlite/internal/raw_sql.h"

namespace moonstone::store {

namespace {

constexpr std::string_view kTable =
    "CREATE TABLE IF NOT EXISTS \"_litestone_seeds\" (name TEXT PRIMARY KEY, status TEXT NOT NULL, "
    "appliedAt TEXT NOT NULL, notes TEXT)";
constexpr std::string_view kRecord =
    "INSERT INTO \"_litestone_seeds\" (name, status, appliedAt, notes) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET status = excluded.status, appliedAt = excluded.appliedAt, "
    "notes = excluded.notes";

/// One row for each day from 2000-01-01 to 2100-12-31. Weeks are counted from Monday, as
/// strftime('%W') does.
constexpr std::string_view kCalendar = R"sql(
CREATE TABLE IF NOT EXISTS calendar (
  date TEXT NOT NULL PRIMARY KEY,
  day INTEGER NOT NULL,
  weekday INTEGER NOT NULL,
  weekdayName TEXT NOT NULL,
  weekNumber INTEGER NOT NULL,
  weekOfMonth INTEGER NOT NULL,
  month TEXT NOT NULL,
  monthName TEXT NOT NULL,
  quarter INTEGER NOT NULL,
  year INTEGER NOT NULL
);
INSERT OR IGNORE INTO calendar
WITH RECURSIVE days (date) AS (
  SELECT '2000-01-01'
  UNION ALL
  SELECT date(date, '+1 day') FROM days WHERE date < '2100-12-31'
),
parts AS (
  SELECT date, CAST(strftime('%d', date) AS INTEGER) AS day,
    CAST(strftime('%w', date) AS INTEGER) AS weekday,
    CAST(strftime('%m', date) AS INTEGER) AS month
  FROM days
)
SELECT date, day, weekday,
  CASE weekday WHEN 0 THEN 'Sunday' WHEN 1 THEN 'Monday' WHEN 2 THEN 'Tuesday'
    WHEN 3 THEN 'Wednesday' WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' ELSE 'Saturday' END,
  CAST(strftime('%W', date) AS INTEGER),
  (day + 6) / 7,
  strftime('%Y-%m', date),
  CASE month WHEN 1 THEN 'January' WHEN 2 THEN 'February' WHEN 3 THEN 'March'
    WHEN 4 THEN 'April' WHEN 5 THEN 'May' WHEN 6 THEN 'June' WHEN 7 THEN 'July'
    WHEN 8 THEN 'August' WHEN 9 THEN 'September' WHEN 10 THEN 'October'
    WHEN 11 THEN 'November' ELSE 'December' END,
  (month + 2) / 3,
  CAST(strftime('%Y', date) AS INTEGER)
FROM parts;
)sql";
constexpr std::string_view kCalendarName = "calendar";

Status write_record(RawConnection& connection,
                    std::string_view name,
                    const Status& done,
                    Clock& clock) {
  MS_TRY_STATUS(connection.exec(kTable));
  const std::array<Value, 4> values = {Value(name), Value(done ? "applied" : "failed"),
                                       Value(sqlite::iso_time(clock.unix_ms())),
                                       done ? Value(nullptr) : Value(done.error().message())};
  MS_TRY_STATUS(connection.run(kRecord, values));
  return {};
}

}  // namespace

Result<std::vector<SeedRecord>> read_seed_records(RawConnection& connection) {
  MS_TRY(const SqlRows there,
         connection.query("SELECT 1 FROM sqlite_schema WHERE name = '_litestone_seeds'"));
  std::vector<SeedRecord> records;
  if (there.rows.empty()) return records;
  MS_TRY(const SqlRows rows,
         connection.query("SELECT name, status, appliedAt, coalesce(notes, '') FROM "
                          "\"_litestone_seeds\" ORDER BY name"));
  for (const std::vector<Value>& row : rows.rows) {
    const auto text = [&](std::size_t i) { return row[i].is_text() ? row[i].as_text() : ""; };
    records.push_back({text(0), text(1), text(2), text(3)});
  }
  return records;
}

std::optional<std::string> builtin_seed(std::string_view name) {
  if (name == kCalendarName) return std::string(kCalendar);
  return std::nullopt;
}

std::vector<std::string> builtin_seed_names() {
  return {std::string(kCalendarName)};
}

Status run_seed(RawConnection& connection,
                std::string_view name,
                std::string_view sql,
                Clock& clock) {
  if (!connection.is_open()) {
    return Error(ErrorCode::FailedPrecondition, "the connection is closed", "closed");
  }
  Status done = sqlite::run_migration_script(
      connection.handle(), sql, [&] { return write_record(connection, name, ok(), clock); });
  if (done) return done;
  write_record(connection, name, done, clock).ignore("the seed's own error is told");
  return done;
}

Status record_seed(RawConnection& connection,
                   std::string_view name,
                   const Status& done,
                   Clock& clock) {
  return write_record(connection, name, done, clock);
}

}  // namespace moonstone::store
