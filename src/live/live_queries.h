// Moonstone. Licence: see LICENSE.
#pragma once
// Live queries: who depends on what, what to run again after a commit, and in which order each
// subscriber hears of it.
//
// A live query is a key, a function that runs it on a snapshot, and its subscriptions. Queries with
// the same key run once and share one result: the same bytes go to everybody. A run that looks at
// its caller says so; its result is then shared only among callers who agree on what it read, and
// the others get runs of their own. After a commit the
// indexes over the footprints name the touched queries without visiting the others; those are run
// in one snapshot on the fast lane, and each subscriber gets one ordered batch of what changed. A
// query that exceeds the fast lane's budget moves to the slow lane and follows on its own.
// Invariants:
//  (1) Every delivered result is the query's answer at one version; per subscription versions rise.
//  (2) No commit falls between a first run and its registration: a ring of recent commits is
//      replayed over (version of the run, now], or the query runs again.
//  (3) An unchanged result (same bytes) is not delivered again, unless it was promised
//      (when_delivered); one that is told after a failure repeats its version.
//  (4) At most one run of a query is under way; a commit meanwhile makes it run once more.
//  (5) A subscriber gets results only of runs whose `reads` are the same of it and of the caller
//      for whom it ran.
// Threads: synchronised; all bookkeeping and delivery happen on one thread of its own (the strand).
// Source: design.md decision 13; functions.md sections 8 and 21.28.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/thread_cache.h"
#include "engine/database.h"
#include "live/caller.h"
#include "live/inspection.h"
#include "query/footprint.h"

namespace moonstone::live {

using engine::Version;

/// JSON text shared by everyone who sends it.
using SharedText = std::shared_ptr<const std::string>;

/// The outcome of one run of a query.
struct RunResult {
  Result<SharedText> json = Error(ErrorCode::Internal, "not run");
  query::FootprintPtr footprint;  // also of a failed run, as far as it got; never null
  /// CPU time spent before the query proper (code had to be loaded); not counted against its lane.
  std::chrono::nanoseconds preparation{};
  /// The answer follows from the data alone. Others (the time of day, chance) are shared by those
  /// who are subscribed together, but never handed to somebody who asks later.
  bool lasts = true;
  /// What the run looked at of its caller; also of a failed run, whose error may tell of it.
  SessionReads reads = {};
  std::uint64_t documents_read = 0;  // also by a failed run
  std::uint64_t bytes_read = 0;      // of these documents
};

/// Runs the query inside `snapshot` (begun already) for a caller before `deadline`; a run that hits
/// it returns DeadlineExceeded. Called on lane threads, perhaps for several callers at once. A
/// function that does not look at its caller may leave that parameter out.
class RunFunction {
 public:
  using Deadline = std::chrono::steady_clock::time_point;
  using Run = std::function<RunResult(
      engine::ReadSession& snapshot, const engine::Session& caller, Deadline deadline)>;

  template <class F>
    requires std::invocable<F&, engine::ReadSession&, const engine::Session&, Deadline>
  RunFunction(F run) : run_(std::move(run)) {}  // NOLINT(google-explicit-constructor)

  template <class F>
    requires std::invocable<F&, engine::ReadSession&, Deadline>
  RunFunction(F run)  // NOLINT(google-explicit-constructor)
      : run_([run = std::move(run)](engine::ReadSession& snapshot,
                                    const engine::Session& /*caller*/,
                                    Deadline deadline) { return run(snapshot, deadline); }) {}

  RunResult operator()(engine::ReadSession& snapshot,
                       const engine::Session& caller,
                       Deadline deadline) const {
    return run_(snapshot, caller, deadline);
  }

 private:
  Run run_;
};

/// What is asked, and by whom.
struct QueryDefinition {
  std::string key;  // function and canonical arguments, nothing of the caller
  RunFunction run;
  CallerPtr caller = nullptr;  // null: nobody in particular
  /// When it was asked for; set by LiveQueries, for its latencies.
  std::chrono::steady_clock::time_point asked = {};
};

/// Chosen by the subscriber; unique per subscriber at one time.
struct SubscriptionId {
  std::uint64_t value = 0;
  friend auto operator<=>(const SubscriptionId&, const SubscriptionId&) = default;
};

struct Update {
  SubscriptionId subscription;
  SharedText json;
  /// Was named as late, and is still: another update follows (when_delivered).
  bool is_late = false;
};

/// One receiver of results, e.g. a connection. All calls come from the strand and must not block.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// The first result of a subscription. After an error the subscription does not exist.
  virtual void on_first_result(SubscriptionId subscription, const Result<SharedText>& json) = 0;
  /// All that one commit changed for this subscriber, in the order of subscribing.
  virtual void on_updates(std::span<const Update> updates, Version version) = 0;
  /// Whether it can take more. While false its queries skip versions; call resume() when it can:
  /// once it has said false there are no updates before that.
  [[nodiscard]] virtual bool ready() const { return true; }
};
using SubscriberPtr = std::shared_ptr<Subscriber>;  // shared by the transport and this engine

