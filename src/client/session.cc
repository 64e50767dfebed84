// Moonstone. Licence: see LICENSE.
#include "client/session.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace moonstone::client {
namespace {

constexpr char kAuthIdKind = 'i';

Failure closed_failure() {
  return {.code = "client_closed", .message = "The client was closed"};
}

/// A random UUID (version 4).
std::string make_client_id(Random& random) {
  std::string bytes;
  for (int half = 0; half < 2; ++half) {
    const std::uint64_t drawn = random.next();
    for (unsigned shift = 0; shift < 64; shift += 8)
      bytes += static_cast<char>((drawn >> shift) & 0xFFU);
  }
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  std::string id = to_hex(bytes);
  for (const std::size_t place : {20U, 16U, 12U, 8U})
    id.insert(place, "-");
  return id;
}

}  // namespace

Session::Session(SessionHost& host, Clock& clock, Random& random, Options options)
    : host_(host),
      random_(random),
      options_(std::move(options)),
      client_id_(make_client_id(random)),
      token_(options_.token),
      timers_(clock),
      outbox_(
          timers_,
          {.per_second = options_.messages_per_second, .bytes_max = options_.sent_bytes_max},
          [this](std::string text) { host_.send(std::move(text)); },
          [this](const std::string& id, std::size_t bytes) { too_long(id, bytes); }),
      subscriptions_(timers_, outbox_),
      mutations_(timers_, outbox_, options_.request_timeout),
      actions_(timers_, outbox_, options_.request_timeout),
      last_heard_(timers_.now()),
      retry_timer_(timers_),
      connect_timer_(timers_),
      heartbeat_timer_(timers_),
      token_timer_(timers_) {}

void Session::wake() {
  if (is_closed_ || state_ != State::Disconnected) return;
  attempts_ = 0;
  connect();
}

void Session::close() {
  if (is_closed_) return;
  is_closed_ = true;
  host_.close_socket(SessionHost::End::Goodbye);
  retry_timer_.cancel();
  connect_timer_.cancel();
  heartbeat_timer_.cancel();
  token_timer_.cancel();
  outbox_.clear();
  subscriptions_.connection_lost();
  state_ = State::Disconnected;
  fail_all(closed_failure());
}

void Session::set_token(std::string token) {
  token_timer_.cancel();
  token_ = std::move(token);
  if (is_closed_ || state_ != State::Connected) return;  // the next hello tells it
  awaits_token_ = true;
  mutations_.hold();
  const std::string id = make_id(kAuthIdKind, ++last_auth_);
  outbox_.push({.id = id, .text = auth_frame(id, token_)}, Lane::Renewal);
}

void Session::subscribe(SubscriberId id, QueryText query, Subscriptions::OnResult on_result) {
  if (is_closed_) return on_result(std::unexpected(closed_failure()));
  wake_if_given_up();
  subscriptions_.add(id, std::move(query), std::move(on_result), Subscriptions::Accepts::OldResult);
}

void Session::unsubscribe(SubscriberId id) {
  subscriptions_.remove(id);
}

void Session::call(CallKind kind, CallRequest request) {
  if (is_closed_) return request.on_answer(std::unexpected(closed_failure()));
  if (queries_.size() + mutations_.size() + actions_.size() >= options_.waiting_calls_max) {
    return request.on_answer(std::unexpected(Failure{
        .code = "limit_exceeded",
        .message = "Too many calls wait for an answer (waiting_calls_max): wait for some"}));
  }
  wake_if_given_up();
  switch (kind) {
    case CallKind::Query:
      return query_once(std::move(request));
    case CallKind::Mutation:
      return mutations_.add(std::move(request));
    case CallKind::Action:
      return actions_.add(std::move(request));
  }
}

std::optional<Timers::Time> Session::end_turn() {
  for (const SubscriberId id : std::exchange(answered_queries_, {}))
    subscriptions_.remove(id);
  if (state_ == State::Connected) outbox_.flush();
  return timers_.next();
}

// --- connection ---------------------------------------------------------------------------------

void Session::wake_if_given_up() {
  if (!retry_timer_.is_set()) wake();
}

void Session::connect() {
  retry_timer_.cancel();
  connect_timer_.set(options_.connect_timeout, [this] { lost("no connection in time"); });
  change_state(State::Connecting, "");
  host_.open_socket();
}

void Session::opened() {
  connect_timer_.cancel();
  attempts_ = 0;
  last_heard_ = timers_.now();
  if (options_.heartbeat_interval.count() > 0) {
    heartbeat_timer_.set(options_.heartbeat_interval, [this] { beat(); });
  }
  change_state(State::Connected, "");
  outbox_.push({.id = {}, .text = hello_frame(client_id_, token_)}, Lane::Renewal);
  awaits_token_ = false;
  if (token_.empty()) {
    mutations_.release();
  } else {
    mutations_.hold();  // should the token be refused, they would run for nobody
  }
  subscriptions_.connection_opened();
  mutations_.connection_opened();
  actions_.connection_opened();
  for (const auto& [id, query] : queries_)
    time_query(id, *query);
}

void Session::beat() {
  if (timers_.now() - last_heard_ > 2 * options_.heartbeat_interval) {
    return lost("the server has gone silent");
  }
  // Past the outbox: it does not count against the limit.
  host_.send(std::string(kPingFrame));
  heartbeat_timer_.set(options_.heartbeat_interval, [this] { beat(); });
}

