// Moonstone. Licence: see LICENSE.
#include "live/internal/live_state.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace moonstone::live {
namespace {

Error overloaded() {
  return {ErrorCode::LimitExceeded,
          "too many queries are waiting for their first run; try again shortly", "overloaded"};
}

Error cleared() {
  return {ErrorCode::Unavailable, "the database was reset before the query ran; run it again",
          "cleared"};
}

Error shutting_down() {
  return {ErrorCode::Unavailable, "the server is shutting down", "shutting_down"};
}

}  // namespace

LiveState::LiveState(const LiveOptions& options)
    : options_(options),
      index_(std::make_unique<DependencyIndex>()),
      ring_(options.ring_commits, kRingChangesMax),
      idle_(options.idle_queries_max, kIdleBytesMax) {}

SubscriberRecord* LiveState::find_record(const SubscriberPtr& subscriber) {
  const auto found = subscribers_.find(subscriber.get());
  return found == subscribers_.end() ? nullptr : found->second.get();
}

SubscriberRecord& LiveState::record_of(SubscriberPtr subscriber) {
  std::unique_ptr<SubscriberRecord>& record = subscribers_[subscriber.get()];
  if (!record) {
    record = std::make_unique<SubscriberRecord>();
    record->subscriber = std::move(subscriber);
    record->number = ++last_number_;
  }
  return *record;
}

