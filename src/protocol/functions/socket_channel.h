// Moonstone. Licence: see LICENSE.
#pragma once
// SocketChannel: the part of a socket's session that others may hold on to: its sink and the names
// of its subscriptions.
// Threads: synchronised.

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "live/live_queries.h"
#include "protocol/functions/messages.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

class SocketChannel final : public live::Subscriber {
 public:
  SocketChannel(SocketSinkPtr sink, std::size_t subscriptions_max, std::size_t unsent_bytes_max)
      : sink_(std::move(sink)),
        subscriptions_max_(subscriptions_max),
        unsent_bytes_max_(unsent_bytes_max) {}

  void on_first_result(live::SubscriptionId subscription,
                       const Result<live::SharedText>& json) override {
    const std::optional<std::string> id = wire_id_of(subscription);
    if (!id) return;
    if (json) {
      send(encode_result(*id, *json));
      return;
    }
    forget(subscription);
    send(encode_error(*id, wire_code_of(json.error()), json.error().message()));
  }

  void on_updates(std::span<const live::Update> updates, live::Version /*version*/) override {
    std::vector<UpdateItem> named;
    named.reserve(updates.size());
    for (const live::Update& update : updates) {
      if (auto id = wire_id_of(update.subscription))
        named.push_back({.id = *std::move(id), .json = update.json, .is_late = update.is_late});
    }
    if (!named.empty() && !closed_) sink_->push(encode_updates(named));
  }

  bool ready() const override { return sink_->queued_bytes() < unsent_bytes_max_; }

  void send(Frame frame) {
    if (!closed_) sink_->send(std::move(frame));
  }

  void close() { closed_ = true; }

  /// A new subscription under a wire id; `replaced` is the one that had it.
  struct Opened {
    live::SubscriptionId subscription;
    std::optional<live::SubscriptionId> replaced;
  };
  std::optional<Opened> open(const std::string& wire_id) {
    const MutexLock lock(mutex_);
    const auto existing = subscription_by_id_.find(wire_id);
    if (existing == subscription_by_id_.end() && subscription_by_id_.size() >= subscriptions_max_) {
      return std::nullopt;
    }
    Opened opened{.subscription = {++last_subscription_}, .replaced = {}};
    if (existing != subscription_by_id_.end()) {
      opened.replaced = existing->second;
      id_by_subscription_.erase(existing->second);
      existing->second = opened.subscription;
    } else {
      subscription_by_id_.emplace(wire_id, opened.subscription);
    }
    id_by_subscription_.emplace(opened.subscription, wire_id);
    return opened;
  }

  std::optional<live::SubscriptionId> take(const std::string& wire_id) {
    const MutexLock lock(mutex_);
    const auto existing = subscription_by_id_.find(wire_id);
    if (existing == subscription_by_id_.end()) return std::nullopt;
    const live::SubscriptionId subscription = existing->second;
    id_by_subscription_.erase(subscription);
    subscription_by_id_.erase(existing);
    return subscription;
  }

  void forget_all() {
    const MutexLock lock(mutex_);
    subscription_by_id_.clear();
    id_by_subscription_.clear();
  }

  [[nodiscard]] std::vector<std::string> wire_ids_of(
      std::span<const live::SubscriptionId> subscriptions) const {
    std::vector<std::string> ids;
    for (const live::SubscriptionId subscription : subscriptions) {
      if (auto id = wire_id_of(subscription)) ids.push_back(*std::move(id));
    }
    return ids;
  }

  [[nodiscard]] bool has_subscriptions() const {
    const MutexLock lock(mutex_);
    return !subscription_by_id_.empty();
  }

 private:
  std::optional<std::string> wire_id_of(live::SubscriptionId subscription) const {
    const MutexLock lock(mutex_);
    const auto found = id_by_subscription_.find(subscription);
    if (found == id_by_subscription_.end()) return std::nullopt;
    return found->second;
  }

  void forget(live::SubscriptionId subscription) {
    const MutexLock lock(mutex_);
    const auto found = id_by_subscription_.find(subscription);
    if (found == id_by_subscription_.end()) return;
    subscription_by_id_.erase(found->second);
    id_by_subscription_.erase(found);
  }

  SocketSinkPtr sink_;
  const std::size_t subscriptions_max_;
  const std::size_t unsent_bytes_max_;
  std::atomic<bool> closed_{false};
  mutable Mutex mutex_;
  std::map<std::string, live::SubscriptionId> subscription_by_id_ MS_GUARDED_BY(mutex_);
  std::map<live::SubscriptionId, std::string> id_by_subscription_ MS_GUARDED_BY(mutex_);
  std::uint64_t last_subscription_ MS_GUARDED_BY(mutex_) = 0;
};

}  // namespace moonstone::protocol::functions
