// Moonstone. Licence: see LICENSE.
#pragma once
// What is told about queries, as JSON, and the advice that follows from it.
// Threads: pure functions, but for the plans, which a database is asked for.

#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "engine/database.h"
#include "live/inspection.h"
#include "protocol/functions/read_recorder.h"
#include "query/footprint.h"

namespace moonstone::protocol::functions {

/// A share of a millisecond, to three places.
[[nodiscard]] double shown_milliseconds(std::chrono::nanoseconds duration);

/// What a run looked at of its caller: ["identity", "address"].
[[nodiscard]] Array to_json_value(live::SessionReads reads);
[[nodiscard]] std::string_view name_of(live::QueryState state);
/// Counters, cause and size of one live query, without its function.
[[nodiscard]] Object to_json_value(const live::QueryStatistics& statistics);

/// One object per dependency, at most kDependenciesToldMax.
[[nodiscard]] Array dependencies_json(const query::Footprint& footprint);

/// A shape of reads with the plan by which the store reads it.
struct PlannedReads {
  RecordedReads reads;
  std::optional<store::ReadPlan> plan;  // nothing: a document by its id, or the store cannot tell
  bool was_run = true;                  // `found` and `time` are known
};
[[nodiscard]] std::vector<PlannedReads> plan_reads(engine::Database& database,
                                                   std::vector<RecordedReads> reads);
/// The shapes of what a query depends on, for one that nobody watched while it ran.
[[nodiscard]] std::vector<RecordedReads> reads_of(const query::Footprint& footprint);
[[nodiscard]] Array to_json_value(const std::vector<PlannedReads>& reads);

/// What would make the reads cheaper, or the query wake less often; a sentence each.
[[nodiscard]] std::vector<std::string> advice_on_reads(const std::vector<PlannedReads>& reads);
[[nodiscard]] std::vector<std::string> advice_on_footprint(const query::Footprint& footprint);
[[nodiscard]] std::vector<std::string> advice_on_runs(const live::QueryInfo& info);

}  // namespace moonstone::protocol::functions
