// Moonstone. Licence: see LICENSE.
// The engine behind LiveQueries: the strand with the fast lane, and the reader threads.
//
// The strand alone touches LiveState. Each of its rounds feeds what has arrived, runs the touched
// queries in one snapshot, delivers, and hands the other runs to the readers.
#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "live/internal/inbox.h"
#include "live/internal/live_state.h"
#include "live/internal/run_queue.h"
#include "live/live_queries.h"

namespace moonstone::live {
namespace {

/// How long the strand waits for the announcement of a commit that its snapshot already contains.
/// The writer announces right after COMMIT returns, so this only bounds the harm of a lost one.
constexpr std::chrono::seconds kCatchUpMax{1};

using Clock = std::chrono::steady_clock;

class LiveEngine final : public LiveQueries {
 public:
  LiveEngine(engine::Database& database, const LiveOptions& options)
      : database_(database),
        options_(options),
        logger_(options.logger != nullptr ? *options.logger : null_logger()),
        run_queue_(options.readers),
        state_(options) {}
  ~LiveEngine() override;

  Status start();

  void on_commit(const engine::CommitPtr& commit) override;

  void subscribe(SubscriberPtr subscriber, SubscriptionId id, QueryDefinition query) override;
  void unsubscribe(const SubscriberPtr& subscriber, SubscriptionId id) override;
  void remove(const SubscriberPtr& subscriber) override;
  void resume(const SubscriberPtr& subscriber) override;
  void change_caller(const SubscriberPtr& subscriber,
                     CallerPtr caller,
                     std::move_only_function<void()> then) override;
  void run_once(QueryDefinition query,
                std::function<void(const Result<SharedText>&)> done) override;
  void when_delivered(const SubscriberPtr& subscriber, Version version, Delivered then) override;
  void replace_runs(
      std::function<std::optional<RunFunction>(const std::string& key)> replace) override;
  void clear() override;
  Counters counters() const override;
  Latencies latencies() const override {
    return {.answers = answers_.counts(), .pushes = pushes_.counts()};
  }
  void inspect(Inspection inspection,
               std::move_only_function<void(std::vector<QueryInfo>)> done) override;
  void drain() override;

 private:
  void run_strand();
  void wait_for_work();
  void run_round();
  void run_fast_batch();
  void deliver_completed();
  void feed_delivery_wishes();
  void catch_up(Version version);
  void assume_lost_commit(Version version);
  void publish_counters();
  void record_latencies(std::int64_t announced_ns);
  void answer_drains();
  void run_reader(engine::ReadSession& session);
  FinishedRun run(RunJob job, engine::ReadSession& session, const Result<store::SnapshotInfo>&);
  void log_failure(const FinishedRun& run);

  engine::Database& database_;
  const LiveOptions options_;
  Logger& logger_;
  Inbox inbox_;
  RunQueue run_queue_;

  // Confined to the strand.
  LiveState state_;
  std::unique_ptr<engine::ReadSession> strand_session_;
  std::vector<std::promise<void>> drains_;
  std::vector<Instant> answered_;  // kept to save the allocation
  std::uint64_t updates_known_ = 0;

  Histogram answers_;
  Histogram pushes_;
  /// When the oldest commit was announced that the strand has not looked at; 0: there is none.
  std::atomic<std::int64_t> announced_ns_{0};
  mutable std::mutex counters_mutex_;  // taken alone
  Counters counters_;

