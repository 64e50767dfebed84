// Moonstone. Licence: see LICENSE.
#include "embed/internal/subscriptions.h"

#include <mutex>
#include <span>
#include <utility>

#include "embed/internal/outcome.h"

namespace moonstone::embed {
namespace {

/// Forwards results to a callback until it is closed.
class CallbackSubscriber final : public live::Subscriber {
 public:
  explicit CallbackSubscriber(Database::OnResult on_result) : on_result_(std::move(on_result)) {}

  void on_first_result(live::SubscriptionId /*subscription*/,
                       const Result<live::SharedText>& json) override {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    if (json) {
      on_result_(**json);
    } else {
      on_result_(fail(json.error()));
    }
  }
  void on_updates(std::span<const live::Update> updates, live::Version /*version*/) override {
    const std::lock_guard lock(mutex_);
    for (const live::Update& update : updates) {
      if (!closed_) on_result_(*update.json);
    }
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  std::recursive_mutex mutex_;  // a callback may end its own subscription
  bool closed_ = false;
  Database::OnResult on_result_;
};

class SubscriptionHandle final : public Subscription {
 public:
  SubscriptionHandle(live::LiveQueries& live, std::shared_ptr<CallbackSubscriber> subscriber)
      : live_(live), subscriber_(std::move(subscriber)) {}
  ~SubscriptionHandle() override {
    subscriber_->close();
    live_.remove(subscriber_);
  }

 private:
  live::LiveQueries& live_;
  std::shared_ptr<CallbackSubscriber> subscriber_;  // shared with the live engine
};

}  // namespace

std::unique_ptr<Subscription> subscribe(live::LiveQueries& live,
                                        live::QueryDefinition definition,
                                        Database::OnResult on_result) {
  auto subscriber = std::make_shared<CallbackSubscriber>(std::move(on_result));
  live.subscribe(subscriber, {1}, std::move(definition));
  return std::make_unique<SubscriptionHandle>(live, std::move(subscriber));
}

}  // namespace moonstone::embed
