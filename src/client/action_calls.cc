// Moonstone. Licence: see LICENSE.
#include "client/action_calls.h"

#include <optional>
#include <utility>
#include <vector>

#include "client/frames.h"

namespace moonstone::client {
namespace {

constexpr char kIdKind = 'a';

Failure lost_failure(const Call& call) {
  return {
      .code = "connection_lost",
      .message = "Connection lost: action " + call.request.function + " was sent and may have run"};
}

}  // namespace

void ActionCalls::add(CallRequest request) {
  const std::uint64_t number = ++last_number_;
  auto& call = calls_[number];
  call = std::make_unique<Call>(timers_, make_id(kIdKind, number), std::move(request));
  if (is_open_) send(*call);
}

void ActionCalls::connection_opened() {
  is_open_ = true;
  for (const auto& [number, call] : calls_)
    send(*call);
}

void ActionCalls::connection_lost() {
  is_open_ = false;
  std::vector<std::unique_ptr<Call>> lost;
  for (auto place = calls_.begin(); place != calls_.end();) {
    const auto current = place++;
    current->second->timer.cancel();
    if (current->second->was_sent) lost.push_back(take(current));
  }
  for (const auto& call : lost)
    call->request.on_answer(std::unexpected(lost_failure(*call)));
}

bool ActionCalls::settle(std::string_view id, Outcome<std::string> answer) {
  const auto place = find(id);
  if (place == calls_.end()) return false;
  Call& call = *place->second;
  if (!answer && answer.error().code == kRateLimited) {
    // The server refused to look at it, so it is as if it had not been sent.
    call.was_sent = false;
    call.timer.set(kRateLimitedRetry, [this, &call] { send(call); });
    return true;
  }
  const std::unique_ptr<Call> taken = take(place);
  taken->request.on_answer(std::move(answer));
  return true;
}

void ActionCalls::fail_all(const Failure& failure) {
  while (!calls_.empty()) {
    const std::unique_ptr<Call> call = take(calls_.begin());
    call->request.on_answer(std::unexpected(failure));
  }
}

void ActionCalls::send(Call& call) {
  call.timer.cancel();
  outbox_.cancel(call.id);
  std::string text = call_frame({.type = "action",
                                 .id = call.id,
                                 .function = call.request.function,
                                 .arguments = call.request.arguments});
  // The outbox gives the message up before the call ends, so the call is there.
  const auto on_sent = [this, &call] {
    call.was_sent = true;
    call.timer.set(timeout_, [this, &call] {
      const std::unique_ptr<Call> late = take(find(call.id));
      late->request.on_answer(std::unexpected(timeout_failure("action", *late)));
    });
  };
  outbox_.push({.id = call.id, .text = std::move(text), .on_sent = on_sent}, Lane::Call);
}

std::unique_ptr<Call> ActionCalls::take(Calls::iterator place) {
  std::unique_ptr<Call> call = std::move(place->second);
  calls_.erase(place);
  outbox_.cancel(call->id);
  call->timer.cancel();
  return call;
}

ActionCalls::Calls::iterator ActionCalls::find(std::string_view id) {
  const std::optional<std::uint64_t> number = number_of(id, kIdKind);
  return number ? calls_.find(*number) : calls_.end();
}

}  // namespace moonstone::client
