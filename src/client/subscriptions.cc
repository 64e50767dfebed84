// Moonstone. Licence: see LICENSE.
#include "client/subscriptions.h"

#include <utility>
#include <vector>

#include "client/call.h"

namespace moonstone::client {
namespace {

constexpr char kIdKind = 'q';

std::string key_of(const QueryText& query) {
  return query.function + "|" + query.arguments;
}

}  // namespace

void Subscriptions::add(SubscriberId id, QueryText query, OnResult on_result, Accepts accepts) {
  Entry& entry = entry_for(std::move(query));
  entry.subscribers.emplace(
      id, Subscriber{.on_result = std::move(on_result), .accepts = accepts, .has_heard = false});
  by_subscriber_.emplace(id, &entry);
  if (entry.has_failed) return send(entry, Lane::Call);
  tell_result(entry);
}

void Subscriptions::remove(SubscriberId id) {
  const auto found = by_subscriber_.find(id);
  if (found == by_subscriber_.end()) return;
  Entry& entry = *found->second;
  by_subscriber_.erase(found);
  entry.subscribers.erase(id);
  if (!entry.subscribers.empty()) return;
  const std::string wire_id = make_id(kIdKind, entry.number);
  by_key_.erase(key_of(entry.query));
  entries_.erase(entry.number);
  // One that has not been sent yet needs no unsubscribe.
  if (!outbox_.cancel(wire_id)) send_unsubscribe(wire_id);
}

void Subscriptions::connection_opened() {
  is_open_ = true;
  for (const auto& [number, entry] : entries_)
    send(*entry, Lane::Renewal);
}

void Subscriptions::connection_lost() {
  is_open_ = false;
  refused_unsubscribes_.clear();
  for (const auto& [number, entry] : entries_) {
    if (entry->age == Age::Fresh) entry->age = Age::Old;
    entry->retry.cancel();
  }
}

void Subscriptions::reset() {
  for (const auto& [number, entry] : entries_) {
    entry->age = Age::Void;
    send(*entry, Lane::Renewal);
  }
}

void Subscriptions::renew_failed() {
  for (const auto& [number, entry] : entries_) {
    if (entry->has_failed) send(*entry, Lane::Renewal);
  }
}

void Subscriptions::accept(std::span<const FrameItem> items) {
  std::vector<Entry*> answered;
  for (const FrameItem& item : items) {
    Entry* const entry = find(item.id);
    if (entry == nullptr) continue;
    const std::string_view json = item.json.empty() ? std::string_view("null") : item.json;
    entry->has_failed = false;
    entry->age = Age::Fresh;
    if (!entry->result || **entry->result != json) {
      entry->result.emplace(std::string(json));
      for (auto& [id, subscriber] : entry->subscribers)
        subscriber.has_heard = false;
    }
    answered.push_back(entry);
  }
  for (Entry* const entry : answered)
    tell_result(*entry);
}

bool Subscriptions::fail(std::string_view id, const Failure& failure) {
  Entry* const entry = find(id);
  if (entry == nullptr) {
    if (failure.code != kRateLimited || !number_of(id, kIdKind)) return false;
    // What the server refused to look at was an unsubscribe.
    const auto [place, is_new] = refused_unsubscribes_.try_emplace(std::string(id), timers_);
    place->second.set(kRateLimitedRetry, [this, refused = std::string(id)] {
      send_unsubscribe(refused);
      refused_unsubscribes_.erase(refused);
    });
    return true;
  }
  if (failure.code == kRateLimited) {
    entry->retry.set(kRateLimitedRetry, [this, entry] { send(*entry, Lane::Renewal); });
    return true;
  }
  entry->has_failed = true;
  const Outcome<std::string> outcome = std::unexpected(failure);
  for (auto& [subscriber_id, subscriber] : entry->subscribers) {
    subscriber.has_heard = false;  // so that it hears when the same result comes back
    subscriber.on_result(outcome);
  }
  return true;
}

Subscriptions::Entry& Subscriptions::entry_for(QueryText query) {
  Entry*& place = by_key_[key_of(query)];
  if (place != nullptr) return *place;
  const std::uint64_t number = ++last_number_;
  EntryPtr& entry = entries_[number];
  entry = std::make_unique<Entry>(timers_, number, std::move(query));
  place = entry.get();
  send(*entry, Lane::Call);
  return *entry;
}

Subscriptions::Entry* Subscriptions::find(std::string_view id) {
  const std::optional<std::uint64_t> number = number_of(id, kIdKind);
  if (!number) return nullptr;
  const auto found = entries_.find(*number);
  return found == entries_.end() ? nullptr : found->second.get();
}

void Subscriptions::send(Entry& entry, Lane lane) {
  entry.retry.cancel();
  if (!is_open_) return;  // all are sent when there is a connection
  entry.has_failed = false;
  std::string id = make_id(kIdKind, entry.number);
  outbox_.cancel(id);
  std::string text = call_frame({.type = "query",
                                 .id = id,
                                 .function = entry.query.function,
                                 .arguments = entry.query.arguments});
  outbox_.push({.id = std::move(id), .text = std::move(text)}, lane);
}

void Subscriptions::send_unsubscribe(std::string_view id) {
  if (is_open_) outbox_.push({.id = {}, .text = unsubscribe_frame(id)}, Lane::Call);
}

void Subscriptions::tell_result(Entry& entry) {
  if (!entry.result || entry.has_failed || entry.age == Age::Void) return;
  for (auto& [id, subscriber] : entry.subscribers) {
    const bool is_wanted = subscriber.accepts == Accepts::OldResult || entry.age == Age::Fresh;
    if (subscriber.has_heard || !is_wanted) continue;
    subscriber.has_heard = true;
    subscriber.on_result(*entry.result);
  }
}

}  // namespace moonstone::client
