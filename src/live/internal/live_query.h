// Moonstone. Licence: see LICENSE.
#pragma once
// Family, LiveQuery, Subscription and SubscriberRecord: what the strand knows, as plain data.
//
// A family is a function with arguments. It has one query as long as no run reads its caller; else
// one for each group of callers who agree on what is read (a variant). No two queries of a family
// cover the same caller.
//
// A query moves like this; `flight` says whether a run is under way:
//
//   Unknown --first run--> Current --touched--> Dirty --run--> Current
//                             |                    `--failed--> Failed --touched--> Dirty
//                             `--last subscriber leaves--> idle (kept while Current) --> gone
//
// Threads: confined to the strand. Owner: LiveState.

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "live/internal/commit_ring.h"
#include "live/internal/query_number.h"
#include "live/live_queries.h"
#include "schema/schema.h"

namespace moonstone::live {

using Instant = std::chrono::steady_clock::time_point;
using RunOnceDone = std::function<void(const Result<SharedText>&)>;

enum class Freshness : unsigned char {
  Unknown,  // has no answer yet
  Current,  // the answer is that of the newest version known
  Dirty,    // touched since it was computed
  Failed,   // the newest run failed and nothing has touched it since; the answer is older
};

enum class Flight : unsigned char {
  Grounded,
  Queued,   // for the next batch of the fast lane
  Running,  // handed out to be run
};

enum class Lane : unsigned char { Fast, Reader };

enum class RunCause : unsigned char {
  Asked,   // somebody subscribed or asked once
  Commit,  // a commit touched it
  Code,    // its run function was replaced
};

/// Why a query waits although it should run.
enum class Parking : unsigned char {
  None,
  Code,   // its code does not fit the snapshots: until code or schema change
  Store,  // no snapshot could be taken or read: for a while
};

struct LiveQuery;
struct SubscriberRecord;

/// What has the same key.
struct Family {
  std::string key;
  std::shared_ptr<const RunFunction> run;  // shared with the runs under way
  std::uint64_t generation = 0;            // of the run function
  /// By runs of this function so far; whoever comes new is told apart by that.
  SessionReads reads;
  std::map<Variant, std::unique_ptr<LiveQuery>> queries;  // never empty
};

/// Whether a subscription has come from another query and has heard nothing of its present one.
enum class Moved : unsigned char {
  No,
  Yes,            // what it was sent stays true of its caller
  ToOtherCaller,  // what it was sent was meant for a former caller
};

struct Subscription {
  SubscriberRecord* subscriber = nullptr;
  SubscriptionId id;
  LiveQuery* query = nullptr;
  CallerPtr caller;
  std::uint64_t order = 0;  // of subscribing, over all subscribers
  Instant asked;            // when; for the latency of the first answer
  Version since = 0;        // the first result of the query contains this version
  SharedText sent;          // null: the first result is due
  Version sent_version = 0;
  Moved moved = Moved::No;
  /// The result at this version or later is told even if it is the same; nothing: is not owed.
  std::optional<Version> owed = std::nullopt;
};

struct SubscriberRecord {
  SubscriberPtr subscriber;
  std::uint64_t number = 0;
  std::map<SubscriptionId, std::unique_ptr<Subscription>> subscriptions;
  std::map<std::uint64_t, Subscription*> due;  // by order: may have something to deliver
  bool lags = false;                           // skipped something while it was not ready
  std::size_t outstanding = 0;                 // subscriptions whose query runs in this batch
  std::uint64_t asked_in_round = 0;            // when ready() was asked last
  bool was_ready = false;
};

/// Somebody who wants the answer once.
struct Waiter {
  Version since = 0;
  Instant asked;
  CallerPtr caller;
  RunOnceDone done;
};

struct LiveQuery {
  QueryNumber number;
  Family* family = nullptr;
  Variant variant;
  CallerPtr caller;  // one that it covers, for runs

  Freshness freshness = Freshness::Unknown;
  Flight flight = Flight::Grounded;
  Lane lane = Lane::Fast;  // of the runs after the first one
  Parking parking = Parking::None;
  std::uint64_t parked_as = 0;  // the entry among the parked ones that counts
  int quick_runs = 0;           // in a row, while in the slow lane

  SharedText json;                // the answer; null while Unknown
  bool lasts = true;              // the answer follows from the data alone
  Version answer_version = 0;     // at which it was computed
  query::FootprintPtr footprint;  // of the answer
  // Of the newest run, failed or not.
  store::SnapshotInfo snapshot;
  CommitNumber seen;
  std::vector<schema::SchemaPtr> schemas;  // keep the tables that rows of the footprints point to

  QueryStatistics statistics;

  std::map<std::uint64_t, Subscription*> subscriptions;  // by order
  std::vector<Waiter> waiters;
  std::optional<std::list<LiveQuery*>::iterator> idle;  // its place among the idle ones
};

/// A run to be done, by value: the query may be gone when it ends.
struct RunJob {
  QueryNumber query;
  std::uint64_t generation = 0;
  std::shared_ptr<const RunFunction> run;
  CallerPtr caller;
  CommitNumber seen;  // the snapshot contains all commits up to there
  Lane lane = Lane::Reader;
  RunCause cause = RunCause::Asked;
  bool is_first = true;  // the query has no answer yet
};

struct FinishedRun {
  RunJob job;
  std::optional<store::SnapshotInfo> snapshot;  // nothing: it could not be taken
  schema::SchemaPtr schema;                     // of the snapshot
  RunResult result;
  std::chrono::nanoseconds work{};  // CPU time
  Instant at;
};

/// The reason of a run's FailedPrecondition when its code does not fit the snapshot.
inline constexpr std::string_view kStaleCode = "stale_code";

[[nodiscard]] inline bool is_stale_code(const RunResult& result) {
  return !result.json && result.json.error().code() == ErrorCode::FailedPrecondition &&
         result.json.error().reason() == kStaleCode;
}

}  // namespace moonstone::live