void Session::lost(const std::string& why) {
  if (is_closed_ || state_ == State::Disconnected) return;
  host_.close_socket(SessionHost::End::GiveUp);
  connect_timer_.cancel();
  heartbeat_timer_.cancel();
  token_timer_.cancel();
  outbox_.clear();
  const auto delay = next_delay();
  if (delay) retry_timer_.set(*delay, [this] { connect(); });
  change_state(State::Disconnected, why);
  subscriptions_.connection_lost();
  mutations_.connection_lost();
  actions_.connection_lost();
  for (const auto& [id, query] : queries_)
    query->timer.cancel();
  if (!delay) fail_all({.code = "connection_lost", .message = "Connection lost: " + why});
}

void Session::change_state(State state, const std::string& why) {
  if (state_ == state) return;
  state_ = state;
  host_.state_changed(state, why);
}

std::optional<std::chrono::milliseconds> Session::next_delay() {
  if (attempts_ >= options_.backoff_attempts_max) return std::nullopt;
  // From 0.5 to 1.5, so that many clients do not come back at once.
  const double spread = 0.5 + static_cast<double>(random_.next() >> 11U) * 0x1p-53;
  // Twenty doublings are beyond every sensible maximum.
  const auto doubled =
      static_cast<double>(std::uint64_t{1} << std::min<std::size_t>(attempts_, 20));
  attempts_ += 1;
  const double delay = static_cast<double>(options_.backoff_base.count()) * doubled * spread;
  const auto longest = static_cast<double>(options_.backoff_max.count());
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(delay, longest)));
}

void Session::fail_all(const Failure& failure) {
  mutations_.fail_all(failure);
  actions_.fail_all(failure);
  while (!queries_.empty())
    answer_query(queries_.begin()->first, std::unexpected(failure));
}

// --- frames -------------------------------------------------------------------------------------

void Session::received(std::string_view text) {
  if (state_ != State::Connected) return;
  last_heard_ = timers_.now();
  const std::optional<ServerFrame> frame = read_frame(text);
  if (!frame) return;
  const auto answer = [&frame]() -> Outcome<std::string> {
    const std::string_view json = frame->items.front().json;
    return std::string(json.empty() ? "null" : json);
  };
  switch (frame->kind) {
    case FrameKind::Results:
      return subscriptions_.accept(frame->items);
    case FrameKind::MutationResult:
      mutations_.settle(frame->id, answer());
      return;
    case FrameKind::ActionResult:
      actions_.settle(frame->id, answer());
      return;
    case FrameKind::Error:
      return failed(frame->id, {.code = frame->code, .message = frame->message});
    case FrameKind::Auth:
      return identified(*frame);
    case FrameKind::Hello:
      return mutations_.server_greeted();
    case FrameKind::Reset:
      return subscriptions_.reset();
    case FrameKind::Unknown:
      return;
  }
}

// An error for a request that is over needs no word.
void Session::failed(std::string_view id, const Failure& failure) {
  if (token_failed(id, failure) || subscriptions_.fail(id, failure)) return;
  if (!mutations_.settle(id, std::unexpected(failure))) {
    actions_.settle(id, std::unexpected(failure));
  }
}

void Session::too_long(const std::string& id, std::size_t bytes) {
  failed(id, {.code = "message_too_large",
              .message = "The message has " + std::to_string(bytes) +
                         " bytes, more than sent_bytes_max allows"});
}

bool Session::is_newest_token(std::string_view id) const {
  const std::optional<std::uint64_t> number = number_of(id, kAuthIdKind);
  return number ? *number == last_auth_ : !awaits_token_;
}

bool Session::token_failed(std::string_view id, const Failure& failure) {
  const std::optional<std::uint64_t> number = number_of(id, kAuthIdKind);
  if (number && failure.code == kRateLimited) {
    if (*number == last_auth_) {
      token_timer_.set(kRateLimitedRetry, [this] { set_token(std::string(token_)); });
    }
    return true;
  }
  const bool is_about_token = failure.code == "unauthenticated" || failure.code == "unavailable";
  if (!number && !(id.empty() && is_about_token)) return false;
  if (!is_newest_token(id)) return true;
  awaits_token_ = false;
  mutations_.hold();
  host_.identity_changed(std::unexpected(failure));
  subscriptions_.renew_failed();
  return true;
}

void Session::identified(const ServerFrame& frame) {
  if (!is_newest_token(frame.id)) return;
  awaits_token_ = false;
  host_.identity_changed(
      Identity{.is_authenticated = frame.is_authenticated, .expires_in = frame.expires_in});
  subscriptions_.renew_failed();
  mutations_.release();
}

// --- queries that run once ----------------------------------------------------------------------

void Session::query_once(CallRequest request) {
  // Odd, as those of the owner are even.
  const SubscriberId id = 2 * ++last_query_ + 1;
  QueryText text{.function = request.function, .arguments = request.arguments};
  auto& query = queries_[id];
  query = std::make_unique<QueryCall>(timers_, std::move(request));
  if (state_ == State::Connected) time_query(id, *query);
  subscriptions_.add(
      id, std::move(text),
      [this, id](const Outcome<std::string>& outcome) { answer_query(id, outcome); },
      Subscriptions::Accepts::FreshResult);
}

void Session::time_query(SubscriberId id, QueryCall& call) {
  call.timer.set(options_.request_timeout, [this, id] {
    const auto found = queries_.find(id);
    const std::string& function = found->second->request.function;
    answer_query(id, std::unexpected(Failure{.code = "request_timeout",
                                             .message = "Request timed out: query " + function}));
  });
}

void Session::answer_query(SubscriberId id, Outcome<std::string> answer) {
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  const std::unique_ptr<QueryCall> query = std::move(found->second);
  queries_.erase(found);
  answered_queries_.push_back(id);
  query->timer.cancel();
  query->request.on_answer(std::move(answer));
}

}  // namespace moonstone::client
