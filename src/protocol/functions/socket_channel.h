// Moonstone. Licence: see LICENSE.
#pragma once
// SocketChannel: the part of a socket's session that others may hold on to: its sink and the names
// of its subscriptions.
// Threads: synchronised.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "live/live_queries.h"
#include "protocol/functions/messages.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

class SocketChannel final : public live::Subscriber {
 public:
  struct Limits {
    std::size_t subscriptions_max = 0;
    std::size_t held_bytes_max = 0;  // requests and latest results of its subscriptions
    std::size_t unsent_bytes_max = 0;
  };

  SocketChannel(SocketSinkPtr sink, const Limits& limits)
      : sink_(std::move(sink)), limits_(limits) {}

  void on_first_result(live::SubscriptionId subscription,
                       const Result<live::SharedText>& json) override {
    const std::optional<std::string> id =
        json ? note_result(subscription, (*json)->size()) : wire_id_of(subscription);
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
      if (auto id = note_result(update.subscription, update.json->size()))
        named.push_back({.id = *std::move(id), .json = update.json, .is_late = update.is_late});
    }
    if (!named.empty() && !closed_) sink_->push(encode_updates(named));
  }

  bool ready() const override { return sink_->queued_bytes() < limits_.unsent_bytes_max; }

  void send(Frame frame) {
    if (!closed_) sink_->send(std::move(frame));
  }

  void close() { closed_ = true; }

  /// A new subscription under a wire id; `replaced` is the one that had it. `bytes`: of the frame
  /// that asked for it. Errors: LimitExceeded, reason "subscriptions" or "subscription_bytes".
  struct Opened {
    live::SubscriptionId subscription;
    std::optional<live::SubscriptionId> replaced;
  };
  Result<Opened> open(const std::string& wire_id, std::size_t bytes) {
    const MutexLock lock(mutex_);
    const auto existing = subscription_by_id_.find(wire_id);
    const bool is_new = existing == subscription_by_id_.end();
    if (is_new && subscription_by_id_.size() >= limits_.subscriptions_max) {
      return Error(ErrorCode::LimitExceeded,
                   "a connection may hold at most " + std::to_string(limits_.subscriptions_max) +
                       " subscriptions",
                   "subscriptions");
    }
    const std::size_t replaced_bytes = is_new ? 0 : bytes_of(existing->second);
    if (held_bytes_ - replaced_bytes + bytes > limits_.held_bytes_max) {
      return Error(ErrorCode::LimitExceeded,
                   "the subscriptions of a connection may hold at most " +
                       std::to_string(limits_.held_bytes_max) +
                       " bytes of arguments and results; unsubscribe from some",
                   "subscription_bytes");
    }
    Opened opened{.subscription = {++last_subscription_}, .replaced = {}};
    if (!is_new) {
      opened.replaced = existing->second;
      drop(existing->second);
    }
    subscription_by_id_.insert_or_assign(wire_id, opened.subscription);
    held_.emplace(opened.subscription, Held{.wire_id = wire_id, .request_bytes = bytes});
    held_bytes_ += bytes;
    return opened;
  }

  std::optional<live::SubscriptionId> take(const std::string& wire_id) {
    const MutexLock lock(mutex_);
    const auto existing = subscription_by_id_.find(wire_id);
    if (existing == subscription_by_id_.end()) return std::nullopt;
    const live::SubscriptionId subscription = existing->second;
    drop(subscription);
    subscription_by_id_.erase(existing);
    return subscription;
  }

  /// Returns those that there were.
  std::vector<live::SubscriptionId> take_all() {
    const MutexLock lock(mutex_);
    std::vector<live::SubscriptionId> taken;
    for (const auto& [subscription, held] : held_)
      taken.push_back(subscription);
    subscription_by_id_.clear();
    held_.clear();
    held_bytes_ = 0;
    return taken;
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
  /// What a subscription keeps in memory, here and in the live engine.
  struct Held {
    std::string wire_id;
    std::size_t request_bytes = 0;
    std::size_t result_bytes = 0;
  };

  std::optional<std::string> wire_id_of(live::SubscriptionId subscription) const {
    const MutexLock lock(mutex_);
    const auto found = held_.find(subscription);
    if (found == held_.end()) return std::nullopt;
    return found->second.wire_id;
  }

  /// Its wire id, if it is still wanted.
  std::optional<std::string> note_result(live::SubscriptionId subscription, std::size_t bytes) {
    const MutexLock lock(mutex_);
    const auto found = held_.find(subscription);
    if (found == held_.end()) return std::nullopt;
    held_bytes_ -= found->second.result_bytes;
    found->second.result_bytes = bytes;
    held_bytes_ += bytes;
    return found->second.wire_id;
  }

  void forget(live::SubscriptionId subscription) {
    const MutexLock lock(mutex_);
    const auto found = held_.find(subscription);
    if (found == held_.end()) return;
    subscription_by_id_.erase(found->second.wire_id);
    drop(subscription);
  }

  [[nodiscard]] std::size_t bytes_of(live::SubscriptionId subscription) const MS_REQUIRES(mutex_) {
    const auto found = held_.find(subscription);
    return found == held_.end() ? 0 : found->second.request_bytes + found->second.result_bytes;
  }

  void drop(live::SubscriptionId subscription) MS_REQUIRES(mutex_) {
    held_bytes_ -= bytes_of(subscription);
    held_.erase(subscription);
  }

  SocketSinkPtr sink_;
  const Limits limits_;
  std::atomic<bool> closed_{false};
  mutable Mutex mutex_;
  std::map<std::string, live::SubscriptionId> subscription_by_id_ MS_GUARDED_BY(mutex_);
  std::map<live::SubscriptionId, Held> held_ MS_GUARDED_BY(mutex_);
  std::size_t held_bytes_ MS_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_subscription_ MS_GUARDED_BY(mutex_) = 0;
};

}  // namespace moonstone::protocol::functions
