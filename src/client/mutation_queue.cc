// Moonstone. Licence: see LICENSE.
#include "client/mutation_queue.h"

#include <string>
#include <utility>

#include "client/frames.h"

namespace moonstone::client {

void MutationQueue::add(CallRequest request) {
  waiting_.push_back(
      std::make_unique<Call>(timers_, std::to_string(++last_id_), std::move(request)));
  pump();
}

void MutationQueue::connection_opened() {
  is_open_ = true;
  pump();
}

void MutationQueue::server_greeted() {
  server_remembers_ = true;
  pump();
}

void MutationQueue::connection_lost() {
  is_open_ = false;
  server_remembers_ = false;
  is_underway_ = false;
  if (!waiting_.empty()) waiting_.front()->timer.cancel();
}

void MutationQueue::release() {
  is_held_ = false;
  pump();
}

bool MutationQueue::settle(std::string_view id, Outcome<std::string> answer) {
  if (waiting_.empty() || waiting_.front()->id != id) return false;
  if (!answer && answer.error().code == kRateLimited) {
    // The server refused to look at it, so it is as if it had not been sent.
    waiting_.front()->timer.set(kRateLimitedRetry, [this] { send_head(); });
    return true;
  }
  const std::unique_ptr<Call> head = take_head();
  head->request.on_answer(std::move(answer));
  pump();
  return true;
}

void MutationQueue::fail_all(const Failure& failure) {
  const auto waiting = std::exchange(waiting_, {});
  is_underway_ = false;
  for (const auto& call : waiting) {
    outbox_.cancel(call->id);
    call->timer.cancel();
    call->request.on_answer(std::unexpected(failure));
  }
}

void MutationQueue::pump() {
  if (waiting_.empty() || !is_open_ || is_underway_) return;
  Call& head = *waiting_.front();
  if (!is_held_ && (server_remembers_ || !head.was_sent)) return send_head();
  // It waits for a word of the server, which may never come.
  if (!head.timer.is_set()) head.timer.set(timeout_, [this] { give_up_on_head(); });
}

void MutationQueue::send_head() {
  is_underway_ = true;
  Call& head = *waiting_.front();
  head.timer.cancel();
  outbox_.cancel(head.id);
  std::string text = call_frame({.type = "mutation",
                                 .id = head.id,
                                 .function = head.request.function,
                                 .arguments = head.request.arguments});
  // The outbox gives the message up before the call ends, so the call is there.
  const auto on_sent = [this, call = &head] {
    call->was_sent = true;
    call->timer.set(timeout_, [this] { give_up_on_head(); });
  };
  outbox_.push({.id = head.id, .text = std::move(text), .on_sent = on_sent}, Lane::Call);
}

void MutationQueue::give_up_on_head() {
  const std::unique_ptr<Call> head = take_head();
  head->request.on_answer(std::unexpected(timeout_failure("mutation", *head)));
  pump();
}

std::unique_ptr<Call> MutationQueue::take_head() {
  std::unique_ptr<Call> head = std::move(waiting_.front());
  waiting_.pop_front();
  is_underway_ = false;
  outbox_.cancel(head->id);
  head->timer.cancel();
  return head;
}

}  // namespace moonstone::client
