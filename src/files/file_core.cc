// Moonstone. Licence: see LICENSE.
#include "files/internal/file_core.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <utility>

namespace moonstone::files {
namespace {

/// Objects looked up in one snapshot: long snapshots keep the WAL from shrinking.
constexpr std::size_t kSweepBatch = 256;
constexpr std::int64_t kSweepIntervalMs = FileService::kOrphanAgeMs;
constexpr std::string_view kSweptFile = "/swept";

Error closing() {
  return {ErrorCode::Cancelled, "the server is closing these files", "shutting_down"};
}

std::int64_t last_sweep(const std::string& folder) {
  std::ifstream file(folder + std::string(kSweptFile));
  std::int64_t unix_ms = 0;
  file >> unix_ms;
  return unix_ms;
}

/// Keys that nobody may write as long as it lives: those asked for that were not busy already.
class Claim {
 public:
  using Busy = FileService::Core::Busy;
  Claim(Guarded<Busy>& busy, std::vector<std::string> wanted) : busy_(busy) {
    const auto held = busy_.lock();
    for (std::string& key : wanted) {
      if (held->keys.insert(key).second) keys_.push_back(std::move(key));
    }
  }
  ~Claim() {
    const auto held = busy_.lock();
    for (const std::string& key : keys_)
      held->keys.erase(key);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }

