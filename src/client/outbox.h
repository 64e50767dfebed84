// Moonstone. Licence: see LICENSE.
#pragma once
// Outbox: sends messages in order, at most so many in any second, because the server drops what is
// beyond its own limit.
//
// Renewals (subscriptions of an earlier connection) go first, so that a call finds its
// subscriptions in place; where they are too many for one burst, the two take turns: a thousand
// subscriptions must not hold up a call for half a minute. Threads: confined to the client's loop.

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "client/timers.h"

namespace moonstone::client {

enum class Lane : unsigned char { Call, Renewal };

struct OutgoingMessage {
  std::string id;  // empty: none; see Outbox::cancel
  std::string text;
  std::function<void()> on_sent = nullptr;
};

class Outbox {
 public:
  using Transmit = std::function<void(std::string text)>;

  /// `per_second` 0: no limit.
  Outbox(Timers& timers, std::size_t per_second, Transmit transmit);

  /// Queues; flush() sends.
  void push(OutgoingMessage message, Lane lane);
  /// Takes back the message with this id if it waits for its turn; returns whether it did.
  /// Cost: O(messages that wait).
  bool cancel(std::string_view id);
  /// Forgets everything, for a new connection.
  void clear();
  /// Sends what may go now; the rest follows by itself.
  void flush();

 private:
  using Queue = std::deque<OutgoingMessage>;
  /// The lane whose turn it is.
  Queue& next_queue();
  [[nodiscard]] bool is_over_limit();

  Timers& timers_;
  const std::size_t per_second_;
  Transmit transmit_;
  Queue calls_;
  Queue renewals_;
  std::deque<Timers::Time> sent_at_;  // within the last second
  bool is_turn_of_renewals_ = true;
  Timer timer_;
};

}  // namespace moonstone::client
