// Moonstone. Licence: see LICENSE.
#pragma once
// LiveState: the bookkeeping of live queries as a state machine without threads, clocks or store.
//
// It is fed with commits, wishes of subscribers and finished runs; it hands out runs to be done
// and, in deliver*() only, calls the subscribers. One round of its owner: feed what has arrived;
// begin a batch and run its jobs in one snapshot, each followed by deliver_completed(); deliver();
// give what take_reader_jobs() names to the readers.
// Invariants: those of live_queries.h, and
//  (1) A query is in its family; if it has an answer, its footprint is filed in the index.
//  (2) A query with nobody interested is idle and Current, or its run is under way, or it is gone.
//  (3) A subscriber is called by deliver*() alone, so no call can meet a half-changed state.
//  (4) Within a batch a subscriber hears nothing before its last query of the batch has run, and
//      does not wait for the others.
//  (5) The answer of a query is of a run that read at most its variant of a caller whom it covers;
//      all its subscriptions and waiters are of callers whom it covers.
//  (6) No two queries of a family cover the same caller: a new one tells callers apart by all that
//      the family reads, which includes what any of its queries reads.
// Threads: confined to the strand. Source: design.md decision 13.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "live/internal/commit_ring.h"
#include "live/internal/dependency_index.h"
#include "live/internal/idle_queries.h"
#include "live/internal/live_query.h"
#include "live/live_queries.h"

namespace moonstone::live {

/// Runs on the readers, waiting or under way. Beyond, whoever needs a first run is refused with
/// LimitExceeded (reason "overloaded"): at a millisecond each this is already ten seconds of work.
inline constexpr std::size_t kReaderRunsMax = 10'000;
/// Subscribers called before the strand hears again who waits for a reply: a tenth of a
/// millisecond.
inline constexpr std::size_t kDeliveriesAtOnce = 64;
/// Quick runs in a row (below half the budget) after which a query returns to the fast lane.
inline constexpr int kQuickRunsToReturn = 3;

class LiveState {
 public:
  explicit LiveState(const LiveOptions& options);
  LiveState(const LiveState&) = delete;
  LiveState& operator=(const LiveState&) = delete;

  /// Everything up to that version is older than all that will be fed.
  void start_at(Version version) { version_ = version; }

  // What has happened. Nothing here calls a subscriber, but for ready().
  void commit(const engine::CommitPtr& commit);
  void finish(FinishedRun run);
  void subscribe(SubscriberPtr subscriber, SubscriptionId id, QueryDefinition definition);
  void unsubscribe(const SubscriberPtr& subscriber, SubscriptionId id);
  void remove(const SubscriberPtr& subscriber);
  void resume(const SubscriberPtr& subscriber);
  void change_caller(const SubscriberPtr& subscriber, const CallerPtr& caller);
  void run_once(QueryDefinition definition, RunOnceDone done);
  /// May also be fed within a batch; then the queries of `subscriber` go ahead of the rest.
  void when_delivered(SubscriberPtr subscriber, Version version, Delivered then);
  void replace_runs(
      const std::function<std::optional<RunFunction>(const std::string& key)>& replace);
  void clear();
  /// Time has passed: ends what was parked until then.
  void tick(Instant now);

  // What is to be done.
  [[nodiscard]] bool has_fast_work() const { return !fast_queue_.empty(); }
  /// Makes a batch of the touched queries that somebody can receive. All commits that its snapshot
  /// contains have been fed.
  void begin_batch();
  /// The next run of the batch, in the order of registration; each is finished before the next.
  [[nodiscard]] std::optional<RunJob> next_fast_job();
  /// Calls those whose part of the batch is done: first whoever a reply waits for, then some of the
  /// others. True: some are left, and another call goes on.
  bool deliver_completed();
  [[nodiscard]] std::vector<RunJob> take_reader_jobs();
  /// Tells the subscriber now which of its subscriptions are refused: before it is somebody else,
  /// as an error tells of the caller for whom it arose.
  void deliver_refusals(const SubscriberPtr& subscriber);
  /// Calls everybody for whom there is something. Cost: O(what is due).
  void deliver();
  /// Answers those who wait for run_once() that there will be no answer.
  void give_up();
  [[nodiscard]] std::optional<Instant> next_tick() const;

  /// The newest version whose commits have all been fed.
  [[nodiscard]] Version version() const { return version_; }
  /// Whether nothing is to be run and nothing is running.
  [[nodiscard]] bool is_settled() const {
    return fast_queue_.empty() && reader_jobs_.empty() && reader_runs_ == 0;
  }
  [[nodiscard]] LiveQueries::Counters counters() const;
  /// The costliest of the queries that are wanted, the costliest first. Cost: O(queries).
  [[nodiscard]] std::vector<QueryInfo> inspect(const Inspection& inspection) const;
  /// When those asked who have got their first answer since the last call.
  void take_answered(std::vector<Instant>& asked);

