// Moonstone. Licence: see LICENSE.
// LiveState, the aspect of runs: what a commit touches, what runs where, what an outcome means.
#include <algorithm>
#include <utility>

#include "live/internal/live_state.h"

namespace moonstone::live {
namespace {

Error code_does_not_fit() {
  return {ErrorCode::Unavailable,
          "the functions and the schema are being changed; run the query again", kStaleCode};
}

/// Whether the store could not be read, which says nothing of the query.
bool has_no_store(const FinishedRun& run) {
  return !run.snapshot ||
         (!run.result.json && run.result.json.error().code() == ErrorCode::Unavailable);
}

/// Somebody who waits for the outcome if there is anybody: a run that turns out to be for its
/// caller only then still serves one of them.
const CallerPtr& caller_of(const LiveQuery& query) {
  if (!query.subscriptions.empty()) return query.subscriptions.begin()->second->caller;
  return query.waiters.empty() ? query.caller : query.waiters.front().caller;
}

}  // namespace

void LiveState::commit(const engine::CommitPtr& commit) {
  const CommitNumber number = ring_.push(commit);
  touched_.clear();
  ++round_;  // who was ready before may not be now
  if (commit->everything) {
    for (const auto& [query_number, query] : by_number_)
      touched_.push_back(query_number);
    std::ranges::sort(touched_);
  } else {
    index_->find_touched(commit->changes, touched_);
  }
  for (std::size_t i = 0; i < touched_.size(); ++i) {
    LiveQuery& query = *by_number_.at(touched_[i]);
    const bool has_run = query.freshness != Freshness::Unknown;
    if (has_run && contains_commit(query.snapshot, query.seen, *commit, number)) continue;
    note_cause(query, *commit, commit->everything ? 0 : index_->causes()[i]);
    if (commit->everything) unpark(query);
    touch(query);
  }
  // Only what replaces the whole content may step back.
  version_ = commit->everything ? commit->version : std::max(version_, commit->version);
}

void LiveState::touch(LiveQuery& query) {
  if (query.idle) {
    drop(query);
    return;
  }
  if (query.freshness != Freshness::Unknown) query.freshness = Freshness::Dirty;
  run_if_wanted(query, RunCause::Commit);
}

void LiveState::run_if_wanted(LiveQuery& query, RunCause cause) {
  // Who is ready may change until the batch starts; begin_batch() asks then.
  const bool decides_later = query.lane == Lane::Fast && query.json != nullptr;
  if (decides_later || is_wanted(query)) {
    request_run(query, cause);
  } else {
    mark_lagging(query);
  }
}

void LiveState::request_run(LiveQuery& query, RunCause cause) {
  if (query.flight != Flight::Grounded || query.parking != Parking::None) return;
  if (query.lane == Lane::Fast && query.json != nullptr) {
    query.flight = Flight::Queued;
    fast_queue_.emplace(query.number, cause);
  } else {
    query.flight = Flight::Running;
    reader_jobs_.push_back(make_job(query, Lane::Reader, cause));
  }
}

RunJob LiveState::make_job(const LiveQuery& query, Lane lane, RunCause cause) const {
  return {.query = query.number,
          .generation = query.family->generation,
          .run = query.family->run,
          .caller = caller_of(query),
          .seen = ring_.newest(),
          .lane = lane,
          .cause = cause,
          .is_first = query.json == nullptr};
}

/// Whether somebody would get the outcome of a run now.
bool LiveState::is_wanted(LiveQuery& query) {
  if (!query.waiters.empty()) return true;
  return std::ranges::any_of(query.subscriptions, [this](const auto& entry) {
    const Subscription& subscription = *entry.second;
    return subscription.sent == nullptr || is_ready(*subscription.subscriber);
  });
}

/// Whoever skipped something hears nothing before resume(): a batch shows one version, not a
/// mixture of what it skipped and what it did not.
bool LiveState::is_ready(SubscriberRecord& record) {
  if (record.lags) return false;
  if (record.asked_in_round != round_) {
    record.asked_in_round = round_;
    record.was_ready = record.subscriber->ready();
  }
  return record.was_ready;
}

void LiveState::mark_lagging(LiveQuery& query) {
  for (const auto& [order, subscription] : query.subscriptions) {
    subscription->subscriber->lags = true;
  }
}

void LiveState::begin_batch() {
  ++round_;
  for (const auto& [number, cause] : std::exchange(fast_queue_, {})) {
    LiveQuery& query = *by_number_.at(number);
    query.flight = Flight::Grounded;
    if (!is_wanted(query)) {
      mark_lagging(query);
      continue;
    }
    query.flight = Flight::Running;
    batch_.emplace(number, cause);
    for (const auto& [order, subscription] : query.subscriptions) {
      ++subscription->subscriber->outstanding;
    }
  }
}

std::optional<RunJob> LiveState::next_fast_job() {
  auto next = batch_.begin();
  while (!urgent_.empty()) {
    const auto urgent = batch_.find(urgent_.front());
    urgent_.pop_front();
    if (urgent == batch_.end()) continue;
    next = urgent;
    break;
  }
  if (next == batch_.end()) return std::nullopt;
  const auto [number, cause] = *next;
  batch_.erase(next);
  return make_job(*by_number_.at(number), Lane::Fast, cause);
}

std::vector<RunJob> LiveState::take_reader_jobs() {
  reader_runs_ += reader_jobs_.size();
  return std::exchange(reader_jobs_, {});
}

void LiveState::finish(FinishedRun run) {
  if (run.job.lane == Lane::Reader) --reader_runs_;
  if (run.snapshot) {
    ++counters_.runs;
    if (!run.job.is_first && run.job.cause == RunCause::Commit) ++counters_.reruns;
  }
  LiveQuery* query = find_query(run.job.query);
  if (query == nullptr) return;
  query->flight = Flight::Grounded;
  const bool is_of_present_code = run.job.generation == query->family->generation;
  if (is_of_present_code && !query->variant.reads.includes(run.result.reads)) {
    return split(*query, std::move(run));
  }
  if (run.job.lane == Lane::Fast) complete_share(*query);
  conclude(*query, std::move(run));
}

/// What a run means that read no more than its query may.
void LiveState::conclude(LiveQuery& query, FinishedRun run) {
  note_run(query, run);
  if (run.job.generation != query.family->generation) {
    // The outcome of replaced code: never shown.
    const bool is_unwanted = query.subscriptions.empty() && query.waiters.empty();
    if (!is_unwanted) run_if_wanted(query, RunCause::Code);
  } else if (has_no_store(run)) {
    refuse_waiting(query, run.result.json.error(), std::nullopt);
    park(query, Parking::Store, run.at + options_.run_max);
  } else if (run.result.json) {
    succeed(query, std::move(run));
  } else {
    fail(query, run);
  }
  release_if_unwanted(query);
}

void LiveState::succeed(LiveQuery& query, FinishedRun run) {
  const bool is_touched =
      ring_.touched_since(*run.result.footprint, *run.snapshot, run.job.seen) != Touched::No;
  choose_lane(query, run);
  query.snapshot = *run.snapshot;
  query.seen = run.job.seen;
  query.answer_version = run.snapshot->version;
  query.footprint = run.result.footprint;
  query.lasts = run.result.lasts;
  query.schemas = {run.schema};
  file_footprint(query, run);
  if (query.json != nullptr && *query.json == **run.result.json) {
    // The same bytes keep their old pointer, so that nobody compares them again.
    if (run.job.cause != RunCause::Asked) {
      ++counters_.suppressed;
      ++query.statistics.suppressed;
    }
  } else {
    query.json = *std::move(run.result.json);
  }
  query.freshness = is_touched ? Freshness::Dirty : Freshness::Current;
  for (const auto& [order, subscription] : query.subscriptions) {
    if (subscription->sent != query.json || subscription->owed) mark_due(*subscription);
  }
  answer_waiters(query);
  if (is_touched) run_if_wanted(query, RunCause::Commit);
}

void LiveState::fail(LiveQuery& query, const FinishedRun& run) {
  const bool is_out_of_time = run.result.json.error().code() == ErrorCode::DeadlineExceeded;
  if (is_out_of_time && run.job.lane == Lane::Fast) {
    query.lane = Lane::Reader;
    query.quick_runs = 0;
    ++counters_.moved_slow;
    ++query.statistics.stopped;
    run_if_wanted(query, run.job.cause);
    return;
  }
  const bool is_touched =
      ring_.touched_since(*run.result.footprint, *run.snapshot, run.job.seen) != Touched::No;
  if (is_stale_code(run.result)) {
    if (is_touched) {
      run_if_wanted(query, run.job.cause);
    } else {
      park(query, Parking::Code, run.at + options_.run_max);
    }
    return;
  }
  refuse_waiting(query, run.result.json.error(),
                 is_touched ? std::optional(run.snapshot->version) : std::nullopt);
  // Who is left has an answer, of this query or of the one it shared before.
  if (query.json != nullptr || !query.subscriptions.empty()) {
    query.snapshot = *run.snapshot;
    query.seen = run.job.seen;
    file_footprint(query, run);
    query.freshness = is_touched ? Freshness::Dirty : Freshness::Failed;
    for (const auto& [order, subscription] : query.subscriptions) {
      if (subscription->owed) mark_due(*subscription);  // the last answer stands
    }
  }
  if (is_touched) run_if_wanted(query, run.job.cause);
}

/// A failed run leaves the footprint of the answer in place and adds its own: whatever made it fail
/// must wake the query, too.
void LiveState::file_footprint(LiveQuery& query, const FinishedRun& run) {
  index_->remove(query.number);
  if (query.footprint != nullptr) index_->add(query.number, query.footprint);
  if (run.result.footprint == query.footprint) return;
  index_->add(query.number, run.result.footprint);
  query.schemas.resize(query.footprint != nullptr ? 1 : 0);  // that of the answer
  query.schemas.push_back(run.schema);
}

void LiveState::choose_lane(LiveQuery& query, const FinishedRun& run) {
  if (run.job.lane == Lane::Fast) return;
  if (run.work > options_.fast_run_max) {
    if (query.lane == Lane::Fast) ++counters_.moved_slow;
    query.lane = Lane::Reader;
    query.quick_runs = 0;
  } else if (query.lane == Lane::Reader) {
    query.quick_runs = run.work * 2 < options_.fast_run_max ? query.quick_runs + 1 : 0;
    if (query.quick_runs >= kQuickRunsToReturn) query.lane = Lane::Fast;
  }
}

/// Gives the error to whoever waits for an answer and joined up to that version (nothing: all).
void LiveState::refuse_waiting(LiveQuery& query, const Error& error, std::optional<Version> up_to) {
  std::vector<Waiter> rest;
  for (Waiter& waiter : query.waiters) {
    if (up_to && waiter.since > *up_to) {
      rest.push_back(std::move(waiter));
    } else {
      answers_.push_back({.done = std::move(waiter.done), .json = error});
    }
  }
  query.waiters = std::move(rest);

  std::vector<Subscription*> refused;
  for (const auto& [order, subscription] : query.subscriptions) {
    const bool is_covered = !up_to || subscription->since <= *up_to;
    if (subscription->sent == nullptr && is_covered) refused.push_back(subscription);
  }
  for (Subscription* subscription : refused) {
    SubscriberRecord& record = *subscription->subscriber;
    refusals_.push_back({.subscriber = record.subscriber, .id = subscription->id, .error = error});
    query.subscriptions.erase(subscription->order);
    record.due.erase(subscription->order);
    --subscription_count_;
    record.subscriptions.erase(subscription->id);
    drop_record_if_empty(record);
  }
}

void LiveState::answer_waiters(LiveQuery& query) {
  if (query.json == nullptr) return;
  std::vector<Waiter> rest;
  for (Waiter& waiter : query.waiters) {
    const bool is_fresh =
        query.freshness == Freshness::Current || query.answer_version >= waiter.since;
    if (is_fresh && query.freshness != Freshness::Failed) {
      answered_.push_back(waiter.asked);
      answers_.push_back({.done = std::move(waiter.done), .json = query.json});
    } else {
      rest.push_back(std::move(waiter));
    }
  }
  query.waiters = std::move(rest);
}

void LiveState::park(LiveQuery& query, Parking parking, Instant until) {
  query.parking = parking;
  query.parked_as = ++last_number_;
  parked_.emplace(until, Parked{.query = query.number, .parked_as = query.parked_as});
}

void LiveState::unpark(LiveQuery& query) {
  query.parking = Parking::None;
  query.parked_as = 0;
}

std::optional<Instant> LiveState::next_tick() const {
  if (parked_.empty()) return std::nullopt;
  return parked_.begin()->first;
}

void LiveState::tick(Instant now) {
  while (!parked_.empty() && parked_.begin()->first <= now) {
    const Parked parked = parked_.begin()->second;
    parked_.erase(parked_.begin());
    LiveQuery* query = find_query(parked.query);
    if (query != nullptr && query->parked_as == parked.parked_as) end_parking(*query);
  }
}

void LiveState::end_parking(LiveQuery& query) {
  const Parking parking = query.parking;
  unpark(query);
  if (parking == Parking::Code) {
    refuse_waiting(query, code_does_not_fit(), std::nullopt);
  } else {
    run_if_wanted(query, RunCause::Commit);
  }
  release_if_unwanted(query);
}

}  // namespace moonstone::live
