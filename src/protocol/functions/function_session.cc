// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_session.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "base/version.h"
#include "protocol/functions/mailbox.h"
#include "protocol/functions/messages.h"
#include "protocol/functions/rate_limiter.h"
#include "protocol/functions/socket_channel.h"

namespace moonstone::protocol::functions {

namespace {

/// An alarm for later than this is set again then: tokens may last for longer than the clock can
/// count.
constexpr std::chrono::hours kAlarmMax{24};
/// A client id is a UUID; anything much longer is a mistake.
constexpr std::size_t kClientIdBytesMax = 128;

/// The name by which the ledger knows a mutation: 7 and "7" are the same number to it.
std::string ledger_id_of(std::string_view wire_id) {
  const bool is_text = wire_id.size() > 2 && wire_id.front() == '"' && wire_id.back() == '"';
  return std::string(is_text ? wire_id.substr(1, wire_id.size() - 2) : wire_id);
}

}  // namespace

/// All of a session. What checks of tokens and alarms hold on to.
/// Threads: handle() and what it calls run in the mailbox; the rest is said there.
class FunctionSession::Core final : public std::enable_shared_from_this<Core> {
 public:
  Core(FunctionHost& host, SocketSinkPtr sink, const SessionLimits& limits, SocketCaller who);

  /// Puts the identity of the upgrade into force.
  void start();
  void receive(std::string_view text);  // strand
  void send_reset();                    // any thread
  void on_writable() { host_.live().resume(channel_); }
  void close();  // strand

 private:
  void handle(ClientMessage message);
  void start_query(ClientMessage message);
  void start_mutation(ClientMessage message);
  void start_action(ClientMessage message);
  void greet(const ClientMessage& message);
  void take_token(const ClientMessage& message);
  void take_verdict(const std::string& id, Result<identity::VerifiedToken> verdict);
  void become(Value identity, std::int64_t expires_unix_ms, Frame answer);
  void set_alarm();
  void end_identity_if_due();
  void send_error(std::string_view id, const Error& error);
  void slow_down(std::string_view id);

