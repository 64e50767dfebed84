// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_session.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/version.h"

namespace moonstone::protocol::functions {

namespace {

/// A client id is a UUID; anything much longer is a mistake.
constexpr std::size_t kClientIdBytesMax = 128;

/// The name by which the ledger knows a mutation: 7 and "7" are the same number to it.
std::string ledger_id_of(std::string_view wire_id) {
  const bool is_text = wire_id.size() > 2 && wire_id.front() == '"' && wire_id.back() == '"';
  return std::string(is_text ? wire_id.substr(1, wire_id.size() - 2) : wire_id);
}

}  // namespace

/// The part of a session that others may hold on to: its sink and the names of its subscriptions.
/// Threads: synchronised.
class FunctionSession::Channel final : public live::Subscriber {
 public:
  Channel(SocketSinkPtr sink, const SessionLimits& limits)
      : sink_(std::move(sink)), limits_(limits) {}

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
    std::vector<std::pair<std::string, SharedText>> named;
    named.reserve(updates.size());
    for (const live::Update& update : updates) {
      if (auto id = wire_id_of(update.subscription))
        named.emplace_back(*std::move(id), update.json);
    }
    if (!named.empty()) send(encode_updates(named));
  }

  bool ready() const override { return sink_->queued_bytes() < limits_.unsent_bytes_max; }

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
    if (existing == subscription_by_id_.end() &&
        subscription_by_id_.size() >= limits_.subscriptions_max) {
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
  SessionLimits limits_;
  std::atomic<bool> closed_{false};
  mutable Mutex mutex_;
  std::map<std::string, live::SubscriptionId> subscription_by_id_ MS_GUARDED_BY(mutex_);
  std::map<live::SubscriptionId, std::string> id_by_subscription_ MS_GUARDED_BY(mutex_);
  std::uint64_t last_subscription_ MS_GUARDED_BY(mutex_) = 0;
};

FunctionSession::FunctionSession(FunctionHost& host,
                                 SocketSinkPtr sink,
                                 const SessionLimits& limits,
                                 engine::Session session)
    : host_(host),
      limits_(limits),
      rate_(limits.messages_per_second),
      identity_(std::move(session)),
      channel_(std::make_shared<Channel>(std::move(sink), limits)) {}

FunctionSession::~FunctionSession() = default;

void FunctionSession::on_text(std::string_view text) {
  auto decoded = decode_client_message(text);
  if (!decoded) {
    if (decoded.error().code() == ErrorCode::LimitExceeded) send_error("", decoded.error());
    return;  // not a frame of this protocol: ignored, the connection stays open
  }
  ClientMessage& message = *decoded;
  if (message.kind == MessageKind::Ping) {
    channel_->send(encode_pong());
    return;
  }
  if (!rate_.admit(host_.options().clock->monotonic())) {
    channel_->send(encode_error(message.id, "rate_limited", "Too many requests — slow down"));
    return;
  }
  switch (message.kind) {
    case MessageKind::Query:
      return start_query(std::move(message));
    case MessageKind::Mutation:
      return start_mutation(std::move(message));
    case MessageKind::Action:
      return refuse_action(message);
    case MessageKind::Unsubscribe:
      if (const auto subscription = channel_->take(message.id)) {
        host_.live().unsubscribe(channel_, *subscription);
      }
      return;
    case MessageKind::Hello:
      return greet(message);
    case MessageKind::Auth:
      return send_error(message.id, Error(ErrorCode::Unimplemented,
                                          "this server has no authentication configured"));
    case MessageKind::Ping:
    case MessageKind::Unknown:
      return;
  }
}

void FunctionSession::start_query(ClientMessage message) {
  auto call = host_.prepare(message.function, std::move(message.args), runtime::FunctionKind::Query,
                            Caller::Client);
  if (!call) return send_error(message.id, call.error());
  const auto opened = channel_->open(message.id);
  if (!opened) {
    return send_error(message.id,
                      Error(ErrorCode::LimitExceeded,
                            "a connection may hold at most " +
                                std::to_string(limits_.subscriptions_max) + " subscriptions",
                            "subscriptions"));
  }
  if (opened->replaced) host_.live().unsubscribe(channel_, *opened->replaced);
  host_.live().subscribe(channel_, opened->subscription, host_.live_query(*call, identity_));
}

void FunctionSession::start_mutation(ClientMessage message) {
  auto call = host_.prepare(message.function, std::move(message.args),
                            runtime::FunctionKind::Mutation, Caller::Client);
  if (!call) return send_error(message.id, call.error());
  host_.mutate(
      *std::move(call), identity_, ledger_id_of(message.id),
      [channel = channel_, id = message.id,
       &live = host_.live()](Result<engine::MutationOutcome> outcome) {
        if (!outcome) {
          channel->send(encode_error(id, wire_code_of(outcome.error()), outcome.error().message()));
          return;
        }
        Frame reply = encode_mutation_result(id, outcome->result_json);
        if (!channel->has_subscriptions()) return channel->send(std::move(reply));
        live.when_delivered(
            channel, outcome->version,
            [channel, reply = std::move(reply)]() mutable { channel->send(std::move(reply)); });
      });
}

void FunctionSession::refuse_action(const ClientMessage& message) {
  auto call =
      host_.prepare(message.function, Value(), runtime::FunctionKind::Action, Caller::Client);
  if (!call && call.error().reason() != "validation") return send_error(message.id, call.error());
  send_error(
      message.id,
      Error(ErrorCode::Unimplemented,
            "actions are not available in this version of Moonstone; use a mutation, or call "
            "the other service from your own server",
            "actions"));
}

void FunctionSession::greet(const ClientMessage& message) {
  if (message.client.empty() || message.client.size() > kClientIdBytesMax) {
    return send_error(message.id, Error(ErrorCode::InvalidArgument,
                                        "hello needs a client id of 1 to 128 characters"));
  }
  identity_.client = message.client;
  channel_->send(encode_hello(version()));
}

void FunctionSession::send_error(std::string_view id, const Error& error) {
  channel_->send(encode_error(id, wire_code_of(error), error.message()));
}

void FunctionSession::send_reset() {
  channel_->forget_all();
  channel_->send(encode_reset());
}

void FunctionSession::on_writable() {
  host_.live().resume(channel_);
}

void FunctionSession::on_closed() {
  channel_->close();
  host_.live().remove(channel_);
}

}  // namespace moonstone::protocol::functions