LiveQuery* LiveState::find_query(QueryNumber number) {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

/// Null: there is no such query, and too much is waiting to make one.
LiveQuery* LiveState::find_or_make_query(QueryDefinition& definition) {
  if (!definition.caller) definition.caller = anonymous_caller();
  const auto found = families_.find(definition.key);
  if (found != families_.end()) {
    LiveQuery* query = find_covering(*found->second, *definition.caller);
    if (query != nullptr) return query;
  }
  if (reader_jobs_.size() + reader_runs_ >= kReaderRunsMax) return nullptr;
  if (found != families_.end()) {
    return &make_query(*found->second, found->second->reads, definition.caller);
  }
  auto family = std::make_unique<Family>();
  family->key = std::move(definition.key);
  family->run = std::make_shared<const RunFunction>(std::move(definition.run));
  Family& made = *family;
  families_.emplace(made.key, std::move(family));
  return &make_query(made, {}, definition.caller);
}

LiveQuery& LiveState::make_query(Family& family, SessionReads reads, const CallerPtr& caller) {
  auto query = std::make_unique<LiveQuery>();
  query->number = QueryNumber{++last_number_};
  query->family = &family;
  query->variant = variant_of(reads, *caller);
  query->caller = caller;
  LiveQuery& made = *query;
  by_number_.emplace(made.number, &made);
  const bool is_new = family.queries.emplace(made.variant, std::move(query)).second;
  MS_CHECK(is_new, "two queries for one caller would answer each other's subscribers");
  return made;
}

void LiveState::subscribe(SubscriberPtr subscriber, SubscriptionId id, QueryDefinition definition) {
  forget_refusals(subscriber.get(), id);
  SubscriberRecord& record = record_of(std::move(subscriber));
  const std::unique_ptr<Subscription> former = std::exchange(record.subscriptions[id], nullptr);
  if (LiveQuery* query = find_or_make_query(definition); query != nullptr) {
    auto subscription = std::make_unique<Subscription>(Subscription{.subscriber = &record,
                                                                    .id = id,
                                                                    .query = query,
                                                                    .caller = definition.caller,
                                                                    .order = ++last_number_,
                                                                    .asked = definition.asked,
                                                                    .since = version_,
                                                                    .sent = nullptr});
    query->subscriptions.emplace(subscription->order, subscription.get());
    ++subscription_count_;
    mark_due(*subscription);
    record.subscriptions[id] = std::move(subscription);
    join(*query);
  } else {
    record.subscriptions.erase(id);
    refusals_.push_back({.subscriber = record.subscriber, .id = id, .error = overloaded()});
  }
  // Only now, so that subscribing to the same query again finds it alive.
  if (former) detach(*former);
  drop_record_if_empty(record);
}

void LiveState::run_once(QueryDefinition definition, RunOnceDone done) {
  LiveQuery* query = find_or_make_query(definition);
  if (query == nullptr) {
    answers_.push_back({.done = std::move(done), .json = overloaded()});
    return;
  }
  query->waiters.push_back({.since = version_,
                            .asked = definition.asked,
                            .caller = definition.caller,
                            .done = std::move(done)});
  join(*query);
  answer_waiters(*query);
  release_if_unwanted(*query);
}

/// Somebody new is interested in the query.
void LiveState::join(LiveQuery& query) {
  idle_.erase(query);
  if (query.freshness == Freshness::Current && !query.lasts) {
    query.freshness = Freshness::Dirty;
    query.answer_version = 0;  // of no use to whoever asks now
  }
  if (query.freshness != Freshness::Current) request_run(query, RunCause::Asked);
}

void LiveState::unsubscribe(const SubscriberPtr& subscriber, SubscriptionId id) {
  forget_refusals(subscriber.get(), id);
  SubscriberRecord* record = find_record(subscriber);
  if (record == nullptr) return;
  const auto found = record->subscriptions.find(id);
  if (found == record->subscriptions.end()) return;
  const std::unique_ptr<Subscription> subscription = std::move(found->second);
  record->subscriptions.erase(found);
  detach(*subscription);
  drop_record_if_empty(*record);
}

void LiveState::remove(const SubscriberPtr& subscriber) {
  forget_refusals(subscriber.get(), std::nullopt);
  SubscriberRecord* record = find_record(subscriber);
  if (record == nullptr) return;
  const auto subscriptions = std::exchange(record->subscriptions, {});
  for (const auto& [id, subscription] : subscriptions)
    detach(*subscription);
  drop_record_if_empty(*record);
}

void LiveState::detach(Subscription& subscription) {
  LiveQuery& query = *subscription.query;
  query.subscriptions.erase(subscription.order);
  subscription.subscriber->due.erase(subscription.order);
  --subscription_count_;
  release_if_unwanted(query);
}

void LiveState::drop_record_if_empty(SubscriberRecord& record) {
  if (!record.subscriptions.empty()) return;
  active_.erase(record.number);
  subscribers_.erase(record.subscriber.get());
}

void LiveState::forget_refusals(const Subscriber* subscriber, std::optional<SubscriptionId> id) {
  std::erase_if(refusals_, [&](const Refusal& refusal) {
    return refusal.subscriber.get() == subscriber && (!id || refusal.id == *id);
  });
}

void LiveState::release_if_unwanted(LiveQuery& query) {
  if (!query.subscriptions.empty() || !query.waiters.empty()) return;
  if (query.flight == Flight::Running) return;  // finish() asks again
  if (query.freshness == Freshness::Current && query.lasts) {
    idle_.insert(query);
    trim_idle();
  } else {
    drop(query);
  }
}

void LiveState::trim_idle() {
  while (LiveQuery* excess = idle_.find_excess())
    drop(*excess);
}

void LiveState::drop(LiveQuery& query) {
  idle_.erase(query);
  index_->remove(query.number);
  fast_queue_.erase(query.number);
  by_number_.erase(query.number);
  Family& family = *query.family;
  family.queries.erase(family.queries.find(query.variant));
  if (family.queries.empty()) families_.erase(families_.find(family.key));
}

void LiveState::resume(const SubscriberPtr& subscriber) {
  SubscriberRecord* record = find_record(subscriber);
  if (record == nullptr) return;
  record->asked_in_round = 0;  // an older answer of ready() is void
  if (!record->due.empty()) active_.emplace(record->number, record);
  if (!std::exchange(record->lags, false)) return;
  // What it skipped runs in the coming batch, before anything is delivered to it.
  for (const auto& [id, subscription] : record->subscriptions) {
    LiveQuery& query = *subscription->query;
    const bool has_answer =
        query.freshness == Freshness::Current || query.freshness == Freshness::Failed;
    if (!has_answer) run_if_wanted(query, RunCause::Commit);
  }
}

void LiveState::when_delivered(SubscriberPtr subscriber, Version version, Delivered then) {
  const SubscriberRecord* record = find_record(subscriber);
  if (record != nullptr && record->outstanding > 0) {
    for (const auto& [id, subscription] : record->subscriptions) {
      urgent_.push_back(subscription->query->number);
    }
  }
  delivery_waiters_.push_back(
      {.subscriber = std::move(subscriber), .version = version, .then = std::move(then)});
  has_delivery_news_ = true;
}

void LiveState::clear() {
  for (const auto& [number, query] : by_number_) {
    for (Waiter& waiter : query->waiters) {
      answers_.push_back({.done = std::move(waiter.done), .json = cleared()});
    }
  }
  counters_.candidates += index_->candidates();
  index_ = std::make_unique<DependencyIndex>();
  idle_ = IdleQueries(options_.idle_queries_max, kIdleBytesMax);
  active_.clear();
  refusals_.clear();
  fast_queue_.clear();
  reader_jobs_.clear();
  parked_.clear();
  by_number_.clear();
  families_.clear();
  subscribers_.clear();
  subscription_count_ = 0;
}

void LiveState::give_up() {
  for (const auto& [number, query] : by_number_) {
    for (const Waiter& waiter : query->waiters)
      waiter.done(shutting_down());
    query->waiters.clear();
  }
  for (const Answer& answer : std::exchange(answers_, {}))
    answer.done(answer.json);
}

LiveQueries::Counters LiveState::counters() const {
  LiveQueries::Counters counters = counters_;
  counters.candidates += index_->candidates();
  counters.queries = by_number_.size();
  counters.subscriptions = subscription_count_;
  counters.waiting_runs = reader_jobs_.size() + reader_runs_;
  return counters;
}

}  // namespace moonstone::live
