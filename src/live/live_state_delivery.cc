// Moonstone. Licence: see LICENSE.
// LiveState, the aspect of delivery: who hears what, in which order.
#include <algorithm>
#include <utility>

#include "live/internal/live_state.h"

namespace moonstone::live {
namespace {

/// What one subscriber gets in one round.
struct Parcel {
  std::vector<Update> batch;  // at one version
  Version version = 0;
  std::vector<std::pair<Version, Update>> stragglers;  // slow queries, each at its own version
  std::vector<Update> firsts;
};

void hand_over(Subscriber& subscriber, const Parcel& parcel) {
  for (const auto& [version, update] : parcel.stragglers) {
    subscriber.on_updates({&update, 1}, version);
  }
  if (!parcel.batch.empty()) subscriber.on_updates(parcel.batch, parcel.version);
  for (const Update& first : parcel.firsts) {
    subscriber.on_first_result(first.subscription, first.json);
  }
}

bool is_same_text(const SharedText& a, const SharedText& b) {
  return a == b || *a == *b;
}

}  // namespace

void LiveState::mark_due(Subscription& subscription) {
  SubscriberRecord& record = *subscription.subscriber;
  record.due.emplace(subscription.order, &subscription);
  active_.emplace(record.number, &record);
}

bool LiveState::can_answer_first(const Subscription& subscription) const {
  const LiveQuery& query = *subscription.query;
  if (query.json == nullptr || query.freshness == Freshness::Failed) return false;
  return query.freshness == Freshness::Current || query.answer_version >= subscription.since;
}

/// One run of the batch has ended: counts it off for all its subscribers.
void LiveState::complete_share(const LiveQuery& query) {
  has_delivery_news_ = true;
  for (const auto& [order, subscription] : query.subscriptions) {
    SubscriberRecord& record = *subscription->subscriber;
    if (--record.outstanding == 0) completed_.push_back(record.number);
  }
}

bool LiveState::deliver_completed() {
  if (has_delivery_news_) {
    for (const DeliveryWaiter& waiter : delivery_waiters_) {
      SubscriberRecord* record = find_record(waiter.subscriber);
      if (record != nullptr && record->outstanding == 0) deliver_early(*record);
    }
    answer_delivery_waiters();
  }
  for (std::size_t called = 0; called < kDeliveriesAtOnce && !completed_.empty();) {
    const auto found = active_.find(completed_.front());
    completed_.pop_front();
    if (found == active_.end()) continue;  // nothing new for it, or it is gone, or was early
    deliver_early(*found->second);
    ++called;
  }
  return !completed_.empty();
}

/// Before the end of the round, to somebody whose part of the batch is done.
void LiveState::deliver_early(SubscriberRecord& record) {
  if (active_.erase(record.number) == 0) return;
  record.asked_in_round = 0;
  deliver_to(record);
}

void LiveState::deliver_refusals(const SubscriberPtr& subscriber) {
  std::vector<Refusal> rest;
  for (Refusal& refusal : std::exchange(refusals_, {})) {
    if (refusal.subscriber == subscriber) {
      subscriber->on_first_result(refusal.id, refusal.error);
    } else {
      rest.push_back(std::move(refusal));
    }
  }
  refusals_ = std::move(rest);
}

void LiveState::deliver() {
  ++round_;
  completed_.clear();
  for (const auto& [number, record] : std::exchange(active_, {}))
    deliver_to(*record);
  for (const Refusal& refusal : std::exchange(refusals_, {})) {
    refusal.subscriber->on_first_result(refusal.id, refusal.error);
  }
  for (const Answer& answer : std::exchange(answers_, {}))
    answer.done(answer.json);
  answer_delivery_waiters();
}

void LiveState::answer_delivery_waiters() {
  has_delivery_news_ = false;
  std::vector<DeliveryWaiter> rest;
  for (DeliveryWaiter& waiter : std::exchange(delivery_waiters_, {})) {
    SubscriberRecord* record = find_record(waiter.subscriber);
    const bool has_all = record == nullptr || record->outstanding == 0;
    if (!has_all || waiter.version > version_) {
      rest.push_back(std::move(waiter));
    } else if (record == nullptr) {
      waiter.then({});
    } else {
      waiter.then(promise_late_ones(*record, waiter.version));
    }
  }
  delivery_waiters_ = std::move(rest);
}

/// Names the subscriptions whose result may be older than `version`, and sees to it that each of
/// them will be told one that is not.
std::vector<SubscriptionId> LiveState::promise_late_ones(SubscriberRecord& record,
                                                         Version version) {
  const bool has_slow_work = reader_runs_ > 0 || !reader_jobs_.empty() || !parked_.empty();
  if (!has_slow_work && !record.lags) return {};  // the usual case: nothing to look through
  std::vector<SubscriptionId> late;
  for (const auto& [id, subscription] : record.subscriptions) {
    const Freshness freshness = subscription->query->freshness;
    const bool has_answer = freshness == Freshness::Current || freshness == Freshness::Failed;
    if (has_answer && !record.due.contains(subscription->order)) continue;
    late.push_back(id);
    if (subscription->sent == nullptr) {
      subscription->since = std::max(subscription->since, version);
    } else {
      subscription->owed = version;
    }
  }
  return late;
}

bool LiveState::can_settle_debt(const Subscription& subscription) {
  const LiveQuery& query = *subscription.query;
  return query.freshness == Freshness::Current || query.freshness == Freshness::Failed ||
         query.answer_version >= *subscription.owed;
}

/// Whether a debt can only be settled by what was sent before: the query that it has moved to
/// failed, and has no answer of its own.
bool LiveState::must_repeat(const Subscription& subscription) {
  return subscription.owed && subscription.sent != nullptr && subscription.moved == Moved::Yes &&
         subscription.query->freshness == Freshness::Failed;
}

void LiveState::deliver_to(SubscriberRecord& record) {
  const bool accepts_updates = is_ready(record);
  Parcel parcel{.batch = {}, .version = version_, .stragglers = {}, .firsts = {}};
  for (auto entry = record.due.begin(); entry != record.due.end();) {
    Subscription& subscription = *entry->second;
    const LiveQuery& query = *subscription.query;
    const bool is_first = subscription.sent == nullptr;
    if (!is_first && !accepts_updates) {
      record.lags = true;
      ++entry;
      continue;
    }
    entry = record.due.erase(entry);
    // A result that is not there yet becomes due again with the run that brings it.
    const bool has_heard = !is_first && subscription.moved == Moved::No;
    if (!has_heard && !can_answer_first(subscription)) {
      if (must_repeat(subscription)) {
        subscription.owed.reset();
        parcel.stragglers.push_back({subscription.sent_version,
                                     {.subscription = subscription.id, .json = subscription.sent}});
      }
      continue;
    }
    subscription.moved = Moved::No;
    const bool settles_debt = subscription.owed && can_settle_debt(subscription);
    if (settles_debt) subscription.owed.reset();
    const bool is_news = is_first || settles_debt || !is_same_text(subscription.sent, query.json);
    subscription.sent = query.json;
    subscription.sent_version = query.answer_version;
    if (!is_news) continue;
    Update update{.subscription = subscription.id,
                  .json = query.json,
                  .is_late = subscription.owed.has_value()};
    if (is_first) {
      answered_.push_back(subscription.asked);
      parcel.firsts.push_back(std::move(update));
    } else if (query.freshness == Freshness::Current) {
      parcel.version = std::max(parcel.version, query.answer_version);
      parcel.batch.push_back(std::move(update));
    } else {
      parcel.stragglers.emplace_back(query.answer_version, std::move(update));
    }
  }
  counters_.updates += parcel.batch.size() + parcel.stragglers.size();
  hand_over(*record.subscriber, parcel);
}

}  // namespace moonstone::live
