// Moonstone. Licence: see LICENSE.
// What the writer does beside writing: it opens a failed store again, prunes, keeps the WAL short.

#include <algorithm>
#include <utility>

#include "engine/disk_failure.h"
#include "engine/internal/database_impl.h"

namespace moonstone::engine {

namespace {

/// Changed rows after which the change log is looked at for pruning.
constexpr std::size_t kPruneChanges = 20'000;
/// A client that has been silent for this long has long given up on its unanswered mutations.
constexpr std::int64_t kLedgerAgeMaxMs = std::int64_t{30} * 24 * 60 * 60 * 1000;
/// Looking for them reads the head of every client.
constexpr std::int64_t kLedgerPruneEveryMs = std::int64_t{60} * 60 * 1000;
/// After a failure of the disk the store is opened again this often before those who wait are told;
/// afterwards for ever, since only an operator knows when the disk is back.
constexpr unsigned kPatientRestarts = 3;
constexpr std::chrono::milliseconds kRestartPauseMin{50};
constexpr std::chrono::milliseconds kRestartPauseMax{5'000};

}  // namespace

Status DatabaseImpl::try_restart() {
  MS_TRY_STATUS(store_->restart());
  return load_state();
}

bool DatabaseImpl::pause_for(std::chrono::milliseconds duration) {
  const auto until = std::chrono::steady_clock::now() + duration;
  const MutexLock lock(mutex_);
  while (!stopping_) {
    if (wake_.wait_until(mutex_, until) == Condition::Wake::TimedOut) return true;
  }
  return false;
}

bool DatabaseImpl::restart_store(const Error& cause) {
  options_.logger->log(LogLevel::Error, "engine", "storage_failed", {{"error", cause.message()}});
  restart_pause_ = kRestartPauseMin;
  for (unsigned attempt = 1;; ++attempt) {
    const Status restarted = try_restart();
    if (restarted) {
      ++restarts_;
      options_.logger->log(LogLevel::Warn, "engine", "storage_restarted",
                           {{"version", static_cast<std::int64_t>(found_version_)}});
      return true;
    }
    if (attempt == kPatientRestarts || !pause_for(restart_pause_)) {
      refuse_writes(restarted.error());
      return false;
    }
    restart_pause_ *= 2;
  }
}

void DatabaseImpl::refuse_writes(const Error& cause) {
  const Error refusal = storage_failed(cause);
  next_restart_ = std::chrono::steady_clock::now() + restart_pause_;
  std::deque<PendingCall> calls;
  std::deque<Task> tasks;
  {
    const MutexLock lock(mutex_);
    failure_ = refusal;
    calls.swap(queue_);
    tasks.swap(tasks_);
  }
  options_.logger->log(LogLevel::Error, "engine", "writes_refused", {{"error", cause.message()}});
  for (PendingCall& member : calls)
    member.call.done(refusal);
  for (Task& task : tasks)
    task.done.set_value(refusal);
}

void DatabaseImpl::retry_restart() {
  if (Status restarted = try_restart(); !restarted) {
    restart_pause_ = std::min(2 * restart_pause_, kRestartPauseMax);
    refuse_writes(restarted.error());
    return;
  }
  ++restarts_;
  options_.logger->log(LogLevel::Warn, "engine", "storage_restarted",
                       {{"version", static_cast<std::int64_t>(found_version_)}});
  version_ = std::max<Version>(version_, found_version_);
  deliver(group_writer_->resolve(store_->writer(), found_version_));
  const MutexLock lock(mutex_);
  failure_.reset();
}

void DatabaseImpl::tend(std::size_t changes, store::Writer::WalCare care) {
  changes_since_prune_ += changes;
  const Status tended = tend_store(care);
  if (tended || !is_disk_failure(tended.error())) return;
  if (!restart_store(tended.error())) return;
  deliver(group_writer_->resolve(store_->writer(), found_version_));
}

Status DatabaseImpl::tend_store(store::Writer::WalCare care) {
  const auto report = [this](std::string_view event, const Status& done) {
    if (!done)
      options_.logger->log(LogLevel::Warn, "engine", event, {{"error", done.error().message()}});
    return done;
  };
  Status pruned;
  if (changes_since_prune_ >= kPruneChanges) pruned = report("prune_failed", prune());
  Status tended = report("checkpoint_failed", store_->writer().tend_wal(care));
  return pruned ? std::move(tended) : std::move(pruned);
}

Status DatabaseImpl::prune() {
  store::Writer& writer = store_->writer();
  MS_TRY(const store::Writer::Begun begun, writer.begin());
  if (begun.outside_change) {  // for the next group to commit, and to announce
    writer.rollback();
    return {};
  }
  const std::int64_t now = options_.clock->unix_ms();
  const bool prunes_ledger = now - ledger_pruned_unix_ms_ >= kLedgerPruneEveryMs;
  const auto step = [&]() -> Result<bool> {
    MS_TRY(const store::PruneOutcome log, writer.prune_log({}));
    store::PruneOutcome ledger;
    if (prunes_ledger) {
      MS_TRY(ledger, writer.prune_ledger(now - kLedgerAgeMaxMs));
    }
    MS_TRY_STATUS(writer.commit());
    if (prunes_ledger && !ledger.may_have_more) ledger_pruned_unix_ms_ = now;
    return log.may_have_more || ledger.may_have_more;
  };
  auto has_more = step();
  if (!has_more) {
    if (writer.in_transaction()) writer.rollback();
    return Error(has_more.error());
  }
  if (!*has_more) changes_since_prune_ = 0;
  return {};
}

}  // namespace moonstone::engine