 private:
  Guarded<Busy>& busy_;
  std::vector<std::string> keys_;
};

}  // namespace

bool Gate::enter() {
  const MutexLock held(mutex_);
  if (is_closed_) return false;
  ++inside_;
  return true;
}

void Gate::leave() {
  const MutexLock held(mutex_);
  --inside_;
  changed_.notify_all();
}

void Gate::close() {
  const MutexLock held(mutex_);
  is_closed_ = true;
  while (inside_ > 0)
    changed_.wait(mutex_);
}

bool Gate::is_closed() {
  const MutexLock held(mutex_);
  return is_closed_;
}

FileService::Core::Core(engine::Database& database_of_tenant,
                        FileServiceOptions given,
                        std::string secret)
    : database(database_of_tenant),
      store(std::move(given.store)),
      threads(*given.threads),
      state_folder(std::move(given.state_folder)),
      limits(given.limits),
      inline_types(given.inline_types),
      clock(given.clock == nullptr ? system_clock() : *given.clock),
      random(given.random == nullptr ? system_random() : *given.random),
      logger(given.logger == nullptr ? null_logger() : *given.logger),
      links(std::move(secret), given.links, random) {}

Result<std::optional<FileRecord>> FileService::Core::find(std::string_view storage_id) {
  if (!gate.enter()) return closing();
  auto found = find_inside(storage_id);
  gate.leave();
  return found;
}

void FileService::Core::submit(engine::MutationCall call) {
  if (!gate.enter()) return call.done(closing());
  // The answer leaves by a transfer thread: here it could come inside the gate, and let go of the
  // last hold on the tenant.
  using Answer = decltype(call.done);
  call.done = [&thread = threads.next_transfer(),
               done = std::make_shared<Answer>(std::move(call.done))](
                  Result<engine::MutationOutcome> outcome) {
    const auto shared = std::make_shared<Result<engine::MutationOutcome>>(std::move(outcome));
    const auto answer = [done, shared] { (*done)(std::move(*shared)); };
    if (!thread.post(answer)) answer();
  };
  database.submit(std::move(call));
  gate.leave();
}

Result<std::optional<FileRecord>> FileService::Core::find_inside(std::string_view storage_id) {
  const auto held = reader.lock();
  if (*held == nullptr) {
    MS_TRY(*held, database.new_reader());
  }
  engine::ReadSession& session = **held;
  MS_TRY_STATUS(session.begin());
  engine::DocumentReader documents(session.source(), {});
  auto record = find_record(documents, storage_id);
  session.end();
  return record;
}

Result<std::vector<std::string>> FileService::Core::without_row(std::vector<std::string> keys,
                                                                engine::ReadSession& session) {
  MS_TRY_STATUS(session.begin());
  engine::DocumentReader documents(session.source(), {});
  std::vector<std::string> orphans;
  Status looked;
  for (std::string& key : keys) {
    const auto record = find_record(documents, std::string(kStorageIdPrefix) + key);
    if (!record) looked = record.error();
    if (!record) break;
    if (!record->has_value()) orphans.push_back(std::move(key));
  }
  session.end();
  MS_TRY_STATUS(looked);
  return orphans;
}

Result<std::uint64_t> FileService::Core::erase_orphans(std::vector<std::string> keys,
                                                       engine::ReadSession& session) {
  // First the claim, then the snapshot: an upload that ended before has its row in it, and none of
  // the same key can begin.
  const Claim claim(busy, std::move(keys));
  MS_TRY(const std::vector<std::string> orphans, without_row(claim.keys(), session));
  for (const std::string& key : orphans)
    MS_TRY_STATUS(store->erase(key));
  return orphans.size();
}

Result<std::uint64_t> FileService::Core::sweep(std::int64_t age_ms) {
  const std::int64_t latest = clock.unix_ms() - age_ms;
  MS_TRY(const auto session, database.new_reader());
  std::uint64_t removed = 0;
  std::vector<std::string> batch;
  const auto flush = [&]() -> Status {
    MS_TRY(const std::uint64_t count, erase_orphans(std::exchange(batch, {}), *session));
    removed += count;
    return {};
  };
  MS_TRY_STATUS(store->list([&](const StoredObject& object) -> Status {
    if (gate.is_closed()) return closing();
    if (object.written_unix_ms > latest) return {};
    batch.push_back(object.key);
    return batch.size() < kSweepBatch ? Status() : flush();
  }));
  MS_TRY_STATUS(flush());
  return removed;
}

void FileService::Core::run_sweep() {
  std::ofstream(state_folder + std::string(kSweptFile)) << clock.unix_ms();
  Status discarded = store->discard_unfinished(clock.unix_ms() - kUnfinishedAgeMs);
  const auto removed = sweep(kOrphanAgeMs);
  if (discarded && !removed) discarded = removed.error();
  if (!discarded && discarded.error().code() != ErrorCode::Cancelled) {
    logger.log(LogLevel::Warn, "files", "sweep_failed", {{"error", discarded.error().message()}});
  } else if (removed && *removed > 0) {
    logger.log(LogLevel::Info, "files", "orphans_removed",
               {{"count", static_cast<std::int64_t>(*removed)}});
  }
}

void FileService::Core::sweep_later() {
  const std::int64_t next = last_sweep(state_folder) + kSweepIntervalMs;
  const std::int64_t wait = std::clamp<std::int64_t>(next - clock.unix_ms(), 0, kSweepIntervalMs);
  threads.after(std::chrono::milliseconds(wait), [weak = weak_from_this()] {
    const std::shared_ptr<Core> core = weak.lock();
    if (core == nullptr || !core->gate.enter()) return;
    core->run_sweep();
    core->sweep_later();
    core->gate.leave();
  });
}

void FileService::Core::erase_later(std::vector<std::string> keys) {
  threads.maintenance().post([weak = weak_from_this(), keys = std::move(keys)]() mutable {
    const std::shared_ptr<Core> core = weak.lock();
    if (core == nullptr || !core->gate.enter()) return;
    auto session = core->database.new_reader();
    Result<std::uint64_t> erased = 0;
    if (session) erased = core->erase_orphans(std::move(keys), **session);
    if (!erased && erased.error().code() != ErrorCode::Cancelled) {
      core->logger.log(LogLevel::Warn, "files", "delete_failed",
                       {{"error", erased.error().message()}});
    }
    if (session) session->reset();  // before the database may go
    core->gate.leave();
  });
}

Result<Admission> Admission::admit(std::shared_ptr<FileService::Core> core, std::string key) {
  FileService::Core& of = *core;
  const auto busy = of.busy.lock();
  if (busy->uploads >= of.limits.uploads_max) {
    return Error(ErrorCode::Unavailable,
                 "more than " + std::to_string(of.limits.uploads_max) +
                     " uploads at once; try again in a moment",
                 "uploads_busy");
  }
  if (!busy->keys.insert(key).second) {
    return Error(ErrorCode::AlreadyExists, "the file " + key + " is being stored already");
  }
  ++busy->uploads;
  const std::uint64_t epoch = busy->epoch;
  return Admission(std::move(core), std::move(key), epoch);
}

Admission::~Admission() {
  if (core_ == nullptr) return;
  const auto busy = core_->busy.lock();
  busy->keys.erase(key_);
  --busy->uploads;
}

Status Admission::check_epoch() const {
  if (core_->busy.lock()->epoch == epoch_) return {};
  return Error(ErrorCode::Cancelled, "all files were deleted during the upload", "reset");
}

}  // namespace moonstone::files
