// Moonstone. Licence: see LICENSE.
#pragma once
// Cron jobs in the database: brought in line with what a project declares, and fired when due.
//
// A cron job that is due becomes an ordinary job, in the transaction that sets its next time, so a
// crash neither loses a run nor doubles it. While that job waits or runs, its cron job does not
// fire again: what it misses meanwhile, as what was missed while the server was down, is one run.
// Threads: confined to the transaction's thread. Source: functions.md 12.2, 20 (19) and 21.14.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "engine/transaction.h"
#include "runtime/jobs/job.h"

namespace moonstone::runtime::jobs {

/// Makes `_crons` say what `definitions` says. New jobs and those with a changed schedule get their
/// next time from now; a changed function or changed arguments count for a run that waits already;
/// of a job that is gone nothing is left, and its waiting run is cancelled. It writes only what
/// differs, and returns whether anything did. Errors: those of check_cron; LimitExceeded for more
/// than kCronsMax.
[[nodiscard]] Result<bool> replace_crons(engine::Transaction& transaction,
                                         const std::vector<CronDefinition>& definitions);

/// Turns every cron job that is due and idle into a pending job.
[[nodiscard]] Status fire_due_crons(engine::Transaction& transaction);

/// Writes down at its cron job how a job ended; nothing if the job is not its latest.
[[nodiscard]] Status note_cron_outcome(engine::Transaction& transaction, const Job& job);

/// When the next idle cron job is due; nothing if there is none.
[[nodiscard]] Result<std::optional<std::int64_t>> next_cron(engine::DocumentReader& reader);

}  // namespace moonstone::runtime::jobs