/// Told about deliveries; gets the subscriptions that follow later.
using Delivered = std::move_only_function<void(std::span<const SubscriptionId> late)>;

struct LiveOptions {
  /// CPU time of a run on the fast lane; beyond, the query moves to the slow lane.
  std::chrono::milliseconds fast_run_max{20};
  /// Time after which a run on the fast lane is stopped, so that it delays nobody longer. A busy
  /// machine may hold a quick query up; only its own work should cost it its lane.
  std::chrono::milliseconds fast_stop_after{100};
  /// A run on the slow lane and a first run.
  std::chrono::milliseconds run_max{1000};
  std::size_t ring_commits = 1024;      // recent commits kept for the race-free registration
  std::size_t idle_queries_max = 1024;  // answers kept after their last subscriber left
  std::size_t readers = 2;              // threads for first runs and the slow lane
  ThreadIdleMax thread_idle_max{};      // threads without work keep their caches for so long
  Logger* logger = nullptr;
};

class LiveQueries : public engine::CommitObserver {
 public:
  /// Observes `database`, which must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<LiveQueries>> create(engine::Database& database,
                                                                   LiveOptions options);

  /// Subscribes; the first result arrives at on_first_result. An id in use is replaced.
  virtual void subscribe(SubscriberPtr subscriber, SubscriptionId id, QueryDefinition query) = 0;
  virtual void unsubscribe(const SubscriberPtr& subscriber, SubscriptionId id) = 0;
  /// Forgets the subscriber with all its subscriptions; afterwards it is not called any more once
  /// the strand has passed this point.
  virtual void remove(const SubscriberPtr& subscriber) = 0;
  /// The subscriber can take more: delivers the newest state of what it skipped.
  virtual void resume(const SubscriberPtr& subscriber) = 0;

  /// From now on the subscriber is somebody else. Subscriptions whose queries have read what is
  /// different run anew for the new caller, and deliver if the result differs; all others stay as
  /// they are. `then` is called on the strand: afterwards nothing arrives that was meant for the
  /// former caller.
  virtual void change_caller(const SubscriberPtr& subscriber,
                             CallerPtr caller,
                             std::move_only_function<void()> then) = 0;

  /// Runs a query once, sharing a current answer if there is one; `done` is called on some thread.
  virtual void run_once(QueryDefinition query,
                        std::function<void(const Result<SharedText>&)> done) = 0;

  /// Calls `then` on the strand once everything that commits up to `version` cause on the fast lane
  /// for `subscriber` has been handed to it. Others do not hold it back: those on the slow lane, or
  /// all while the subscriber is not ready. `then` gets the subscriptions that may still change
  /// because of these commits; each of them will be told its result, even if it is the same.
  virtual void when_delivered(const SubscriberPtr& subscriber, Version version, Delivered then) = 0;

  /// Queries for whose key `replace` returns a run function get it (code was swapped) and run again
  /// if subscribed; returns when this is queued. What the new code reads of its callers is found
  /// out anew, so that queries are shared again which stopped reading.
  virtual void replace_runs(
      std::function<std::optional<RunFunction>(const std::string& key)> replace) = 0;

  /// Drops every subscription without a word (the wire tells its clients); for /__dev/reset.
  virtual void clear() = 0;

  struct Counters {
    std::uint64_t runs = 0;        // handler runs, first ones included
    std::uint64_t reruns = 0;      // of them, caused by commits
    std::uint64_t suppressed = 0;  // re-runs whose result was unchanged
    std::uint64_t candidates = 0;  // dependencies checked in full after the index look-up
    std::uint64_t moved_slow = 0;
    std::uint64_t queries = 0;        // now
    std::uint64_t subscriptions = 0;  // now
    std::uint64_t waiting_runs = 0;   // now: first and slow runs, those under way included
    std::uint64_t updates = 0;        // results after the first one that were handed over
  };
  [[nodiscard]] virtual Counters counters() const = 0;

  struct Latencies {
    HistogramCounts answers;  // from asking for a query to its first answer
    /// From the announcement of a commit until all ready subscribers have what it changed on the
    /// fast lane.
    HistogramCounts pushes;
  };
  [[nodiscard]] virtual Latencies latencies() const = 0;

  /// Tells about the queries that `inspection` wants; `done` is called on the strand.
  /// Cost: on the strand, O(queries) cheap steps.
  virtual void inspect(Inspection inspection,
                       std::move_only_function<void(std::vector<QueryInfo>)> done) = 0;

  /// Waits until everything committed so far is delivered; for tests.
  virtual void drain() = 0;
};

}  // namespace moonstone::live