 private:
  struct Refusal {
    SubscriberPtr subscriber;
    SubscriptionId id;
    Error error;
  };
  struct Answer {
    RunOnceDone done;
    Result<SharedText> json;
  };
  struct Parked {
    QueryNumber query;
    std::uint64_t parked_as = 0;
  };
  struct DeliveryWaiter {
    SubscriberPtr subscriber;
    Version version = 0;
    Delivered then;
  };

  // live_state.cc: who is interested in what
  SubscriberRecord& record_of(SubscriberPtr subscriber);
  SubscriberRecord* find_record(const SubscriberPtr& subscriber);
  LiveQuery* find_query(QueryNumber number);
  LiveQuery* find_or_make_query(QueryDefinition& definition);
  LiveQuery& make_query(Family& family, SessionReads reads, const CallerPtr& caller);
  void join(LiveQuery& query);
  void detach(Subscription& subscription);
  void drop_record_if_empty(SubscriberRecord& record);
  void forget_refusals(const Subscriber* subscriber, std::optional<SubscriptionId> id);
  void release_if_unwanted(LiveQuery& query);
  void drop(LiveQuery& query);
  void trim_idle();

  // live_state_runs.cc: what runs when
  void touch(LiveQuery& query);
  void request_run(LiveQuery& query, RunCause cause);
  RunJob make_job(const LiveQuery& query, Lane lane, RunCause cause) const;
  bool is_wanted(LiveQuery& query);
  bool is_ready(SubscriberRecord& record);
  void mark_lagging(LiveQuery& query);
  void run_if_wanted(LiveQuery& query, RunCause cause);
  void conclude(LiveQuery& query, FinishedRun run);
  void succeed(LiveQuery& query, FinishedRun run);
  void fail(LiveQuery& query, const FinishedRun& run);
  void choose_lane(LiveQuery& query, const FinishedRun& run);
  void file_footprint(LiveQuery& query, const FinishedRun& run);
  void refuse_waiting(LiveQuery& query, const Error& error, std::optional<Version> up_to);
  void answer_waiters(LiveQuery& query);
  void park(LiveQuery& query, Parking parking, Instant until);
  static void unpark(LiveQuery& query);
  static void note_cause(LiveQuery& query, const engine::Commit& commit, std::size_t change);
  static void note_run(LiveQuery& query, const FinishedRun& run);
  void end_parking(LiveQuery& query);

  // live_state_variants.cc: callers who can no longer share a query, or can again
  /// The query of the family that answers the caller, or null.
  static LiveQuery* find_covering(const Family& family, const Caller& caller);
  void split(LiveQuery& query, FinishedRun run);
  void place(Subscription& subscription, LiveQuery& query);
  void move_to_own_query(Subscription& subscription);
  void replace_run(Family& family, RunFunction run);
  void reunite(Family& family);

  // live_state_delivery.cc
  void mark_due(Subscription& subscription);
  void complete_share(const LiveQuery& query);
  void deliver_to(SubscriberRecord& record);
  void deliver_early(SubscriberRecord& record);
  void answer_delivery_waiters();
  std::vector<SubscriptionId> promise_late_ones(SubscriberRecord& record, Version version);
  [[nodiscard]] static bool can_settle_debt(const Subscription& subscription);
  [[nodiscard]] static bool must_repeat(const Subscription& subscription);
  [[nodiscard]] bool can_answer_first(const Subscription& subscription) const;

  LiveOptions options_;
  Version version_ = 0;
  std::uint64_t round_ = 1;        // of asking ready()
  std::uint64_t last_number_ = 0;  // of queries, subscriptions, subscribers and parkings

  std::unordered_map<std::string, std::unique_ptr<Family>> families_;  // by key
  std::unordered_map<QueryNumber, LiveQuery*, QueryNumberHash> by_number_;
  std::unordered_map<const Subscriber*, std::unique_ptr<SubscriberRecord>> subscribers_;
  std::unique_ptr<DependencyIndex> index_;
  CommitRing ring_;
  IdleQueries idle_;

  std::map<QueryNumber, RunCause> fast_queue_;
  std::map<QueryNumber, RunCause> batch_;  // what has not run yet of the batch under way
  std::deque<QueryNumber> urgent_;         // of the batch: somebody waits for them; may be done
  std::deque<std::uint64_t> completed_;    // subscribers whose part of the batch is done
  std::vector<RunJob> reader_jobs_;
  std::size_t reader_runs_ = 0;  // taken and not finished
  std::multimap<Instant, Parked> parked_;

  std::map<std::uint64_t, SubscriberRecord*> active_;  // have something due, by number
  std::vector<Refusal> refusals_;
  std::vector<Answer> answers_;
  std::vector<DeliveryWaiter> delivery_waiters_;
  bool has_delivery_news_ = false;  // somebody waits anew, or a part of the batch is done

  LiveQueries::Counters counters_;
  std::size_t subscription_count_ = 0;
  std::vector<Instant> answered_;     // of whom: when they asked
  std::vector<QueryNumber> touched_;  // kept to save the allocation
};

}  // namespace moonstone::live
