// Moonstone. Licence: see LICENSE.
#include "client/outbox.h"

#include <utility>

namespace moonstone::client {
namespace {

/// Longer than the second that the server counts: what is sent apart may arrive closer.
constexpr std::chrono::milliseconds kWindow{1200};

/// The part of a burst that renewals may fill before calls get their turn.
constexpr std::size_t kRenewalsFirstPercent = 75;

}  // namespace

Outbox::Outbox(Timers& timers, Limits limits, Transmit transmit, OnTooLong on_too_long)
    : timers_(timers),
      limits_(limits),
      transmit_(std::move(transmit)),
      on_too_long_(std::move(on_too_long)),
      timer_(timers) {}

void Outbox::push(OutgoingMessage message, Lane lane) {
  (lane == Lane::Call ? calls_ : renewals_).push_back(std::move(message));
}

bool Outbox::cancel(std::string_view id) {
  const auto has_id = [id](const OutgoingMessage& message) { return message.id == id; };
  return std::erase_if(calls_, has_id) + std::erase_if(renewals_, has_id) > 0;
}

void Outbox::clear() {
  calls_.clear();
  renewals_.clear();
  sent_at_.clear();
  timer_.cancel();
}

void Outbox::flush() {
  if (timer_.is_set()) return;
  while (!calls_.empty() || !renewals_.empty()) {
    if (is_over_limit()) {
      const auto wait = sent_at_.front() + kWindow - timers_.now();
      return timer_.set(wait, [this] { flush(); });
    }
    Queue& queue = next_queue();
    OutgoingMessage message = std::move(queue.front());
    queue.pop_front();
    if (limits_.bytes_max > 0 && message.text.size() > limits_.bytes_max) {
      on_too_long_(message.id, message.text.size());
      continue;
    }
    if (limits_.per_second > 0) sent_at_.push_back(timers_.now());
    transmit_(std::move(message.text));
    if (message.on_sent) message.on_sent();
  }
}

bool Outbox::is_over_limit() {
  if (limits_.per_second == 0) return false;
  const Timers::Time begin = timers_.now() - kWindow;
  while (!sent_at_.empty() && sent_at_.front() <= begin)
    sent_at_.pop_front();
  return sent_at_.size() >= limits_.per_second;
}

Outbox::Queue& Outbox::next_queue() {
  if (calls_.empty()) return renewals_;
  if (renewals_.empty()) return calls_;
  const bool is_first_burst = sent_at_.size() * 100 < limits_.per_second * kRenewalsFirstPercent;
  const bool renew = limits_.per_second == 0 || is_first_burst || is_turn_of_renewals_;
  is_turn_of_renewals_ = !renew;
  return renew ? renewals_ : calls_;
}

}  // namespace moonstone::client
