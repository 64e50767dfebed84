// Moonstone. Licence: see LICENSE.
#pragma once
// What the live engine tells about its queries: who shares one, what woke it last, what it cost.
//
// Each query keeps some counters and its last cause; the rest is read when somebody asks.
// Threads: plain values.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "live/caller.h"
#include "query/footprint.h"
#include "store/store.h"

namespace moonstone::live {

/// The newest change that touched a query.
struct WakeCause {
  store::Version version = 0;  // of the commit; 0: nothing has touched it yet
  std::string table;  // empty: everything changed, as by a new schema, a reset, another program
  std::string key;    // the first row of the commit that touched it
};

/// What a query has done since it was made.
struct QueryStatistics {
  std::uint64_t runs = 0;        // the first one included
  std::uint64_t reruns = 0;      // of them, caused by commits
  std::uint64_t suppressed = 0;  // re-runs with the same result as before
  std::uint64_t failed = 0;
  std::uint64_t stopped = 0;             // on the fast lane, for their time
  std::chrono::nanoseconds work_last{};  // CPU time
  std::chrono::nanoseconds work_max{};
  std::chrono::nanoseconds work_total{};
  std::uint64_t documents_last = 0;  // read by the newest run
  std::uint64_t documents_total = 0;
  WakeCause woken_by;
};

enum class QueryState : unsigned char {
  Waiting,  // for its first answer
  Current,  // its answer is that of the newest version
  Stale,    // touched since; it runs soon, or nobody can receive the result now
  Failed,   // the newest run failed, the answer is older
  Idle      // nobody is subscribed; the answer is kept for whoever asks next
};

struct QueryInfo {
  std::uint64_t number = 0;  // names it while it lives
  std::string key;
  SessionReads reads;  // of its callers; empty: all callers share it
  QueryState state = QueryState::Waiting;
  bool is_slow = false;           // runs beside the others, at its own pace
  bool lasts = true;              // the answer follows from the data alone
  std::size_t subscriptions = 0;  // that share it
  std::size_t subscribers = 0;    // connections that hold them
  std::size_t result_bytes = 0;
  store::Version answer_version = 0;
  QueryStatistics statistics;
  std::chrono::milliseconds fast_run_max{};  // beyond, a query is slow
  query::FootprintPtr footprint;             // of the answer; null: there is none yet
};

struct Inspection {
  /// Which queries; nothing: all.
  std::function<bool(const QueryInfo& candidate)> wants = {};  // sees `number` and `key` alone
  /// The costliest ones, by CPU time.
  std::size_t queries_max = 100;
};

}  // namespace moonstone::live
