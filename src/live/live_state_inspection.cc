// Moonstone. Licence: see LICENSE.
// LiveState, the aspect of telling: what a query has done and cost, and why it ran.
#include <algorithm>
#include <set>
#include <utility>

#include "live/internal/live_state.h"

namespace moonstone::live {
namespace {

QueryState state_of(const LiveQuery& query) {
  if (query.idle) return QueryState::Idle;
  if (query.json == nullptr) return QueryState::Waiting;
  switch (query.freshness) {
    case Freshness::Current:
      return QueryState::Current;
    case Freshness::Failed:
      return QueryState::Failed;
    case Freshness::Unknown:
    case Freshness::Dirty:
      break;
  }
  return QueryState::Stale;
}

std::size_t subscribers_of(const LiveQuery& query) {
  std::set<const SubscriberRecord*> subscribers;
  for (const auto& [order, subscription] : query.subscriptions)
    subscribers.insert(subscription->subscriber);
  return subscribers.size();
}

QueryInfo info_of(const LiveQuery& query, std::chrono::milliseconds fast_run_max) {
  return {.number = query.number.value,
          .key = query.family->key,
          .reads = query.variant.reads,
          .state = state_of(query),
          .is_slow = query.lane == Lane::Reader,
          .lasts = query.lasts,
          .subscriptions = query.subscriptions.size(),
          .subscribers = subscribers_of(query),
          .result_bytes = query.json == nullptr ? 0 : query.json->size(),
          .answer_version = query.answer_version,
          .statistics = query.statistics,
          .fast_run_max = fast_run_max,
          .footprint = query.footprint};
}

}  // namespace

/// The strings keep their room from cause to cause, so that this costs no allocation.
void LiveState::note_cause(LiveQuery& query, const engine::Commit& commit, std::size_t change) {
  WakeCause& cause = query.statistics.woken_by;
  cause.version = commit.version;
  cause.table.clear();
  cause.key.clear();
  if (commit.everything) return;
  cause.table = commit.changes[change].table->name;
  cause.key = commit.changes[change].key;
}

void LiveState::note_run(LiveQuery& query, const FinishedRun& run) {
  if (!run.snapshot) return;
  QueryStatistics& statistics = query.statistics;
  ++statistics.runs;
  if (!run.job.is_first && run.job.cause == RunCause::Commit) ++statistics.reruns;
  if (!run.result.json) ++statistics.failed;
  statistics.work_last = run.work;
  statistics.work_max = std::max(statistics.work_max, run.work);
  statistics.work_total += run.work;
  statistics.documents_last = run.result.documents_read;
  statistics.documents_total += run.result.documents_read;
}

std::vector<QueryInfo> LiveState::inspect(const Inspection& inspection) const {
  std::vector<const LiveQuery*> wanted;
  QueryInfo candidate;
  for (const auto& [number, query] : by_number_) {
    if (inspection.wants) {
      candidate.number = number.value;
      candidate.key = query->family->key;
      if (!inspection.wants(candidate)) continue;
    }
    wanted.push_back(query);
  }
  const auto is_costlier = [](const LiveQuery* a, const LiveQuery* b) {
    if (a->statistics.work_total != b->statistics.work_total) {
      return a->statistics.work_total > b->statistics.work_total;
    }
    return a->number < b->number;
  };
  const std::size_t count = std::min(wanted.size(), inspection.queries_max);
  std::ranges::partial_sort(wanted, wanted.begin() + static_cast<std::ptrdiff_t>(count),
                            is_costlier);
  std::vector<QueryInfo> infos;
  infos.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    infos.push_back(info_of(*wanted[i], options_.fast_run_max));
  return infos;
}

void LiveState::take_answered(std::vector<Instant>& asked) {
  asked.clear();
  asked.swap(answered_);
}

}  // namespace moonstone::live
