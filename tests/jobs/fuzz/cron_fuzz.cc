// Moonstone. Licence: see LICENSE.
//
// CronExpression on any bytes: it never crashes, and the next time that it finds is a whole minute
// after the moment and stays the same when it is asked again from just before it.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "runtime/jobs/cron.h"

using moonstone::runtime::jobs::CronExpression;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::int64_t unix_ms = 1'795'267'800'000;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto cron = CronExpression::parse(text);
  if (!cron) return 0;
  // Texts that parse hold only digits and marks, so other moments come from their length.
  unix_ms += static_cast<std::int64_t>(size) * 123'456'789;
  const auto next = cron->next_after(unix_ms);
  if (!next) return 0;
  MS_CHECK(*next > unix_ms && *next % 60'000 == 0, "the next time is no later whole minute");
  MS_CHECK(cron->next_after(*next - 1).value() == *next, "the next time is not the first one");
  return 0;
}
