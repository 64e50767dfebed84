// Moonstone. Licence: see LICENSE.
// LiveState, the aspect of variants: queries whose runs look at their caller.
//
// All callers share one query until a run reads something of its caller. Its outcome then stands
// only for those who agree with that caller on what it read; everybody else moves to a query of
// their own group, and nobody has heard anything of the outcome before.
#include <algorithm>
#include <utility>

#include "live/internal/live_state.h"

namespace moonstone::live {

LiveQuery* LiveState::find_covering(const Family& family, const Caller& caller) {
  for (const bool identity : {false, true}) {
    for (const bool base_url : {false, true}) {
      const SessionReads reads{.identity = identity, .base_url = base_url};
      if (!family.reads.includes(reads)) continue;
      const auto found = family.queries.find(variant_of(reads, caller));
      if (found != family.queries.end()) return found->second.get();
    }
  }
  return nullptr;
}

/// Makes the query the subscription's, which keeps its place in the order and what it was sent.
void LiveState::place(Subscription& subscription, LiveQuery& query) {
  subscription.query = &query;
  if (subscription.moved == Moved::No) subscription.moved = Moved::Yes;
  query.subscriptions.emplace(subscription.order, &subscription);
}

/// The run has read more of its caller than the query's callers have in common. They are divided,
/// the outcome goes to the caller's own part, and the other parts run: at once if this was a run of
/// a batch, so that everybody still hears of it with that batch.
void LiveState::split(LiveQuery& query, FinishedRun run) {
  Family& family = *query.family;
  const SessionReads reads = query.variant.reads | run.result.reads;
  family.reads = family.reads | reads;
  std::vector<LiveQuery*> parts;
  const auto part_of = [&](const CallerPtr& caller) -> LiveQuery& {
    const auto found = family.queries.find(variant_of(reads, *caller));
    if (found != family.queries.end()) return *found->second;
    LiveQuery& part = make_query(family, reads, caller);
    part.lane = query.lane;
    parts.push_back(&part);
    return part;
  };
  for (const auto& [order, subscription] : std::exchange(query.subscriptions, {})) {
    place(*subscription, part_of(subscription->caller));
  }
  for (Waiter& waiter : std::exchange(query.waiters, {})) {
    LiveQuery& part = part_of(waiter.caller);
    part.waiters.push_back(std::move(waiter));
  }
  drop(query);  // with the family if nobody is left

  const Variant own = variant_of(reads, *run.job.caller);
  const auto is_own = [&](const LiveQuery* part) { return part->variant == own; };
  const auto heir = std::ranges::find_if(parts, is_own);
  for (LiveQuery* part : parts) {
    if (heir != parts.end() && part == *heir) continue;
    if (run.job.lane == Lane::Fast) {
      // Each of its subscriptions is already counted as outstanding.
      part->flight = Flight::Running;
      batch_.emplace(part->number, run.job.cause);
    } else {
      request_run(*part, run.job.cause);
    }
  }
  if (heir == parts.end()) return;
  LiveQuery& part = **heir;
  if (run.job.lane == Lane::Fast) complete_share(part);
  conclude(part, std::move(run));
}

void LiveState::change_caller(const SubscriberPtr& subscriber, const CallerPtr& caller) {
  SubscriberRecord* record = find_record(subscriber);
  if (record == nullptr) return;
  for (const auto& [id, subscription] : record->subscriptions) {
    subscription->caller = caller;
    if (!covers(subscription->query->variant, *caller)) move_to_own_query(*subscription);
  }
}

/// Moves a subscription to the query of its family that covers its caller.
void LiveState::move_to_own_query(Subscription& subscription) {
  LiveQuery& former = *subscription.query;
  former.subscriptions.erase(subscription.order);
  LiveQuery* query = find_covering(*former.family, *subscription.caller);
  if (query == nullptr) {
    query = &make_query(*former.family, former.family->reads, subscription.caller);
    query->lane = former.lane;
  }
  place(subscription, *query);
  subscription.moved = Moved::ToOtherCaller;
  subscription.since = version_;
  mark_due(subscription);
  join(*query);
  release_if_unwanted(former);
}

void LiveState::replace_runs(
    const std::function<std::optional<RunFunction>(const std::string& key)>& replace) {
  std::vector<Family*> families;
  families.reserve(families_.size());
  for (const auto& [key, family] : families_)
    families.push_back(family.get());
  std::ranges::sort(families, {},
                    [](const Family* family) { return family->queries.begin()->second->number; });
  for (Family* family : families) {
    if (std::optional<RunFunction> run = replace(family->key)) {
      replace_run(*family, *std::move(run));
    }
  }
}

void LiveState::replace_run(Family& family, RunFunction run) {
  family.run = std::make_shared<const RunFunction>(std::move(run));
  ++family.generation;
  std::vector<LiveQuery*> queries;
  for (const auto& [variant, query] : family.queries)
    queries.push_back(query.get());
  const auto is_idle = [](const LiveQuery* query) { return query->idle.has_value(); };
  const bool is_gone = std::ranges::all_of(queries, is_idle);
  for (LiveQuery* query : queries) {
    if (is_idle(query)) drop(*query);
  }
  if (is_gone) return;  // the family, too
  if (!family.reads.empty()) return reunite(family);
  LiveQuery& query = *family.queries.begin()->second;
  if (query.freshness != Freshness::Unknown) query.freshness = Freshness::Dirty;
  unpark(query);
  run_if_wanted(query, RunCause::Code);
}

/// New code may read less. All callers share one query again, until its run tells otherwise; that
/// run then counts for its caller, so that nothing runs twice.
void LiveState::reunite(Family& family) {
  std::vector<LiveQuery*> former;
  for (const auto& [variant, query] : family.queries)
    former.push_back(query.get());
  family.reads = {};
  LiveQuery& shared = make_query(family, {}, former.front()->caller);
  for (LiveQuery* query : former) {
    for (const auto& [order, subscription] : std::exchange(query->subscriptions, {})) {
      place(*subscription, shared);
    }
    for (Waiter& waiter : std::exchange(query->waiters, {}))
      shared.waiters.push_back(std::move(waiter));
    drop(*query);
  }
  if (shared.subscriptions.empty() && shared.waiters.empty()) return drop(shared);
  request_run(shared, RunCause::Code);
}

}  // namespace moonstone::live