  FunctionHost& host_;
  const SessionLimits limits_;
  const Caller rights_;
  SocketAuthentication authentication_;
  const std::shared_ptr<SocketChannel> channel_;  // shared with the live engine, pending mutations
  RateLimiter rate_;                              // strand only
  std::stop_source closed_;                       // tells actions that nobody waits any more
  Mailbox mailbox_;
  // Of the mailbox's tasks.
  live::CallerPtr subject_;
  std::int64_t expires_unix_ms_ = 0;  // 0: never
  std::optional<Alarms::Id> alarm_;
};

FunctionSession::Core::Core(FunctionHost& host,
                            SocketSinkPtr sink,
                            const SessionLimits& limits,
                            SocketCaller who)
    : host_(host),
      limits_(limits),
      rights_(who.rights),
      authentication_(std::move(who.authentication)),
      channel_(std::make_shared<SocketChannel>(
          std::move(sink),
          SocketChannel::Limits{.subscriptions_max = limits.subscriptions_max,
                                .held_bytes_max = limits.subscription_bytes_max,
                                .unsent_bytes_max = limits.unsent_bytes_max})),
      rate_(limits.messages_per_second) {
  if (auto& verified = authentication_.verified) {
    who.session.identity = std::move(verified->identity);
    expires_unix_ms_ = verified->expires_unix_ms;
    verified.reset();
  }
  subject_ = live::make_caller(std::move(who.session));
}

void FunctionSession::Core::start() {
  mailbox_.post([this] { set_alarm(); });
}

void FunctionSession::Core::receive(std::string_view text) {
  auto decoded = decode_client_message(text);
  if (!decoded) {
    if (decoded.error().code() == ErrorCode::LimitExceeded) {
      send_error(wire_id_of(text), decoded.error());
    }
    return;  // not a frame of this protocol: ignored, the connection stays open
  }
  ClientMessage& message = *decoded;
  if (message.kind == MessageKind::Ping) {
    channel_->send(encode_pong());
    return;
  }
  if (!rate_.admit(host_.options().clock->monotonic())) {
    host_.count_limit(Error(ErrorCode::LimitExceeded, "too many messages", "messages_per_second"));
    return slow_down(message.id);
  }
  const std::string id = message.id;
  const std::size_t bytes = message.bytes;
  const bool is_taken = mailbox_.post(
      [this, message = std::move(message)]() mutable { handle(std::move(message)); }, bytes);
  if (!is_taken) slow_down(id);
}

void FunctionSession::Core::slow_down(std::string_view id) {
  channel_->send(encode_error(id, "rate_limited", "Too many requests — slow down"));
}

void FunctionSession::Core::handle(ClientMessage message) {
  end_identity_if_due();
  switch (message.kind) {
    case MessageKind::Query:
      return start_query(std::move(message));
    case MessageKind::Mutation:
      return start_mutation(std::move(message));
    case MessageKind::Action:
      return start_action(std::move(message));
    case MessageKind::Unsubscribe:
      if (const auto subscription = channel_->take(message.id)) {
        host_.live().unsubscribe(channel_, *subscription);
      }
      return;
    case MessageKind::Hello:
      return greet(message);
    case MessageKind::Auth:
      return take_token(message);
    case MessageKind::Ping:
    case MessageKind::Unknown:
      return;
  }
}

void FunctionSession::Core::start_query(ClientMessage message) {
  auto call = host_.prepare(message.function, std::move(message.args), runtime::FunctionKind::Query,
                            rights_);
  if (!call) return send_error(message.id, call.error());
  const auto opened = channel_->open(message.id, message.bytes);
  if (!opened) {
    // The error stands for the id: what was subscribed under it before goes, too.
    if (const auto former = channel_->take(message.id)) host_.live().unsubscribe(channel_, *former);
    host_.count_limit(opened.error());
    return send_error(message.id, opened.error());
  }
  if (opened->replaced) host_.live().unsubscribe(channel_, *opened->replaced);
  host_.live().subscribe(channel_, opened->subscription, host_.live_query(*call, subject_));
}

void FunctionSession::Core::start_mutation(ClientMessage message) {
  auto call = host_.prepare(message.function, std::move(message.args),
                            runtime::FunctionKind::Mutation, rights_);
  if (!call) return send_error(message.id, call.error());
  call->bytes = message.bytes;
  host_.mutate(
      *std::move(call), subject_->session(), ledger_id_of(message.id),
      [channel = channel_, id = message.id,
       &live = host_.live()](Result<engine::MutationOutcome> outcome) {
        if (!outcome) {
          channel->send(encode_error(id, wire_code_of(outcome.error()), outcome.error().message()));
          return;
        }
        std::optional<std::string>& json = outcome->result_json;
        if (!channel->has_subscriptions()) {
          return channel->send(encode_mutation_result(id, json, {}));
        }
        live.when_delivered(
            channel, outcome->version,
            [channel, id, json = std::move(json)](std::span<const live::SubscriptionId> late) {
              channel->send(encode_mutation_result(id, json, channel->wire_ids_of(late)));
            });
      });
}

void FunctionSession::Core::start_action(ClientMessage message) {
  FunctionCall call{.function = std::move(message.function),
                    .args = std::move(message.args),
                    .kind = runtime::FunctionKind::Action,
                    .caller = rights_,
                    .session = subject_->session(),
                    .cancelled = closed_.get_token()};
  host_.call(std::move(call), [channel = channel_, id = std::move(message.id),
                               &host = host_](const Result<FunctionResult>& result) {
    if (!result) {
      const Error& error = result.error();
      channel->send(encode_error(id, wire_code_of(error), error.message()));
      return;
    }
    Frame reply = encode_action_result(id, result->value_or(nullptr));
    if (!channel->has_subscriptions()) return channel->send(std::move(reply));
    // What its mutations changed is shown before it.
    host.live().when_delivered(channel, host.database().version(),
                               [channel, reply = std::move(reply)](
                                   std::span<const live::SubscriptionId> /*late*/) mutable {
                                 channel->send(std::move(reply));
                               });
  });
}

void FunctionSession::Core::greet(const ClientMessage& message) {
  if (message.client.empty() || message.client.size() > kClientIdBytesMax) {
    return send_error(message.id, Error(ErrorCode::InvalidArgument,
                                        "hello needs a client id of 1 to 128 characters"));
  }
  engine::Session session = subject_->session();
  session.client = message.client;
  subject_ = live::make_caller(std::move(session));
  channel_->send(encode_hello(version()));
  if (message.token) take_token(message);
}

void FunctionSession::Core::take_token(const ClientMessage& message) {
  if (!message.token) {
    return send_error(message.id, Error(ErrorCode::InvalidArgument,
                                        "auth needs a token, or null to have no identity"));
  }
  if (message.token->empty()) return become(Value(), 0, encode_auth(message.id, std::nullopt));
  if (authentication_.authentication == nullptr) {
    return take_verdict(
        message.id, Error(ErrorCode::Unauthenticated, "tokens are not taken on this connection"));
  }
  mailbox_.suspend();
  authentication_.authentication->verify(
      *message.token,
      [core = shared_from_this(), id = message.id](Result<identity::VerifiedToken> verdict) {
        core->mailbox_.resume([core = core.get(), id, verdict = std::move(verdict)]() mutable {
          core->take_verdict(id, std::move(verdict));
        });
      });
}

void FunctionSession::Core::take_verdict(const std::string& id,
                                         Result<identity::VerifiedToken> verdict) {
  if (verdict) {
    const std::int64_t now = host_.options().clock->unix_ms();
    Frame answer = encode_auth(id, verdict->expires_unix_ms - now);
    return become(std::move(verdict->identity), verdict->expires_unix_ms, std::move(answer));
  }
  const Error& error = verdict.error();
  Frame refusal = encode_error(id, token_refusal_code(error), error.message());
  // Keys that cannot be fetched are nobody's fault: who was known stays known.
  if (error.code() != ErrorCode::Unauthenticated) return channel_->send(std::move(refusal));
  // Never go on as the former user for somebody who tried to be another one.
  become(Value(), 0, std::move(refusal));
}

/// From now on frames and subscriptions are of that identity. `answer` is sent when nothing for the
/// former one can follow.
void FunctionSession::Core::become(Value identity, std::int64_t expires_unix_ms, Frame answer) {
  engine::Session session = subject_->session();
  session.identity = std::move(identity);
  subject_ = live::make_caller(std::move(session));
  expires_unix_ms_ = expires_unix_ms;
  set_alarm();
  host_.live().change_caller(channel_, subject_,
                             [channel = channel_, answer = std::move(answer)]() mutable {
                               channel->send(std::move(answer));
                             });
}

void FunctionSession::Core::set_alarm() {
  if (authentication_.authentication == nullptr) return;
  Alarms& alarms = authentication_.authentication->alarms();
  if (alarm_) alarms.cancel(*std::exchange(alarm_, std::nullopt));
  if (expires_unix_ms_ == 0) return;
  const std::chrono::milliseconds left(
      std::min<std::int64_t>(expires_unix_ms_ - host_.options().clock->unix_ms(),
                             std::chrono::milliseconds(kAlarmMax).count()));
  alarm_ = alarms.set(std::chrono::steady_clock::now() + left, [weak = weak_from_this()] {
    const auto core = weak.lock();
    if (!core) return;
    core->mailbox_.post([core = core.get()] {
      core->end_identity_if_due();
      core->set_alarm();  // again if the clocks differ a little, or there is much time left
    });
  });
}

void FunctionSession::Core::end_identity_if_due() {
  if (expires_unix_ms_ == 0) return;
  if (host_.options().clock->unix_ms() < expires_unix_ms_) return;
  become(Value(), 0,
         encode_error("", "unauthenticated",
                      "the token has expired, and with it the identity of this connection; send a "
                      "fresh one with {\"type\":\"auth\",\"token\":..}"));
}

void FunctionSession::Core::send_error(std::string_view id, const Error& error) {
  channel_->send(encode_error(id, wire_code_of(error), error.message()));
}

void FunctionSession::Core::send_reset() {
  // Between two frames: one that came after the live engine was cleared has subscribed by then.
  const auto tell = [this] {
    for (const live::SubscriptionId subscription : channel_->take_all())
      host_.live().unsubscribe(channel_, subscription);
    channel_->send(encode_reset());
  };
  if (!mailbox_.post(tell)) tell();
}

void FunctionSession::Core::close() {
  channel_->close();
  closed_.request_stop();
  mailbox_.close([this] {
    expires_unix_ms_ = 0;
    set_alarm();
    host_.live().remove(channel_);
  });
}

FunctionSession::FunctionSession(FunctionHost& host,
                                 SocketSinkPtr sink,
                                 const SessionLimits& limits,
                                 SocketCaller who)
    : core_(std::make_shared<Core>(host, std::move(sink), limits, std::move(who))) {
  core_->start();
}

FunctionSession::~FunctionSession() = default;

void FunctionSession::on_text(std::string_view text) {
  core_->receive(text);
}

void FunctionSession::on_writable() {
  core_->on_writable();
}

void FunctionSession::on_closed() {
  core_->close();
}

void FunctionSession::send_reset() {
  core_->send_reset();
}

}  // namespace moonstone::protocol::functions