  std::vector<std::unique_ptr<engine::ReadSession>> reader_sessions_;
  std::vector<std::jthread> readers_;
  std::jthread strand_;
};

Status LiveEngine::start() {
  MS_TRY(strand_session_, database_.new_reader());
  for (std::size_t i = 0; i < options_.readers; ++i) {
    MS_TRY(reader_sessions_.emplace_back(), database_.new_reader());
  }
  database_.add_observer(*this);
  state_.start_at(database_.version());  // what came before is not announced to us
  strand_ = start_thread("live", [this](const std::stop_token&) { run_strand(); });
  for (const auto& session : reader_sessions_) {
    readers_.push_back(start_thread(
        "live-" + std::to_string(readers_.size() + 1),
        [this, reader = session.get()](const std::stop_token&) { run_reader(*reader); }));
  }
  return {};
}

LiveEngine::~LiveEngine() {
  database_.remove_observer(*this);
  inbox_.close();
  run_queue_.close();
  if (strand_.joinable()) strand_.join();
  for (std::jthread& reader : readers_)
    reader.join();
}

void LiveEngine::on_commit(const engine::CommitPtr& commit) {
  std::int64_t none = 0;
  announced_ns_.compare_exchange_strong(none, Clock::now().time_since_epoch().count());
  inbox_.push_commit(commit);
}

void LiveEngine::subscribe(SubscriberPtr subscriber, SubscriptionId id, QueryDefinition query) {
  query.asked = Clock::now();
  inbox_.push_wish(
      [this, subscriber = std::move(subscriber), id, query = std::move(query)]() mutable {
        state_.subscribe(std::move(subscriber), id, std::move(query));
      });
}

void LiveEngine::unsubscribe(const SubscriberPtr& subscriber, SubscriptionId id) {
  inbox_.push_wish([this, subscriber, id] { state_.unsubscribe(subscriber, id); });
}

void LiveEngine::remove(const SubscriberPtr& subscriber) {
  inbox_.push_wish([this, subscriber] { state_.remove(subscriber); });
}

void LiveEngine::resume(const SubscriberPtr& subscriber) {
  inbox_.push_wish([this, subscriber] { state_.resume(subscriber); });
}

void LiveEngine::change_caller(const SubscriberPtr& subscriber,
                               CallerPtr caller,
                               std::move_only_function<void()> then) {
  inbox_.push_wish(
      [this, subscriber, caller = std::move(caller), then = std::move(then)]() mutable {
        state_.deliver_refusals(subscriber);
        state_.change_caller(subscriber, caller);
        then();
      });
}

void LiveEngine::run_once(QueryDefinition query,
                          std::function<void(const Result<SharedText>&)> done) {
  query.asked = Clock::now();
  inbox_.push_wish([this, query = std::move(query), done = std::move(done)]() mutable {
    state_.run_once(std::move(query), std::move(done));
  });
}

void LiveEngine::when_delivered(const SubscriberPtr& subscriber, Version version, Delivered then) {
  inbox_.push_delivery_wish(
      {.subscriber = subscriber, .version = version, .then = std::move(then)});
}

void LiveEngine::replace_runs(
    std::function<std::optional<RunFunction>(const std::string& key)> replace) {
  inbox_.push_wish([this, replace = std::move(replace)] { state_.replace_runs(replace); });
}

void LiveEngine::clear() {
  inbox_.push_wish([this] { state_.clear(); });
}

LiveQueries::Counters LiveEngine::counters() const {
  const std::lock_guard lock(counters_mutex_);
  return counters_;
}

void LiveEngine::drain() {
  std::promise<void> promise;
  std::future<void> drained = promise.get_future();
  inbox_.push_wish(
      [this, promise = std::move(promise)]() mutable { drains_.push_back(std::move(promise)); });
  drained.wait();
}

void LiveEngine::inspect(Inspection inspection,
                         std::move_only_function<void(std::vector<QueryInfo>)> done) {
  inbox_.push_wish([this, inspection = std::move(inspection), done = std::move(done)]() mutable {
    done(state_.inspect(inspection));
  });
}

void LiveEngine::run_strand() {
  while (true) {
    if (!state_.has_fast_work()) wait_for_work();
    if (inbox_.is_closed()) break;
    run_round();
  }
  // Wishes that nobody will fulfil any more; those for one answer still get one.
  for (Wish& wish : inbox_.take_wishes())
    wish();
  state_.give_up();
  drains_.clear();
}

void LiveEngine::wait_for_work() {
  const std::optional<Instant> tick = state_.next_tick();
  if (options_.thread_idle_max.count() > 0) {
    const Instant idle = Clock::now() + options_.thread_idle_max;
    if (tick && *tick <= idle) {
      inbox_.wait(tick);
      return;
    }
    if (inbox_.wait(idle)) return;
    release_thread_caches();
  }
  inbox_.wait(tick);
}

void LiveEngine::run_round() {
  const std::int64_t announced_ns = announced_ns_.exchange(0);
  std::vector<Wish> wishes = inbox_.take_wishes();
  // Commits are fetched after the wishes: what a wish may know of has been announced before it.
  for (const engine::CommitPtr& commit : inbox_.take_commits())
    state_.commit(commit);
  for (Wish& wish : wishes)
    wish();
  wishes.clear();
  feed_delivery_wishes();
  state_.tick(Clock::now());
  run_fast_batch();
  run_queue_.push(state_.take_reader_jobs());
  publish_counters();
  state_.deliver();
  record_latencies(announced_ns);
  answer_drains();
}

void LiveEngine::run_fast_batch() {
  if (!state_.has_fast_work()) return;
  const Result<store::SnapshotInfo> snapshot = strand_session_->begin();
  // All queries of the batch show one version, and nothing older than it stays undelivered.
  if (snapshot) catch_up(snapshot->version);
  state_.begin_batch();
  while (std::optional<RunJob> job = state_.next_fast_job()) {
    state_.finish(run(*std::move(job), *strand_session_, snapshot));
    if (inbox_.is_closed()) break;
    deliver_completed();
  }
  strand_session_->end();
}

/// Whoever waits for a reply is asked for again and again: it shall not wait for calls to thousands
/// of others.
void LiveEngine::deliver_completed() {
  do {
    feed_delivery_wishes();
  } while (state_.deliver_completed());
}

/// Whoever waits to be told was told the version of its commit after that was announced; the state
/// waits for both.
void LiveEngine::feed_delivery_wishes() {
  for (DeliveryWish& wish : inbox_.take_delivery_wishes()) {
    state_.when_delivered(std::move(wish.subscriber), wish.version, std::move(wish.then));
  }
}

/// Feeds the commits up to a version that a snapshot has already shown.
void LiveEngine::catch_up(Version version) {
  const Instant until = Clock::now() + kCatchUpMax;
  while (state_.version() < version) {
    const engine::CommitPtr commit = inbox_.wait_for_commit(version, until);
    if (!commit) {
      if (!inbox_.is_closed()) assume_lost_commit(version);
      return;
    }
    state_.commit(commit);
  }
}

/// Nobody can tell what it changed, so everything runs again.
void LiveEngine::assume_lost_commit(Version version) {
  logger_.log(LogLevel::Error, "live", "commit_not_announced",
              {{"version", static_cast<std::int64_t>(version)}});
  auto everything = std::make_shared<engine::Commit>();
  everything->version = version;
  everything->everything = true;
  state_.commit(everything);
}

void LiveEngine::publish_counters() {
  const Counters counters = state_.counters();
  const std::lock_guard lock(counters_mutex_);
  counters_ = counters;
}

/// At the end of a round. Nothing of a commit that changed nothing for anybody.
void LiveEngine::record_latencies(std::int64_t announced_ns) {
  const std::uint64_t updates = state_.counters().updates;
  const bool has_updates = std::exchange(updates_known_, updates) != updates;
  state_.take_answered(answered_);
  if (has_updates) publish_counters();
  if (!has_updates && answered_.empty()) return;
  const Instant now = Clock::now();
  for (const Instant asked : answered_)
    answers_.record(now - asked);
  if (has_updates && announced_ns != 0) {
    pushes_.record(now.time_since_epoch() - std::chrono::nanoseconds(announced_ns));
  }
}

void LiveEngine::answer_drains() {
  if (drains_.empty() || !state_.is_settled() || !inbox_.is_empty()) return;
  for (std::promise<void>& drain : std::exchange(drains_, {}))
    drain.set_value();
}

void LiveEngine::run_reader(engine::ReadSession& session) {
  while (std::optional<RunJob> job = run_queue_.take(options_.thread_idle_max)) {
    const Result<store::SnapshotInfo> snapshot = session.begin();
    FinishedRun finished = run(*std::move(job), session, snapshot);
    session.end();
    run_queue_.done(finished.job);
    inbox_.push_wish([this, finished = std::move(finished)]() mutable {
      if (finished.snapshot) catch_up(finished.snapshot->version);
      state_.finish(std::move(finished));
    });
  }
}

FinishedRun LiveEngine::run(RunJob job,
                            engine::ReadSession& session,
                            const Result<store::SnapshotInfo>& snapshot) {
  const auto time_max = job.lane == Lane::Fast ? options_.fast_stop_after : options_.run_max;
  FinishedRun finished;
  finished.job = std::move(job);
  const Instant start = Clock::now();
  const std::chrono::nanoseconds cpu_start = thread_cpu_time();
  if (snapshot) {
    finished.snapshot = *snapshot;
    finished.schema = session.source().schema();
    finished.result =
        (*finished.job.run)(session, finished.job.caller->session(), start + time_max);
  } else {
    finished.result.json = snapshot.error();
  }
  if (!finished.result.footprint) {
    finished.result.footprint = std::make_shared<const query::Footprint>();
  }
  finished.at = Clock::now();
  finished.work = thread_cpu_time() - cpu_start - finished.result.preparation;
  log_failure(finished);
  return finished;
}

/// A first failure is told to whoever asked; a failed re-run would otherwise pass unnoticed.
void LiveEngine::log_failure(const FinishedRun& run) {
  if (run.result.json || is_stale_code(run.result)) return;
  const Error& error = run.result.json.error();
  const bool moves_lane = run.job.lane == Lane::Fast && error.code() == ErrorCode::DeadlineExceeded;
  if (moves_lane || (run.job.is_first && run.snapshot)) return;
  logger_.log(LogLevel::Warn, "live", "rerun_failed",
              {{"query", static_cast<std::int64_t>(run.job.query.value)},
               {"code", to_string(error.code())},
               {"reason", error.reason()},
               {"error", error.message()}});
}

}  // namespace

Result<std::unique_ptr<LiveQueries>> LiveQueries::create(engine::Database& database,
                                                         LiveOptions options) {
  options.readers = std::max<std::size_t>(options.readers, 1);  // or nothing would ever start
  auto live = std::make_unique<LiveEngine>(database, options);
  MS_TRY_STATUS(live->start());
  return live;
}

}  // namespace moonstone::live
